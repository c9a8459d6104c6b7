import type { Channel } from './channels.ts'

/** Channels that speak by themselves, and how often, ms (contract D2). `cost_update` has no figure there: **Choice**. */
const PERIODS = {
  system_status: 30_000,
  provider_health: 60_000,
  cache_stats: 45_000,
  cost_update: 60_000,
} as const satisfies Partial<Record<Channel, number>>

export type PeriodicChannel = keyof typeof PERIODS

/** True for a channel that speaks by itself; the others tell what happens. */
export function isPeriodic(channel: Channel): channel is PeriodicChannel {
  return Object.hasOwn(PERIODS, channel)
}

/** What a channel says: an event that is not of the log. */
export interface Broadcast {
  readonly eventType: string
  readonly data: Record<string, unknown>
}

/** What there is to say now; a channel that has nothing is left out. */
export type Broadcasts = Partial<Record<PeriodicChannel, Broadcast>>

/**
 * When a channel speaks next, ms: on a grid, so that nothing about it needs to be stored (SC4).
 * @param failing its source could not be asked: it is tried half as often (contract D2)
 */
export function nextBroadcast(channel: PeriodicChannel, now: number, failing: boolean): number {
  const period = PERIODS[channel] * (failing ? 2 : 1)
  return (Math.floor(now / period) + 1) * period
}

/**
 * The channels whose time has come when an alarm fires.
 * @param scheduled when the alarm was set for, ms; it may fire late
 * @param failing channels that are tried half as often
 */
export function dueBroadcasts(
  channels: Iterable<PeriodicChannel>,
  scheduled: number,
  now: number,
  failing: ReadonlySet<PeriodicChannel> = new Set(),
): readonly PeriodicChannel[] {
  return [...channels].filter((channel) => lastBroadcast(channel, now, failing.has(channel)) >= scheduled)
}

/** The channel's newest time that is not in the future, ms. */
export function lastBroadcast(channel: PeriodicChannel, now: number, failing: boolean): number {
  const period = PERIODS[channel] * (failing ? 2 : 1)
  return Math.floor(now / period) * period
}
