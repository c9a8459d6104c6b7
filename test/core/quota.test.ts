import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  monthlyUsage,
  monthOf,
  newQuota,
  type Quota,
  quotaSchema,
  refund,
  reserve,
  resetDate,
  settle,
} from '../../src/core/quota.ts'

const NOVEMBER = Date.UTC(2026, 10, 20)
const DAY = 86_400_000

const stepArb = fc.oneof(
  fc.record({ act: fc.constant('begin' as const), id: fc.nat(30) }),
  fc.record({ act: fc.constant('end' as const), id: fc.nat(30) }),
  fc.record({ act: fc.constant('fail' as const), id: fc.nat(30) }),
  /** Days; the clock may step back, over a month's end too. */
  fc.record({ act: fc.constant('time' as const), days: fc.integer({ min: -20, max: 40 }) }),
  fc.record({ act: fc.constant('restart' as const) }),
)

interface Run {
  quota: Quota
  now: number
  /** The month that counts, which never goes back. */
  month: string
  /** Requests that began in a month and were not taken back, by month. */
  readonly counted: Map<string, Set<string>>
  /** Those that run, and the month in which each began. */
  readonly running: Map<string, string>
  begun: number
}

function step(run: Run, limit: number, one: typeof stepArb extends fc.Arbitrary<infer T> ? T : never): void {
  switch (one.act) {
    case 'time':
      run.now += one.days * DAY
      return
    case 'restart':
      run.quota = quotaSchema.parse(JSON.parse(JSON.stringify(run.quota)))
      return
    case 'begin': {
      run.month = [run.month, monthOf(run.now)].toSorted().at(-1) ?? ''
      const counted = run.counted.get(run.month) ?? new Set()
      run.counted.set(run.month, counted)
      run.begun += 1
      const id = `${one.id}-${run.begun}`
      const before = run.quota
      const { quota, granted } = reserve(run.quota, id, limit, run.now)
      // Exact both ways: let in as long as there is room, and not once more.
      expect(granted).toBe(counted.size < limit)
      if (granted) {
        counted.add(id)
        run.running.set(id, run.month)
        expect(reserve(quota, id, limit, run.now)).toEqual({ quota, granted: true })
      }
      expect(before).toEqual(run.quota)
      run.quota = quota
      return
    }
    case 'end':
    case 'fail': {
      const id = [...run.running.keys()][one.id]
      if (id === undefined) return
      const change = one.act === 'end' ? settle : refund
      run.quota = change(run.quota, id)
      if (one.act === 'fail') run.counted.get(run.running.get(id) ?? '')?.delete(id)
      run.running.delete(id)
      // An end is told once or twice, it is the same.
      expect(settle(run.quota, id)).toEqual(run.quota)
      expect(refund(run.quota, id)).toEqual(run.quota)
    }
  }
}

