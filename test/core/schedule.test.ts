import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { deadlinesOf, type HubTimes, nextAlarm } from '../../src/core/schedule.ts'

const NOW = 1_700_000_123_456
const QUIET: HubTimes = {
  requestDeadlines: [],
  socketActivity: [],
  idleTimeoutMs: 3_600_000,
  rotation: null,
  expiry: null,
  broadcasts: [],
  tokens: [],
}

const timeArb = fc.integer({ min: NOW - 10_000_000, max: NOW + 10_000_000 })
const timesArb: fc.Arbitrary<HubTimes> = fc.record({
  requestDeadlines: fc.array(timeArb, { maxLength: 4 }),
  socketActivity: fc.array(fc.integer({ min: NOW - 10_000_000, max: NOW }), { maxLength: 4 }),
  idleTimeoutMs: fc.integer({ min: 1, max: 86_400 }).map((seconds) => seconds * 1000),
  rotation: fc.option(timeArb),
  expiry: fc.option(timeArb),
  broadcasts: fc.array(timeArb, { maxLength: 4 }),
  tokens: fc.array(timeArb, { maxLength: 4 }),
})

describe('deadlines', () => {
  it('[SC1] a hub with nothing to wait for has none', () => {
    expect(deadlinesOf(QUIET, NOW)).toEqual([])
    expect(nextAlarm([], null)).toBeNull()
    expect(nextAlarm([], NOW)).toBeNull()
  })

  it('[SC1] each part of the state has its deadline, and none has two', () => {
    fc.assert(
      fc.property(timesArb, (times) => {
        const names = deadlinesOf(times, NOW).map(({ name }) => name)
        const expected = [
          ...(times.requestDeadlines.length > 0 ? ['watchdog'] : []),
          ...(times.socketActivity.length > 0 ? ['idle'] : []),
          ...(times.rotation === null ? [] : ['retention']),
          ...(times.expiry === null ? [] : ['expiry']),
          ...(times.broadcasts.length > 0 ? ['broadcast'] : []),
          ...(times.tokens.length > 0 ? ['token'] : []),
        ]
        expect(names.toSorted()).toEqual(expected.toSorted())
      }),
    )
  })

  it('[GE6] while a request runs the watchdog is at most 30 s away, and no later than the request may last', () => {
    fc.assert(
      fc.property(fc.array(timeArb, { minLength: 1, maxLength: 5 }), (requestDeadlines) => {
        const [watchdog] = deadlinesOf({ ...QUIET, requestDeadlines }, NOW)
        expect(watchdog).toEqual({ name: 'watchdog', at: Math.min(NOW + LIMITS.watchdogMs, ...requestDeadlines) })
        expect((watchdog?.at ?? 0) - NOW).toBeLessThanOrEqual(30_000)
      }),
    )
  })

  it('[SC1] the idle check is on the 300 s grid, after the longest silence and within 300 s of it', () => {
    fc.assert(
      fc.property(fc.array(timeArb, { minLength: 1, maxLength: 5 }), (socketActivity) => {
        const [idle] = deadlinesOf({ ...QUIET, socketActivity }, NOW)
        const silent = Math.min(...socketActivity) + QUIET.idleTimeoutMs
        const at = idle?.at ?? 0
        expect(at % 300_000).toBe(0)
        expect(at).toBeGreaterThanOrEqual(silent)
        expect(at - silent).toBeLessThan(300_000)
      }),
    )
  })

  it('[SC1] a timeout shorter than the grid has a grid of its own, so that nobody waits 300 s for 2 s', () => {
    const [idle] = deadlinesOf({ ...QUIET, socketActivity: [NOW], idleTimeoutMs: 2000 }, NOW)
    expect((idle?.at ?? 0) - (NOW + 2000)).toBeLessThan(2000)
    expect(idle?.at).toBeGreaterThanOrEqual(NOW + 2000)
  })

  it('[SC1] sockets whose silence ends within one step of the grid share a wake', () => {
    const wakes = [0, 1000, 60_000].map((later) => {
      const base = Math.ceil(NOW / 300_000) * 300_000 + 1
      return deadlinesOf({ ...QUIET, socketActivity: [base + later] }, NOW)[0]?.at
    })
    expect(new Set(wakes).size).toBe(1)
  })

  it('[SC1] the log expires when it says so', () => {
    expect(deadlinesOf({ ...QUIET, rotation: 5 }, NOW)).toEqual([{ name: 'retention', at: 5 }])
  })

  it('[SC1][CV5] conversations expire when their time is over; what is left over then after a pause', () => {
    const pause = NOW + LIMITS.expiryPauseMs
    for (const [expiry, at] of [
      [pause + 1, pause + 1],
      [pause - 1, pause],
      [5, pause],
    ] as const) {
      expect(deadlinesOf({ ...QUIET, expiry }, NOW)).toEqual([{ name: 'expiry', at }])
    }
  })

  it('[SC4] of the periodic channels the next one counts', () => {
    expect(deadlinesOf({ ...QUIET, broadcasts: [9, 7, 8] }, NOW)).toEqual([{ name: 'broadcast', at: 7 }])
  })

  it('[SC1] the order of requests and sockets does not matter', () => {
    fc.assert(
      fc.property(timesArb, (times) => {
        const turned = {
          ...times,
          requestDeadlines: times.requestDeadlines.toReversed(),
          socketActivity: times.socketActivity.toReversed(),
          broadcasts: times.broadcasts.toReversed(),
        }
        expect(deadlinesOf(turned, NOW)).toEqual(deadlinesOf(times, NOW))
      }),
    )
  })
})

describe('the alarm', () => {
  it('[SC2] it is set for the soonest deadline, and only when a sooner one is needed', () => {
    fc.assert(
      fc.property(timesArb, fc.option(timeArb), (times, current) => {
        const deadlines = deadlinesOf(times, NOW)
        const soonest = deadlines.length === 0 ? null : Math.min(...deadlines.map(({ at }) => at))
        const next = nextAlarm(deadlines, current)
        if (soonest === null || (current !== null && current <= soonest)) expect(next).toBeNull()
        else expect(next).toBe(soonest)
      }),
    )
  })

  it('[SC2] asked again after it was set, it is left alone', () => {
    fc.assert(
      fc.property(timesArb, (times) => {
        const deadlines = deadlinesOf(times, NOW)
        const set = nextAlarm(deadlines, null)
        if (set !== null) expect(nextAlarm(deadlines, set)).toBeNull()
      }),
    )
  })

  it('[SC2] however often and early it fires, no deadline is missed', () => {
    fc.assert(
      fc.property(timesArb, fc.array(fc.nat(5_000_000), { maxLength: 8 }), (times, firings) => {
        const still = { ...times, requestDeadlines: [], expiry: null }
        for (const later of [0, ...firings]) {
          const now = NOW + later
          const deadlines = deadlinesOf(still, now)
          const set = nextAlarm(deadlines, null)
          for (const { at } of deadlines) expect(set).toBeLessThanOrEqual(at)
          // What does not run on the clock does not move with it.
          expect(deadlines).toEqual(deadlinesOf(still, NOW))
        }
      }),
    )
  })
})
