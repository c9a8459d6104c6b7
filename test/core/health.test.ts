import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Attempt,
  GRADES,
  type Grade,
  gradeOf,
  inWindow,
  type ProviderHealth,
  recommendationsOf,
  summarize,
  WINDOW_ATTEMPTS,
  WINDOW_MS,
} from '../../src/core/health.ts'
import { attemptArb, attemptOf } from '../support/attempts.ts'
import { healthOf, snapshotOf } from '../support/candidates.ts'

describe('the sliding window', () => {
  it('[HE1] is of five minutes and 200 attempts', () => {
    expect(WINDOW_MS).toBe(300_000)
    expect(WINDOW_ATTEMPTS).toBe(200)
  })

  it('[HE1] holds, in order, the newest of what is young enough', () => {
    const agesArb = fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 250 })
    fc.assert(
      fc.property(agesArb, fc.nat(300_000), (ages, later) => {
        const now = 1_000_000 + later
        const attempts = ages.toSorted((a, b) => b - a).map((age) => attemptOf('ann', { at: 1_000_000 - age }))
        const young = attempts.filter(({ at }) => at >= now - 300_000)
        expect(inWindow(attempts, now)).toEqual(young.slice(Math.max(0, young.length - 200)))
      }),
    )
  })

  it('[HE1] an attempt counts for exactly five minutes', () => {
    const attempt = attemptOf('ann', { at: 1000 })
    expect(inWindow([attempt], 301_000)).toEqual([attempt])
    expect(inWindow([attempt], 301_001)).toEqual([])
  })
})

describe('the figures of a window', () => {
  it('[HE1] a rate limit is no failure: it is as if it were not there', () => {
    fc.assert(
      fc.property(fc.array(attemptArb), (attempts) => {
        expect(summarize(attempts)).toEqual(summarize(attempts.filter(({ outcome }) => outcome !== 'rate_limited')))
      }),
    )
  })

  it('[HE1] the rate is of what succeeded, the times are medians of it; the order does not matter', () => {
    fc.assert(
      fc.property(fc.array(attemptArb, { minLength: 1 }), (attempts) => {
        const { samples, success_rate, first_token_ms, total_ms } = summarize(attempts)
        const good = attempts.filter(({ outcome }) => outcome === 'ok')
        expect(samples).toBe(attempts.filter(({ outcome }) => outcome !== 'rate_limited').length)
        if (samples > 0) expect(success_rate).toBeCloseTo(good.length / samples, 9)
        isMedian(
          good.map((one) => one.total_ms),
          total_ms,
        )
        isMedian(
          good.map((one) => one.first_token_ms).filter((ms) => ms !== null),
          first_token_ms,
        )
        expect(summarize(attempts.toReversed())).toEqual(summarize(attempts))
      }),
    )
  })

  function isMedian(numbers: readonly number[], median: number | null): void {
    if (numbers.length === 0) {
      expect(median).toBeNull()
      return
    }
    const value = median ?? Number.NaN
    expect(numbers).toContain(value)
    expect(2 * numbers.filter((n) => n < value).length).toBeLessThanOrEqual(numbers.length)
    expect(2 * numbers.filter((n) => n > value).length).toBeLessThanOrEqual(numbers.length)
  }

  it('[HE1] of nothing, all is well and no time is known', () => {
    const nothing = { samples: 0, success_rate: 1, first_token_ms: null, total_ms: null }
    expect(summarize([])).toEqual(nothing)
    expect(summarize([attemptOf('ann', { outcome: 'rate_limited', first_token_ms: 5 })])).toEqual(nothing)
  })

  it('[HE1] one that only fails has no times', () => {
    const failed = attemptOf('ann', { outcome: 'failed', first_token_ms: 10, total_ms: 20 })
    expect(summarize([failed, failed])).toEqual({ samples: 2, success_rate: 0, first_token_ms: null, total_ms: null })
  })
})

