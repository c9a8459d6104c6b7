import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attachment } from '../../src/core/connection.ts'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { MemoryLog } from '../../src/core/memory-log.ts'
import { FanOut, SLOW_READER } from '../../src/hub/fan-out.ts'
import { Peer } from '../../src/hub/peer.ts'
import { chunkEvent, everyEvent } from '../support/log-events.ts'
import { type Connected, connected } from '../support/sockets.ts'

interface Running {
  readonly requestId: string
  readonly conversationId: string | null
  readonly target: string | null
}

function scene(running: readonly Running[] = []) {
  const log = new MemoryLog('n1')
  const sent: { id: string; types: readonly string[]; bytes: number }[] = []
  const fanOut = new FanOut({
    log,
    now: () => Date.now(),
    running: () => running,
    sent: (peer, types, bytes) => void sent.push({ id: peer.at.id, types, bytes }),
  })
  const join = (more: Partial<Attachment> = {}): Connected => {
    const one = connected(more)
    fanOut.add(one.peer)
    return one
  }
  const append = (events: readonly LogEvent[]) => fanOut.deliver(log.append(events))
  let n = 0
  /** One event of about so many characters. */
  const say = (chars = 10) => append([chunkEvent(++n, Date.now(), 'x'.repeat(chars))])
  return { log, fanOut, join, append, say, sent }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('delivery', () => {
  it('[FO1] every connection that admits an event gets it, whatever its kind', () => {
    const { join, append } = scene()
    const all = [join(), join({ kind: 'bridge' }), join({ id: 's3' })]
    const others = [
      join({
        filter: {
          channels: ['cost_update'],
          conversation_id: null,
          client_id: 'x',
          progress_every: 5,
          request_id: null,
        },
      }),
      join({
        filter: {
          channels: ['ai_response'],
          conversation_id: 'c9',
          client_id: 'x',
          progress_every: 5,
          request_id: null,
        },
      }),
    ]
    append([chunkEvent(1, 1000), chunkEvent(2, 1000)])
    append([chunkEvent(3, 1000)])
    for (const { socket } of all) expect(socket.seqs).toEqual([1, 2, 3])
    for (const { socket } of others) expect(socket.frames).toEqual([])
  })

  it('[FO1] what is for one client goes to it alone', () => {
    const { join, append } = scene()
    const [mine, other] = [join({ filter: { ...filterOf('mine') } }), join({ filter: filterOf('other') })]
    append([{ ...chunkEvent(1, 1000), target: 'mine' }])
    expect([mine.socket.seqs, other.socket.seqs]).toEqual([[1], []])
  })

  function filterOf(client_id: string): Attachment['filter'] {
    return { channels: ['ai_response'], conversation_id: null, client_id, progress_every: 5, request_id: null }
  }

  it('[FO2] an event is serialised once for all, and not for nobody', () => {
    const { join, fanOut } = scene()
    let serialised = 0
    const event = chunkEvent(1, 1000)
    if (event.type !== 'chunk') throw new Error('no chunk')
    const { chunk, ...rest } = event.data
    const counted: Numbered = {
      seq: 1,
      event: {
        ...event,
        data: {
          ...rest,
          get chunk() {
            serialised += 1
            return chunk
          },
        },
      },
    }
    fanOut.deliver([counted])
    expect(serialised).toBe(0)
    const many = Array.from({ length: 20 }, (_, i) => join({ id: `s${i}`, kind: i % 2 === 0 ? 'socket' : 'bridge' }))
    fanOut.deliver([counted])
    expect(serialised).toBe(1)
    const texts = many.map(({ socket, peer }) => socket.frames[0]?.replace(`"session_id":"${peer.at.id}",`, ''))
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).toContain('"id":"n1-1"')
  })

  it('[FO4] one that is dead, and one that is full, keep nothing from the others', () => {
    const { join, say, fanOut } = scene()
    const [first, dead, full, last] = [join(), join(), join(), join({ kind: 'bridge' })]
    dead.socket.isDead = true
    full.socket.fill()
    for (let i = 0; i < 3; i++) say()
    expect(first.socket.seqs).toEqual([1, 2, 3])
    expect(last.socket.seqs).toEqual([1, 2, 3])
    expect(full.socket.frames).toEqual([])
    expect(dead.peer.closed).toBe(true)
    fanOut.remove(dead.peer)
    expect(fanOut.peers.size).toBe(3)
    fanOut.remove(full.peer)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[CM4] a socket sees who is typing: true after a start, false before an end and after an error; a bridge does not', () => {
    const seen: Record<string, readonly string[]> = {}
    const bridged: string[] = []
    for (const event of everyEvent()) {
      const { join, append } = scene()
      const [socket, bridge] = [join(), join({ kind: 'bridge' })]
      append([event])
      seen[event.type] = socket.socket.envelopes.map(({ event_type, data, id, request_id }) => {
        if (event_type === 'typing_indicator') expect({ id, request_id }).toEqual({ id: null, request_id: 'r1' })
        return event_type === 'typing_indicator' ? `typing ${String(data['is_typing'])}` : event_type
      })
      bridged.push(...bridge.socket.envelopes.map(({ event_type }) => event_type))
    }
    expect(seen).toMatchObject({
      stream_start: ['stream_start', 'typing true'],
      chunk: ['chunk'],
      stream_end: ['typing false', 'stream_end'],
      cancelled: ['typing false', 'stream_end'],
      error: ['error', 'typing false'],
    })
    expect(bridged).not.toContain('typing_indicator')
  })

  it('[CM4] who catches up is told what is being written that it may see', () => {
    const running = [
      { requestId: 'r1', conversationId: 'c1', target: null },
      { requestId: 'r2', conversationId: 'c2', target: null },
      { requestId: 'r3', conversationId: 'c1', target: 'other' },
    ]
    const { join, fanOut, say } = scene(running)
    say()
    const filter = { channels: ['ai_response' as const], client_id: 's1', progress_every: 5, request_id: null }
    const typing = (more: Partial<Attachment>) => {
      const { peer, socket } = join({ behind: 0, ...more })
      fanOut.pump(peer)
      return socket.envelopes.filter(({ event_type }) => event_type === 'typing_indicator').map((one) => one.request_id)
    }
    expect(typing({ filter: { ...filter, conversation_id: null } })).toEqual(['r1', 'r2'])
    expect(typing({ filter: { ...filter, conversation_id: 'c1' } })).toEqual(['r1'])
    expect(typing({ filter: { ...filter, conversation_id: 'c1', client_id: 'other' } })).toEqual(['r1', 'r3'])
    expect(typing({ kind: 'bridge', filter: { ...filter, conversation_id: null } })).toEqual([])
  })

  it('[MO1] what was handed over is counted: events by type, and bytes as they went', () => {
    const { join, append, sent } = scene()
    const { socket } = join({ kind: 'bridge' })
    append([chunkEvent(1, 1000, 'wörd 🌊'), chunkEvent(2, 1000)])
    const bytes = socket.frames.reduce((sum, frame) => sum + new TextEncoder().encode(frame).length, 0)
    expect(sent).toEqual([{ id: 's1', types: ['chunk', 'chunk'], bytes }])
  })
})

