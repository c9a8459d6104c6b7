import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admits } from '../../src/core/filter.ts'
import { formatCursor } from '../../src/core/ids.ts'
import { eventsAfter, type LogBounds } from '../../src/core/log.ts'
import { MemoryLog } from '../../src/core/memory-log.ts'
import { planResume, type ResumePlan } from '../../src/core/resume.ts'
import { anyText } from '../support/any-text.ts'
import { filterArb } from '../support/filter-arb.ts'
import { generatedLogArb } from '../support/generated-log.ts'

const boundsArb: fc.Arbitrary<LogBounds> = fc
  .tuple(fc.nat(1000), fc.nat(1000))
  .map(([dropped, kept]) => ({ epoch: 'n0', firstSeq: dropped + 1, lastSeq: dropped + kept }))

/** The rules in the words of the SPEC: a cursor is good when what is after it is all kept and nothing of it is to come. */
function model(epoch: string, seq: number, bounds: LogBounds): ResumePlan {
  if (epoch !== bounds.epoch) return { kind: 'resync', reason: 'other_epoch' }
  if (seq > bounds.lastSeq) return { kind: 'resync', reason: 'ahead' }
  const nextIsKept = seq + 1 >= bounds.firstSeq
  return nextIsKept ? { kind: 'replay', after: seq } : { kind: 'resync', reason: 'expired' }
}

describe('resume plan', () => {
  it('[RS1][RS2] any cursor is replayed from when the log after it is whole, and resynced else', () => {
    fc.assert(
      fc.property(boundsArb, fc.constantFrom('n0', 'n0', 'n0', 'n00', 'other'), fc.nat(2500), (bounds, epoch, seq) => {
        expect(planResume(formatCursor(epoch, seq), bounds)).toEqual(model(epoch, seq, bounds))
      }),
      { numRuns: 1000 },
    )
  })

  it('[RS1] the edges of what is kept: one before the first is good, two before is not, the last is good', () => {
    const bounds = { epoch: 'n0', firstSeq: 10, lastSeq: 20 }
    expect(planResume('n0-9', bounds)).toEqual({ kind: 'replay', after: 9 })
    expect(planResume('n0-8', bounds)).toEqual({ kind: 'resync', reason: 'expired' })
    expect(planResume('n0-20', bounds)).toEqual({ kind: 'replay', after: 20 })
    expect(planResume('n0-21', bounds)).toEqual({ kind: 'resync', reason: 'ahead' })
  })

  it('[RS1] cursors are compared by number: 9 is before 10', () => {
    expect(planResume('n0-9', { epoch: 'n0', firstSeq: 1, lastSeq: 10 })).toEqual({ kind: 'replay', after: 9 })
    expect(planResume('n0-9', { epoch: 'n0', firstSeq: 100, lastSeq: 110 })).toMatchObject({ reason: 'expired' })
  })

  it('[RS1] in a log that holds nothing, its end is a good cursor', () => {
    expect(planResume('n0-0', { epoch: 'n0', firstSeq: 1, lastSeq: 0 })).toEqual({ kind: 'replay', after: 0 })
    expect(planResume('n0-7', { epoch: 'n0', firstSeq: 8, lastSeq: 7 })).toEqual({ kind: 'replay', after: 7 })
    expect(planResume('n0-6', { epoch: 'n0', firstSeq: 8, lastSeq: 7 })).toMatchObject({ reason: 'expired' })
  })

  it('[CU2] no cursor, or an empty one, is a reader that starts live', () => {
    fc.assert(
      fc.property(boundsArb, (bounds) => {
        expect(planResume(null, bounds)).toEqual({ kind: 'live' })
        expect(planResume('', bounds)).toEqual({ kind: 'live' })
      }),
    )
  })

  it('[RS2] any other text is a resync, never an exception', () => {
    const bounds = { epoch: 'n0', firstSeq: 1, lastSeq: 10 }
    fc.assert(
      fc.property(anyText({ minLength: 1 }), (text) => {
        const plan = planResume(text, bounds)
        if (plan.kind === 'replay') expect(text).toBe(`n0-${plan.after}`)
        else expect(plan.kind).toBe('resync')
      }),
      { numRuns: 1000 },
    )
    expect(planResume('17', bounds)).toEqual({ kind: 'resync', reason: 'not_a_cursor' })
    expect(planResume('null', bounds)).toEqual({ kind: 'resync', reason: 'not_a_cursor' })
  })

  it('[RS7] `0-0` asks for the present state', () => {
    fc.assert(
      fc.property(boundsArb, (bounds) => {
        expect(planResume('0-0', bounds).kind).toBe('resync')
      }),
    )
  })
})

describe('resume', () => {
  it('[RS1] a reader that is cut anywhere, any number of times, sees what its filter admits once and in order', () => {
    const page = fc.record({ events: fc.integer({ min: 1, max: 9 }), bytes: fc.integer({ min: 1, max: 2000 }) })
    const cutsArb = fc.array(fc.nat(200), { maxLength: 5 })
    fc.assert(
      fc.property(generatedLogArb, filterArb, page, cutsArb, (events, filter, size, places) => {
        const log = new MemoryLog('n0')
        const seen: number[] = []
        let cursor = formatCursor('n0', 0)
        let reading = true
        const cuts = new Set(places)
        for (const { seq, event } of events) {
          const appended = log.append([event])
          if (reading && cuts.has(seq)) reading = false
          else if (!reading && seq % 7 === 0) {
            const plan = planResume(cursor, log.bounds())
            if (plan.kind !== 'replay') throw new Error(`the plan was ${plan.kind}`)
            for (const numbered of eventsAfter(log, plan.after, size))
              if (admits(filter, numbered.event)) seen.push(numbered.seq)
            reading = true
          } else if (reading) for (const live of appended) if (admits(filter, live.event)) seen.push(live.seq)
          cursor = formatCursor('n0', seen.at(-1) ?? 0)
        }
        const plan = planResume(cursor, log.bounds())
        if (plan.kind !== 'replay') throw new Error(`the plan was ${plan.kind}`)
        if (!reading)
          for (const rest of eventsAfter(log, plan.after, size)) if (admits(filter, rest.event)) seen.push(rest.seq)
        expect(seen).toEqual(events.filter(({ event }) => admits(filter, event)).map(({ seq }) => seq))
      }),
    )
  })

  it('[RS2] a cursor that is older than what is kept is never replayed with a gap', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 30 }), fc.nat(40), (waits, at) => {
        const log = new MemoryLog('n0')
        let now = 0
        for (const [i, wait] of waits.entries()) {
          now += wait
          while (log.rotate(now - 10_000));
          const error = { request_id: `r${i}`, error: 'x', error_type: 'internal' as const }
          const names = { request_id: `r${i}`, conversation_id: null, target: null }
          log.append([{ ...names, at: now, type: 'error', data: error }])
        }
        const plan = planResume(formatCursor('n0', at), log.bounds())
        if (plan.kind !== 'replay') return
        const [next] = log.after(plan.after, { events: 1, bytes: 1 })
        expect(next?.seq ?? waits.length + 1).toBe(at + 1)
      }),
    )
  })
})
