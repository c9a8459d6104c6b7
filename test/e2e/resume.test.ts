import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hubFacts, trigger } from '../support/client-http.ts'
import { isEnd, LogReader, type Seen, seqOf, type Transport } from '../support/client-reader.ts'
import { embedded, type Server, startServer } from '../support/server.ts'
import { CuttingProxy } from '../support/server-proxy.ts'

let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: { PROVIDERS: embedded({ main: 'tokens_per_second=100&tokens=400&first_token_ms=50' }) },
  })
})
afterAll(() => server.stop())

const OTHER: Record<Transport, Transport> = { sse: 'ws', ws: 'sse' }

/** The whole log of a user as one transport shows it. */
async function wholeLog(transport: Transport, user: string, requests: readonly string[]): Promise<readonly Seen[]> {
  const { epoch } = await hubFacts(server.url, user)
  const reader = await LogReader.open(transport, server.url, user, `${epoch}-0`)
  await reader.untilEnded(requests)
  reader.cut()
  return reader.seen
}

const plain = (events: readonly Seen[]) => events.map(({ id, type, body }) => `${id} ${type} ${body}`)
const textOf = (events: readonly Seen[]) =>
  events.map(({ type, body }) => (type === 'chunk' || type === 'token' ? JSON.parse(body).chunk : '')).join('')

describe.concurrent('a cut in the middle', () => {
  it('[RS1][RS5] cut on one transport and resumed on the other, the union is the log once, in order', async () => {
    const user = 'crossing'
    const cuts = [0, 1, 2, 5, 11, 20, 31, 40]
    const readers = await Promise.all(
      cuts.flatMap((count) =>
        (['ws', 'sse'] as const).map(async (transport) => {
          const reader = await LogReader.open(transport, server.url, user, null)
          return { count, reader }
        }),
      ),
    )
    const request = await trigger(server.url, { prompt: 'cross over', user_id: user })
    const crossed = await Promise.all(
      readers.map(async ({ count, reader: first }) => {
        await first.untilCount(count)
        first.cut()
        const second = await LogReader.open(OTHER[first.transport], server.url, user, first.cursor)
        await second.untilEnded([request])
        second.cut()
        return { first, second }
      }),
    )
    const logs = { ws: await wholeLog('ws', user, [request]), sse: await wholeLog('sse', user, [request]) }
    expect(textOf(logs.ws)).toBe(textOf(logs.sse))
    for (const { first, second } of crossed) {
      const at = seqOf(first.cursor ?? '')
      const expected = [
        ...logs[first.transport].filter(({ id }) => seqOf(id) <= at),
        ...logs[second.transport].filter(({ id }) => seqOf(id) > at),
      ]
      expect(plain([...first.seen, ...second.seen])).toEqual(plain(expected))
      expect(textOf([...first.seen, ...second.seen])).toBe(textOf(logs.ws))
    }
  })

  it('[RS1][RS5] a reader that changes its transport again and again misses nothing', async () => {
    const user = 'hopper'
    let reader = await LogReader.open('sse', server.url, user, null)
    const requests = await Promise.all(
      ['hop', 'skip', 'jump'].map((prompt) => trigger(server.url, { prompt, user_id: user })),
    )
    const seen: Seen[] = []
    const open = new Set(requests)
    while (open.size > 0) {
      await reader.untilEnded(open, 3)
      reader.cut()
      seen.push(...reader.seen)
      for (const event of reader.seen) if (isEnd(event)) open.delete(event.requestId)
      reader = await LogReader.open(OTHER[reader.transport], server.url, user, reader.cursor)
    }
    reader.cut()
    const ids = seen.map(({ id }) => seqOf(id))
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
    const log = await wholeLog('ws', user, requests)
    const inLog = new Map(log.map((event) => [event.id, event.body]))
    for (const { id, type, body } of seen) if (type !== 'progress') expect(inLog.get(id)).toBe(body)
    for (const request of requests) {
      const own = (events: readonly Seen[]) => textOf(events.filter(({ requestId }) => requestId === request))
      expect(own(seen)).toBe(own(log))
    }
  })

  it('[RS1] the `eventsource` package, untouched, loses nothing when its connection is torn at any byte', async () => {
    const user = 'torn'
    const proxies = await Promise.all([11, 12, 13, 14].map((seed) => CuttingProxy.start(server.port, seed, 4)))
    const clients = proxies.map((proxy) => {
      const source = new EventSource(`${proxy.url}/sse/ai-stream?user_id=${user}`)
      const seen: Seen[] = []
      const connected = new Promise((resolve) => source.addEventListener('connection', resolve))
      const ended = new Promise((resolve) => source.addEventListener('stream_complete', resolve))
      for (const type of ['stream_start', 'chunk', 'progress', 'stream_complete', 'stream_error', 'resync']) {
        source.addEventListener(type, ({ data, lastEventId }) => {
          const { client_id: _, ...rest } = JSON.parse(data)
          const name = type === 'stream_complete' ? 'stream_end' : type
          seen.push({ id: lastEventId, type: name, requestId: rest.request_id, body: JSON.stringify(rest), at: 0 })
        })
      }
      return { source, seen, connected, ended }
    })
    await Promise.all(clients.map(({ connected }) => connected))
    const request = await trigger(server.url, {
      prompt: 'tear me',
      user_id: user,
      stream_config: { granularity: 'token' },
    })
    await Promise.all(clients.map(({ ended }) => ended))
    for (const { source } of clients) source.close()
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    const log = await wholeLog('sse', user, [request])
    expect(proxies.map(({ cuts }) => cuts)).toEqual([4, 4, 4, 4])
    for (const { seen } of clients) expect(plain(seen)).toEqual(plain(log))
  })
})