describe('the monthly quota', () => {
  it('[RL2] with n left never more than n are let in, in whatever order they begin and end, over months and clock steps', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.array(stepArb, { maxLength: 80 }), (limit, steps) => {
        const month = monthOf(NOVEMBER)
        const quota = newQuota(NOVEMBER)
        const run: Run = { quota, now: NOVEMBER, month, counted: new Map(), running: new Map(), begun: 0 }
        for (const one of steps) {
          step(run, limit, one)
          for (const ids of run.counted.values()) expect(ids.size).toBeLessThanOrEqual(limit)
          const seen = [run.month, monthOf(run.now)].toSorted().at(-1) ?? ''
          const counted = run.counted.get(seen)?.size ?? 0
          const usage = monthlyUsage(run.quota, limit, run.now)
          expect(usage).toMatchObject({
            current_usage: counted,
            monthly_limit: limit,
            remaining_quota: limit - counted,
          })
          expect(usage.reset_date.slice(0, 7) > seen).toBe(true)
          expect(run.quota.running.length).toBeLessThanOrEqual(limit)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('[RL2] those that start together cannot all get the last one', () => {
    let quota: Quota = { month: '2026-11', used: 198, running: [] }
    const granted = ['a', 'b', 'c', 'd'].map((id) => {
      const answer = reserve(quota, id, 200, NOVEMBER)
      quota = answer.quota
      return answer.granted
    })
    expect(granted).toEqual([true, true, false, false])
    expect(monthlyUsage(quota, 200, NOVEMBER)).toEqual({
      current_usage: 200,
      monthly_limit: 200,
      remaining_quota: 0,
      reset_date: '2026-12-01',
    })
    expect(reserve(refund(quota, 'a'), 'c', 200, NOVEMBER).granted).toBe(true)
    expect(reserve(settle(quota, 'a'), 'c', 200, NOVEMBER).granted).toBe(false)
  })

  it('[RL2] what began last month counts for that month, whenever it ends', () => {
    const last = Date.UTC(2026, 11, 1) - 1
    const begun = reserve(newQuota(last), 'a', 1, last).quota
    expect(reserve(begun, 'b', 1, last).granted).toBe(false)
    const next = reserve(begun, 'b', 1, last + 1)
    expect(next.granted).toBe(true)
    for (const end of [settle, refund]) {
      const after = end(next.quota, 'a')
      expect(monthlyUsage(after, 1, last + 1)).toMatchObject({ current_usage: 1, reset_date: '2027-01-01' })
      expect(reserve(after, 'c', 1, last + 1).granted).toBe(false)
    }
    // It ended in the new month before anything began there.
    expect(monthlyUsage(settle(begun, 'a'), 1, last + 1).current_usage).toBe(0)
  })

  it('[RL2] a clock that steps back over the month’s end opens nothing again', () => {
    const first = Date.UTC(2026, 11, 1)
    const used = settle(reserve(newQuota(first), 'a', 1, first).quota, 'a')
    expect(reserve(used, 'b', 1, first - 1).granted).toBe(false)
    expect(reserve(reserve(used, 'b', 1, first - 1).quota, 'c', 1, first + 1).granted).toBe(false)
    expect(monthlyUsage(used, 1, first - 1)).toMatchObject({ current_usage: 1, reset_date: '2027-01-01' })
  })

  it('[RL2] a limit that was lowered leaves nothing, not less', () => {
    const quota: Quota = { month: '2026-11', used: 50, running: ['a'] }
    expect(monthlyUsage(quota, 10, NOVEMBER)).toMatchObject({ current_usage: 51, remaining_quota: 0 })
    expect(reserve(quota, 'b', 10, NOVEMBER).granted).toBe(false)
    expect(reserve(quota, 'a', 10, NOVEMBER)).toEqual({ quota, granted: true })
    expect(reserve(newQuota(NOVEMBER), 'b', 0, NOVEMBER).granted).toBe(false)
  })

  it('[RL2] months are those of UTC, and begin on their first day', () => {
    expect(resetDate(NOVEMBER)).toBe('2026-12-01')
    expect(resetDate(Date.UTC(2026, 11, 31, 23, 59, 59, 999))).toBe('2027-01-01')
    expect(resetDate(Date.UTC(2027, 0, 31))).toBe('2027-02-01')
    expect(resetDate(Date.UTC(2028, 1, 29))).toBe('2028-03-01')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0) }), (now) => {
        const reset = Date.parse(resetDate(now))
        expect(reset).toBeGreaterThan(now)
        expect(monthOf(reset - 1)).toBe(monthOf(now))
        expect(monthOf(reset) > monthOf(now)).toBe(true)
      }),
    )
  })

  it('[RL2] what is stored is parsed', () => {
    for (const quota of [
      { month: '2026-13', used: 0, running: [] },
      { month: '2026-1', used: 0, running: [] },
      { month: '2026-11', used: -1, running: [] },
      { month: '2026-11', used: 0.5, running: [] },
      { month: '2026-11', used: 0 },
    ]) {
      expect(quotaSchema.safeParse(quota).success).toBe(false)
    }
  })
})
