import { LIMITS } from './limits.ts'

/** What the one alarm of a hub is for (SPEC SC). */
export type DeadlineName = 'watchdog' | 'idle' | 'retention' | 'expiry' | 'broadcast' | 'token'

/** A named time, ms since 1970. */
export interface Deadline {
  readonly name: DeadlineName
  readonly at: number
}

/** What of a hub's state has a time. */
export interface HubTimes {
  /** Latest times at which running requests must have ended, ms. */
  readonly requestDeadlines: readonly number[]
  /** When each WebSocket was last heard from or written to by a request, ms. */
  readonly socketActivity: readonly number[]
  readonly idleTimeoutMs: number
  /** When a segment of the log expires, or null. */
  readonly rotation: number | null
  /** When a conversation was unused too long, or null (CV5). */
  readonly expiry: number | null
  /** When tokens of open sockets end, ms (ID10). */
  readonly tokens: readonly number[]
  /** When periodic channels with subscribers speak next, ms. */
  readonly broadcasts: readonly number[]
}

/** The deadlines that follow from a hub's state; in no order. Pure, so nothing about alarms needs to be stored. */
export function deadlinesOf(times: HubTimes, now: number): readonly Deadline[] {
  const deadlines: Deadline[] = []
  if (times.requestDeadlines.length > 0) {
    deadlines.push({ name: 'watchdog', at: Math.min(now + LIMITS.watchdogMs, ...times.requestDeadlines) })
  }
  if (times.socketActivity.length > 0) {
    const silent = Math.min(...times.socketActivity) + times.idleTimeoutMs
    // Rounded up to the grid, so that many sockets share a wake (SC1).
    const grid = Math.min(LIMITS.idleCheckMs, times.idleTimeoutMs)
    deadlines.push({ name: 'idle', at: Math.ceil(silent / grid) * grid })
  }
  if (times.rotation !== null) deadlines.push({ name: 'retention', at: times.rotation })
  if (times.expiry !== null) {
    // What is past is the rest of what one turn did not take, or is being answered in.
    deadlines.push({ name: 'expiry', at: Math.max(times.expiry, now + LIMITS.expiryPauseMs) })
  }
  if (times.tokens.length > 0) deadlines.push({ name: 'token', at: Math.min(...times.tokens) })
  if (times.broadcasts.length > 0) deadlines.push({ name: 'broadcast', at: Math.min(...times.broadcasts) })
  return deadlines
}

/**
 * When to set the alarm.
 * @param current when it is set for, or null
 * @returns the new time, or null when what is set is soon enough (SC2)
 */
export function nextAlarm(deadlines: readonly Deadline[], current: number | null): number | null {
  if (deadlines.length === 0) return null
  const next = Math.min(...deadlines.map((deadline) => deadline.at))
  return current !== null && current <= next ? null : next
}