describe('a bridge that does not read', () => {
  it('[FO3] gets its window and one frame more at most, then nothing until it has acknowledged', () => {
    const { join, say } = scene()
    const { socket, peer } = join({ kind: 'bridge' })
    for (let i = 0; i < 100; i++) say(16_000)
    const given = socket.frames.reduce((sum, frame) => sum + frame.length, 0)
    expect(given).toBeGreaterThanOrEqual(LIMITS.bridgeWindowBytes)
    expect(given).toBeLessThan(LIMITS.bridgeWindowBytes + 20_000)
    expect(peer.at.behind).toBe(socket.seqs.at(-1))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[FO3] catches up by acknowledging, page by page, and is live again: each event once', () => {
    const { join, say, fanOut } = scene()
    const { socket, peer } = join({ kind: 'bridge' })
    for (let i = 0; i < 300; i++) say(16_000)
    let acked = 0
    for (let rounds = 0; peer.at.behind !== null; rounds++) {
      expect(rounds).toBeLessThan(500)
      const before = socket.frames.length
      fanOut.acknowledged(peer, socket.frames[acked]?.length ?? 0)
      acked += 1
      const page = socket.frames.slice(before).reduce((sum, frame) => sum + frame.length, 0)
      expect(page).toBeLessThan(LIMITS.pageBytes + LIMITS.bridgeAckBytes + 40_000)
    }
    say()
    expect(socket.seqs).toEqual(Array.from({ length: 301 }, (_, i) => i + 1))
    expect(peer.isLive).toBe(true)
  })
})

describe('a socket that does not read', () => {
  it('[FO3] gets nothing while it has 1 MiB unsent, and the rest from the log when it has room', async () => {
    const { join, say } = scene()
    const { socket, peer } = join()
    say()
    socket.fill()
    for (let i = 0; i < 5; i++) say()
    expect(socket.seqs).toEqual([1])
    expect(peer.at.behind).toBe(1)
    socket.bufferedAmount -= 1
    await vi.advanceTimersByTimeAsync(50)
    expect(socket.seqs).toEqual([1, 2, 3, 4, 5, 6])
    expect(peer.isLive).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    say()
    expect(socket.seqs.at(-1)).toBe(7)
  })

  it('[FO3] is closed with 4408 after 30 s without progress, not before', async () => {
    const { join, say } = scene()
    const { socket, peer } = join()
    socket.fill()
    say()
    await vi.advanceTimersByTimeAsync(30_000)
    expect(socket.closes).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    expect(socket.closes).toMatchObject([{ code: 4408 }])
    expect(SLOW_READER).toBe(4408)
    expect(peer.closed).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    say()
    expect(socket.frames).toEqual([])
  })

  it('[FO3] one that takes little by little is not closed', async () => {
    const { join, say } = scene()
    const { socket } = join()
    socket.bufferedAmount = 2 * LIMITS.socketBufferBytes
    say()
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(20_000)
      socket.bufferedAmount -= 1
    }
    expect(socket.closes).toEqual([])
    await vi.advanceTimersByTimeAsync(31_000)
    expect(socket.closes).toHaveLength(1)
  })

  it('[FO3] one that was restored in the middle of a replay has its 30 s too', async () => {
    const { fanOut, say } = scene()
    say()
    const { socket, peer } = connected({ behind: 0 })
    peer.update({})
    const restored = Peer.restore(socket, socket.attachment)
    if (restored === null) throw new Error('not restored')
    socket.fill()
    fanOut.add(restored)
    fanOut.pump(restored)
    await vi.advanceTimersByTimeAsync(25_000)
    expect(socket.closes).toEqual([])
    socket.bufferedAmount = 0
    await vi.advanceTimersByTimeAsync(50)
    expect(socket.seqs).toEqual([1])
  })

  it('[FO3] one that has left is not looked after any more', async () => {
    const { join, say, fanOut } = scene()
    const { socket, peer } = join()
    socket.fill()
    say()
    fanOut.remove(peer)
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(socket.closes).toEqual([])
  })
})
