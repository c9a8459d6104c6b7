import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompactLog, compactOf } from '../../src/core/compact.ts'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { resultOf } from '../../src/core/result.ts'
import { FINISH, generationOf, logArb } from '../support/generated-log.ts'

/** The logs of the requests of a generated log, each by itself: a long one, or several whose numbers have gaps. */
const requestsArb: fc.Arbitrary<readonly (readonly Numbered[])[]> = fc
  .oneof(logArb(1), logArb(3))
  .map((log) => [...Map.groupBy(log, ({ event }) => event.request_id).values()])

function isText(event: LogEvent): event is Extract<LogEvent, { type: 'chunk' | 'token' }> {
  return event.type === 'chunk' || event.type === 'token'
}

function textOf(events: readonly Numbered[]): string {
  return events.map(({ event }) => (isText(event) ? event.data.chunk : '')).join('')
}

function later(events: readonly Numbered[], seq: number): readonly Numbered[] {
  return events.filter((one) => one.seq > seq)
}

/** Holds something of every request and of every cut of it: what came before the cut, compacted, and what came after. */
function forEachCut(holds: (whole: readonly Numbered[], seen: readonly Numbered[], compact: CompactLog) => void): void {
  fc.assert(
    fc.property(requestsArb, (requests) => {
      for (const whole of requests) {
        for (let k = 0; k <= whole.length; k++) {
          const seen = whole.slice(0, k)
          holds(whole, seen, compactOf(seen))
        }
      }
    }),
  )
}

describe('the compacted log of a request', () => {
  it('[RS9] with what comes after it, it has the whole text, wherever it was cut', () => {
    forEachCut((whole, seen, compact) => {
      expect(textOf(compact.events()) + textOf(whole.slice(seen.length))).toBe(textOf(whole))
      expect(compact.events().at(-1)?.seq).toBe(seen.at(-1)?.seq)
    })
  })

  it('[RS9] a reader of only a part of it goes on in the log after the last event that it got', () => {
    forEachCut((whole, _, compact) => {
      const events = compact.events()
      for (const [i, { seq }] of events.entries()) {
        expect(textOf(events.slice(0, i + 1)) + textOf(later(whole, seq))).toBe(textOf(whole))
      }
    })
  })

  it('[RS9] each event has the number of the last one that it stands for, and says what that said', () => {
    forEachCut((_, seen, compact) => {
      let from = 0
      for (const { seq, event } of compact.events()) {
        const meant = seen.filter((one) => one.seq > from && one.seq <= seq)
        const told = meant.map((one) => one.event).filter(({ type }) => type !== 'progress')
        const last = told.at(-1)
        expect(meant.at(-1)?.seq).toBe(seq)
        if (last === undefined || !isText(last)) expect(told).toEqual([event])
        else {
          expect(told.filter((one) => !isText(one))).toEqual([])
          expect(event).toEqual({ ...last, data: { ...last.data, chunk: textOf(meant) } })
        }
        from = seq
      }
      expect(later(seen, from)).toEqual([])
    })
  })

  it('[RS9] it grows with the parts of the answer: no two stretches of text follow one another, and nothing else is lost', () => {
    forEachCut((_, seen, compact) => {
      const events = compact.events().map(({ event }) => event)
      const others = seen.map(({ event }) => event).filter((event) => !isText(event) && event.type !== 'progress')
      expect(events.filter((event) => !isText(event))).toEqual(others)
      for (const [i, event] of events.entries()) {
        const next = events[i + 1]
        expect(isText(event) && next !== undefined && isText(next)).toBe(false)
      }
      expect(events.length).toBeLessThanOrEqual(2 * others.length + 1)
    })
  })

  it('[RS9] it comes to the same result', () => {
    forEachCut((_, seen, compact) => {
      if (seen.length === 0) return
      const events = compact.events().map(({ event }) => event)
      expect(resultOf(events)).toEqual(resultOf(seen.map(({ event }) => event)))
    })
  })

  it('[RS9] reading it while it grows changes nothing, and what it gave out stays as it was', () => {
    fc.assert(
      fc.property(requestsArb, (requests) => {
        for (const whole of requests) {
          const growing = new CompactLog()
          const given = whole.map((one) => {
            growing.add(one)
            return growing.events()
          })
          for (const [i, events] of given.entries()) expect(events).toEqual(compactOf(whole.slice(0, i + 1)).events())
        }
      }),
    )
  })

  it('[RS9] compacted again it is the same', () => {
    forEachCut((_, __, compact) => expect(compactOf(compact.events()).events()).toEqual(compact.events()))
  })

  it('[RS9] 10,000 tokens around one call of a tool are seven events', () => {
    const generation = generationOf({ granularity: 'token' })
    const events = [...generation.begin(1000, 'embedded')]
    const speak = () => {
      for (let i = 0; i < 5000; i++) generation.add(`w${i} `)
    }
    speak()
    const call = { call_id: 't1', tool: 'sum', by: 'lead' }
    events.push(...generation.toolCall(1100, { ...call, arguments: '{}', external: false }))
    events.push(...generation.toolResult(1200, { ...call, status: 'ok', output: 3, duration: 0.1 }))
    speak()
    events.push(...generation.complete(1300, FINISH))
    const compact = compactOf(events.map((event, i) => ({ seq: i + 1, event }))).events()
    expect(compact.map(({ event }) => event.type)).toEqual([
      'stream_start',
      'metadata',
      'token',
      'tool_call',
      'tool_result',
      'token',
      'stream_end',
    ])
    expect(compact[2]?.event).toMatchObject({ data: { chunk_number: 5000 } })
    expect(compact.at(-1)?.seq).toBe(events.length)
  })
})
