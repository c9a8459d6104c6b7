import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { policyOf, type RateCheck, type RatePolicy, RateWindow, rateLimitHeaders } from '../../src/core/rate-window.ts'

const limitArb = fc.integer({ min: 1, max: 6 })
const periodArb = fc.integer({ min: 1, max: 5000 })

/** A user who tries to start after some time; `back` is how far the clock is put back before. */
const tryArb = fc.record({
  wait: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(6000)),
  back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(10_000)),
  /** The hub is woken anew. */
  restart: fc.boolean(),
})
const triesArb = fc.array(tryArb, { maxLength: 60 })

function isAllowed({ remaining }: RateCheck): boolean {
  return remaining > 0
}

/** Runs the tries and tells what time it truly was at each, what the clock showed, and how the user stood. */
function run(limit: number, period: number, tries: readonly { wait: number; back: number; restart: boolean }[]) {
  let window = new RateWindow(limit, period)
  let truly = 1_000_000
  let off = 0
  // As the hub knows them after a restart: by what the clock showed.
  const let_in: number[] = []
  return tries.map(({ wait, back, restart }) => {
    truly += wait
    off -= back
    const clock = truly + off
    if (restart) window = new RateWindow(limit, period, let_in)
    const check = window.check(clock)
    expect(window.check(clock)).toEqual(check)
    if (isAllowed(check)) {
      window.add(clock)
      let_in.push(clock)
    }
    return { truly, clock, check }
  })
}

