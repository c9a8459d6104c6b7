import { EventSourceParserStream } from 'eventsource-parser/stream'
import { expect, test, vi } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { addressTo, type Envelope, ephemeral, shareText } from '../../src/core/wire.ts'
import { sseEvent } from '../../src/dialects/sse-text.ts'
import { type BridgeDialect, bridgeResponse } from '../../src/edge/sse-bridge.ts'

/** Writes the number of each event; `poison` is what it cannot write. */
const dialect: BridgeDialect = {
  opened: () => '',
  event({ id, event_type, data }: Envelope) {
    if (event_type === 'poison') throw new RangeError('secret')
    return sseEvent({ id: id ?? undefined, event: event_type, data: JSON.stringify(data) })
  },
  heartbeat: () => '',
  fault: (code, _message, _now, id) =>
    sseEvent({ id: id ?? undefined, event: 'error', data: JSON.stringify({ code }) }),
}

function line(type: string, seq: number): string {
  return addressTo('tab-1', shareText({ ...ephemeral(type, { seq }, 0), id: `n0-${seq}` }))
}

const STATUS = addressTo('tab-1', shareText(ephemeral('connection_status', { cursor: 'n0-0' }, 0)))

/** A reader of a hub that answers each attachment, numbered from 1, with frames and then goes away; null: it has nothing to tell. */
async function scene(answer: (n: number) => readonly string[] | null) {
  const cursors: (string | null)[] = []
  const response = await bridgeResponse({
    connect(cursor) {
      cursors.push(cursor)
      const frames = answer(cursors.length)
      if (frames === null) return Promise.resolve(null)
      const { 0: client, 1: hub } = new WebSocketPair()
      hub.accept()
      for (const frame of frames) hub.send(frame)
      hub.close(1011, 'gone')
      return Promise.resolve(client)
    },
    dialect,
    heartbeatMs: 30_000,
    expiresAt: null,
    commentMs: 30_000,
    retryMs: null,
    signal: new AbortController().signal,
  })
  const read: (string | undefined)[] = []
  const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { id, event, data } of events ?? []) read.push(`${event} ${id} ${data}`)
  return { cursors, read }
}

test('[SB7] an event that cannot be written ends the stream, with an error that leads behind it, and is asked for once', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { cursors, read } = await scene(() => [
    STATUS,
    line('chunk', 1),
    [line('chunk', 2), line('poison', 3), line('chunk', 4)].join('\n'),
    line('chunk', 5),
  ])
  expect(read).toEqual(['chunk n0-1 {"seq":1}', 'chunk n0-2 {"seq":2}', 'error n0-3 {"code":"internal"}'])
  expect(cursors).toEqual([null])
  expect(logged.mock.calls).toEqual([[{ message: 'event not written', name: 'RangeError' }]])
  logged.mockRestore()
})

test('[SB5] a hub that is attached and goes away without a word is given up after so many times', async () => {
  const { cursors, read } = await scene((n) => (n === 1 ? [STATUS, line('chunk', 1)] : [STATUS]))
  expect(read).toEqual(['chunk n0-1 {"seq":1}'])
  expect(cursors).toEqual([null, ...Array.from({ length: LIMITS.reattachTries }, () => 'n0-1')])
})

test('[SB5] one that had something to say each time is attached as often as it goes away', async () => {
  const times = LIMITS.reattachTries + 3
  const { cursors, read } = await scene((n) => (n > times ? null : [STATUS, line('chunk', n)]))
  expect(read).toHaveLength(times)
  expect(cursors).toEqual([null, ...read.map((_, i) => `n0-${i + 1}`)])
})
