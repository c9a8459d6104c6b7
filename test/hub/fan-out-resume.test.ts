import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Attachment } from '../../src/core/connection.ts'
import { admits } from '../../src/core/filter.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { MemoryLog } from '../../src/core/memory-log.ts'
import { FanOut } from '../../src/hub/fan-out.ts'
import { filterArb } from '../support/filter-arb.ts'
import { chunkEvent, everyEvent } from '../support/log-events.ts'
import { type Connected, connected } from '../support/sockets.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})

afterEach(() => {
  vi.useRealTimers()
})

const eventArb = fc.oneof(
  fc
    .record({ chars: fc.constantFrom(5, 5, 20_000, 90_000) })
    .map(({ chars }) => chunkEvent(1, 1000, 'x'.repeat(chars))),
  fc
    .record({
      which: fc.nat(7),
      conversation_id: fc.constantFrom(null, 'c1', 'c2'),
      target: fc.constantFrom(null, null, 'tab-1', 'tab-2'),
    })
    .map(({ which, ...more }) => everyEvent(more)[which] ?? chunkEvent(1, 1000)),
)

type Act =
  | { readonly do: 'append'; readonly events: readonly ReturnType<typeof chunkEvent>[] }
  | {
      readonly do: 'join'
      readonly kind: Attachment['kind']
      readonly back: number | null
      readonly filter: Attachment['filter']
    }
  | { readonly do: 'ack'; readonly who: number; readonly frames: number }
  | { readonly do: 'buffer'; readonly who: number; readonly bytes: number }
  | { readonly do: 'wait'; readonly ms: number }

const actArb: fc.Arbitrary<Act> = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant('append' as const), events: fc.array(eventArb, { maxLength: 4 }) }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      kind: fc.constantFrom('socket' as const, 'bridge' as const),
      back: fc.option(fc.nat(20)),
      filter: filterArb,
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ do: fc.constant('ack' as const), who: fc.nat(3), frames: fc.nat(6) }), weight: 4 },
  {
    arbitrary: fc.record({
      do: fc.constant('buffer' as const),
      who: fc.nat(3),
      bytes: fc.constantFrom(0, 1000, LIMITS.socketBufferBytes, 2 * LIMITS.socketBufferBytes),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(400) }), weight: 3 },
)

interface Reader extends Connected {
  /** What it had seen when it came. */
  readonly from: number
  /** Frames that it has acknowledged. */
  acked: number
}

function chars(frames: readonly string[]): number {
  return frames.reduce((sum, frame) => sum + frame.length, 0)
}

it('[RS4] however events, acknowledgements and full sockets fall, each reader gets what it admits: all, once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(actArb, { maxLength: 60 }), async (acts) => {
      const log = new MemoryLog('n1')
      const fanOut = new FanOut({ log, now: () => Date.now(), running: () => [], sent: () => undefined })
      const readers: Reader[] = []
      const ack = (reader: Reader, frames: number): void => {
        const taken = reader.socket.frames.slice(reader.acked, reader.acked + frames)
        reader.acked += taken.length
        if (reader.peer.at.kind === 'bridge') fanOut.acknowledged(reader.peer, chars(taken))
      }
      for (const act of acts) {
        if (act.do === 'append') fanOut.deliver(log.append(act.events))
        else if (act.do === 'wait') await vi.advanceTimersByTimeAsync(act.ms)
        else if (act.do === 'join') {
          const { lastSeq } = log.bounds()
          const from = act.back === null ? lastSeq : Math.max(0, lastSeq - act.back)
          const { kind, filter } = act
          const one = connected({
            kind,
            filter,
            id: `s${readers.length}`,
            from_seq: from,
            behind: act.back === null ? null : from,
          })
          one.peer.progressAt = Date.now()
          fanOut.add(one.peer)
          fanOut.pump(one.peer)
          readers.push({ ...one, from, acked: 0 })
        } else {
          const reader = readers[act.who]
          if (reader === undefined) continue
          if (act.do === 'ack') ack(reader, act.frames)
          else reader.socket.bufferedAmount = act.bytes
        }
        for (const { socket, peer, acked } of readers) {
          if (peer.at.kind !== 'bridge') continue
          // Its window, and the largest frame that could be under way when it filled.
          expect(chars(socket.frames.slice(acked))).toBeLessThan(LIMITS.bridgeWindowBytes + 5 * 100_000)
        }
      }
      for (const reader of readers) {
        reader.socket.bufferedAmount = 0
        for (let rounds = 0; reader.peer.at.kind === 'bridge' && reader.acked < reader.socket.frames.length; rounds++) {
          expect(rounds).toBeLessThan(1000)
          ack(reader, 1)
        }
      }
      await vi.advanceTimersByTimeAsync(200)
      const whole = log.after(0, { events: 1e6, bytes: 1e9 })
      for (const { socket, peer, from } of readers) {
        const admitted = whole.filter(({ seq, event }) => seq > from && admits(peer.at.filter, event))
        expect(socket.closes).toEqual([])
        expect(socket.seqs).toEqual(admitted.map(({ seq }) => seq))
        expect(peer.isLive).toBe(true)
      }
      expect(vi.getTimerCount()).toBe(0)
    }),
    { numRuns: 150 },
  )
})