describe('the sliding window', () => {
  it('[RL1] in any stretch of its length there are never more starts than the limit, clocks that step back included', () => {
    fc.assert(
      fc.property(limitArb, periodArb, triesArb, (limit, period, tries) => {
        const starts = run(limit, period, tries).filter(({ check }) => isAllowed(check))
        for (const { truly: end } of starts) {
          const inside = starts.filter(({ truly }) => truly > end - period && truly <= end)
          expect(inside.length).toBeLessThanOrEqual(limit)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('[RL1] while the clock runs forward nobody is refused who would fit, and the figures are exact', () => {
    fc.assert(
      fc.property(limitArb, periodArb, triesArb, (limit, period, tries) => {
        const let_in: number[] = []
        for (const { clock, check } of run(
          limit,
          period,
          tries.map((one) => ({ ...one, back: 0 })),
        )) {
          const inside = let_in.filter((at) => at > clock - period)
          expect(check.remaining).toBe(limit - inside.length)
          expect(check.resetAt).toBe((inside[0] ?? clock) + period)
          if (isAllowed(check)) let_in.push(clock)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('[RL1] who is refused may start at the time that it tells, and not a millisecond before', () => {
    fc.assert(
      fc.property(limitArb, periodArb, triesArb, (limit, period, tries) => {
        const window = new RateWindow(limit, period)
        const let_in: number[] = []
        let now = 0
        for (const { wait } of tries) {
          now += wait
          const check = window.check(now)
          if (isAllowed(check)) {
            window.add(now)
            let_in.push(now)
            continue
          }
          const later = (at: number) => isAllowed(new RateWindow(limit, period, let_in).check(at))
          expect([later(check.resetAt - 1), later(check.resetAt)]).toEqual([false, true])
        }
      }),
    )
  })

  it('[RL1] however far the clock steps back, nobody waits for longer than a period', () => {
    fc.assert(
      fc.property(limitArb, periodArb, triesArb, (limit, period, tries) => {
        for (const { clock, check } of run(limit, period, tries)) {
          expect(check.resetAt - clock).toBeLessThanOrEqual(period)
          expect(check.resetAt - clock).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('[RL1] sixty at once, then one for each that leaves', () => {
    const window = new RateWindow(60, 60_000)
    for (let i = 0; i < 60; i += 1) {
      expect(window.check(i).remaining).toBe(60 - i)
      window.add(i)
    }
    expect(window.check(59)).toEqual({ remaining: 0, resetAt: 60_000 })
    expect(window.check(59_999)).toEqual({ remaining: 0, resetAt: 60_000 })
    expect(window.check(60_000)).toEqual({ remaining: 1, resetAt: 60_001 })
    window.add(60_000)
    expect(window.check(60_000).remaining).toBe(0)
    expect(window.check(60_001).remaining).toBe(1)
  })

  it('[RL1] starts for which there was no room count, and keep nobody out for longer than the newest of them must', () => {
    fc.assert(
      fc.property(
        limitArb,
        fc.array(fc.nat(300), { minLength: 1, maxLength: 30 }),
        fc.nat(2500),
        (limit, waits, later) => {
          const window = new RateWindow(limit, 1000)
          const starts = waits.map((_, i) => waits.slice(0, i + 1).reduce((a, b) => a + b))
          for (const at of starts) window.add(at)
          const now = (starts.at(-1) ?? 0) + later
          const inside = starts.filter((at) => at > now - 1000).length
          expect(isAllowed(window.check(now))).toBe(inside < limit)
        },
      ),
    )
  })

  it('[RL1] what another limit kept is taken over', () => {
    expect(new RateWindow(2, 1000, [30, 10, 20]).check(30)).toEqual({ remaining: 0, resetAt: 1020 })
    expect(new RateWindow(5, 1000, [10, 20]).check(20).remaining).toBe(3)
  })
})

describe('the header fields of a limit', () => {
  const now = 1_000_000
  const minute: RatePolicy = { name: 'minute', quota: 60, windowS: 60, remaining: 12, resetAt: now + 30_500 }
  const month: RatePolicy = { name: 'agent-month', quota: 200, windowS: null, remaining: 0, resetAt: now + 86_400_000 }

  it('[RL1] tell the limit, what is left and until when', () => {
    expect(rateLimitHeaders([minute], now)).toEqual({
      'ratelimit-policy': '"minute";q=60;w=60',
      ratelimit: '"minute";r=12;t=31',
    })
  })

  it('[RL1] of several limits all stand in one list, and Retry-After is that of the one that is used up', () => {
    expect(rateLimitHeaders([minute, month], now)).toEqual({
      'ratelimit-policy': '"minute";q=60;w=60, "agent-month";q=200',
      ratelimit: '"minute";r=12;t=31, "agent-month";r=0;t=86400',
      'retry-after': '86400',
    })
    expect(rateLimitHeaders([], now)).toEqual({})
  })

  it('[RL1] of a window', () => {
    const window = new RateWindow(2, 60_000, [now - 1500, now])
    const headers = rateLimitHeaders([policyOf('minute', window, window.check(now))], now)
    expect(headers).toEqual({
      'ratelimit-policy': '"minute";q=2;w=60',
      ratelimit: '"minute";r=0;t=59',
      'retry-after': '59',
    })
  })

  it('[RL1] are structured fields, and Retry-After is never earlier than a window that is used up', () => {
    const policyArb = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/),
      quota: fc.integer({ min: 1, max: 1000 }),
      windowS: fc.option(fc.integer({ min: 1, max: 3600 })),
      remaining: fc.nat(3),
      resetAt: fc.integer({ min: now - 10_000, max: now + 3_000_000_000 }),
    })
    fc.assert(
      fc.property(fc.array(policyArb, { minLength: 1, maxLength: 4 }), (policies) => {
        const headers = rateLimitHeaders(policies, now)
        expect(headers['ratelimit-policy']).toMatch(/^("[a-z][a-z0-9-]*";q=\d+(;w=[1-9]\d*)?(, |$))+$/)
        expect(headers['ratelimit']).toMatch(/^("[a-z][a-z0-9-]*";r=\d+;t=[1-9]\d*(, |$))+$/)
        const used = [...(headers['ratelimit'] ?? '').matchAll(/;r=0;t=(\d+)/g)].map(([, t]) => Number(t))
        const expected = used.length === 0 ? undefined : String(Math.max(...used))
        expect(headers['retry-after']).toBe(expected)
      }),
    )
  })
})