describe('grades', () => {
  it.each<[Grade, number, number | null]>([
    ['A', 1, null],
    ['A', 0.99, 1500],
    ['B', 0.99, 1501],
    ['B', 0.98, 100],
    ['B', 0.95, 3000],
    ['C', 1, 3001],
    ['C', 0.94, 100],
    ['C', 0.9, 6000],
    ['D', 1, 6001],
    ['D', 0.89, 100],
    ['D', 0.75, 600_000],
    ['F', 0.74, 100],
    ['F', 0, null],
  ])('[HE4] %s: %d succeed, first token %s ms', (grade, success_rate, first_token_ms) => {
    expect(gradeOf({ state: 'closed', success_rate, first_token_ms })).toBe(grade)
    expect(gradeOf({ state: 'half_open', success_rate, first_token_ms })).toBe(grade)
    expect(gradeOf({ state: 'open', success_rate, first_token_ms })).toBe('F')
  })

  it('[HE4] succeeding more often or answering sooner never makes a grade worse', () => {
    const rateArb = fc.integer({ min: 0, max: 100 }).map((n) => n / 100)
    fc.assert(
      fc.property(rateArb, rateArb, fc.nat(10_000), fc.nat(10_000), (a, b, x, y) => {
        const grade = (success_rate: number, first_token_ms: number) =>
          GRADES.indexOf(gradeOf({ state: 'closed', success_rate, first_token_ms }))
        expect(grade(Math.max(a, b), Math.min(x, y))).toBeLessThanOrEqual(grade(a, x))
      }),
    )
  })
})

describe('recommendations', () => {
  it.each<[string, Partial<ProviderHealth>, readonly RegExp[]]>([
    ['is well', {}, []],
    ['was never tried', { samples: 0, first_token_ms: null }, []],
    ['fails too often', { success_rate: 0.94, samples: 50 }, [/^ann fails too often: 94 % of its last 50 /]],
    ['fails just often enough', { success_rate: 0.95 }, []],
    ['is slow', { first_token_ms: 3100 }, [/^ann is slow: .* 3\.1 s/]],
    ['is just quick enough', { first_token_ms: 3000 }, []],
    ['is rate-limited', { busy_until: 1001 }, [/^ann limits its rate/]],
    ['was rate-limited', { busy_until: 1000 }, []],
    ['is down', { state: 'open', success_rate: 0, samples: 3 }, [/^ann is down \(0 % of its last 3 /]],
    ['is being probed', { state: 'half_open', success_rate: 0.5 }, [/^ann is down/]],
  ])('[HE4] of one that %s, beside one that is well', (_, health, expected) => {
    const words = recommendationsOf(snapshotOf({ ann: health, bob: {} }))
    expect(words).toHaveLength(expected.length)
    for (const [i, pattern] of expected.entries()) expect(words[i]).toMatch(pattern)
  })

  it('[HE4] the worst comes first, and each provider is named once', () => {
    const words = recommendationsOf(
      snapshotOf({
        slow: { first_token_ms: 9000 },
        shaky: { success_rate: 0.5, first_token_ms: 9000 },
        busy: { busy_until: 2000, success_rate: 0.5 },
        down: { state: 'open', busy_until: 2000 },
        well: {},
      }),
    )
    expect(words.map((text) => text.split(' ')[0])).toEqual(['down', 'busy', 'shaky', 'slow'])
  })

  it('[HE4] when nobody is up, that comes first; when nothing is known, there is nothing to say', () => {
    const words = recommendationsOf(snapshotOf({ ann: { state: 'open' }, bob: { state: 'half_open' } }))
    expect(words).toHaveLength(3)
    expect(words[0]).toMatch(/^No provider is up/)
    expect(recommendationsOf(snapshotOf({ ann: { state: 'open' }, bob: {} }))).toHaveLength(1)
    expect(recommendationsOf(snapshotOf({}))).toEqual([])
  })
})

it('[HE1] the health of a test is what it says', () => {
  expect(healthOf()).toMatchObject(summarize([...Array(10)].map((): Attempt => attemptOf('ann'))))
})
