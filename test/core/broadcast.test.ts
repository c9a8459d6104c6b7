import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueBroadcasts, isPeriodic, nextBroadcast, type PeriodicChannel } from '../../src/core/broadcast.ts'
import { CHANNELS } from '../../src/core/channels.ts'

const PERIODS: Record<PeriodicChannel, number> = {
  system_status: 30_000,
  provider_health: 60_000,
  cache_stats: 45_000,
  cost_update: 60_000,
}
const NAMES = CHANNELS.filter(isPeriodic)
const NOW = 1_700_000_123_456

describe('periodic channels', () => {
  it('[SC4] four of the eight channels speak by themselves', () => {
    expect(NAMES.toSorted()).toEqual(Object.keys(PERIODS).toSorted())
  })

  it('[SC4] a channel speaks within its period, on its grid, and half as often while its source fails', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.nat(10_000_000), fc.boolean(), (channel, later, failing) => {
        const period = PERIODS[channel] * (failing ? 2 : 1)
        const now = NOW + later
        const next = nextBroadcast(channel, now, failing)
        expect(next % period).toBe(0)
        expect(next).toBeGreaterThan(now)
        expect(next - now).toBeLessThanOrEqual(period)
      }),
    )
  })

  it('[SC4] with alarms that come early or late, or for something else, each time is spoken once and none is missed', () => {
    const alarmArb = fc.record({
      otherwise: fc.integer({ min: 1, max: 40_000 }),
      late: fc.oneof(fc.constant(0), fc.nat(4000)),
      early: fc.nat(20),
    })
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.array(alarmArb, { maxLength: 60 }), (channel, alarms) => {
        const period = PERIODS[channel]
        const spoken: number[] = []
        let now = NOW
        for (const { otherwise, late, early } of alarms) {
          const scheduled = Math.min(nextBroadcast(channel, now, false), now + otherwise)
          now = Math.max(now, scheduled - early) + late
          if (dueBroadcasts([channel], scheduled, now).length > 0) spoken.push(Math.floor(now / period))
        }
        const first = Math.floor(NOW / period) + 1
        const last = Math.floor(now / period)
        expect(spoken).toEqual(Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i))
      }),
    )
  })

  it('[SC4] only channels that were asked about are due', () => {
    const at = 1_800_000
    expect(dueBroadcasts([], at, at)).toEqual([])
    expect(dueBroadcasts(NAMES, at, at)).toEqual(NAMES)
    expect(dueBroadcasts(NAMES, at + 30_000, at + 30_000)).toEqual(['system_status'])
  })
})
