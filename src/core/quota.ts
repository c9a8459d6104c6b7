import * as z from 'zod'

/** How much of a month's requests a user has used up, as it is stored. */
export const quotaSchema = z
  .object({
    /** `YYYY-MM`, UTC. */
    month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/),
    /** Requests of the month that have ended and count. */
    used: z.int().nonnegative(),
    /** Ids of requests that began in the month and still run. */
    running: z.array(z.string()).readonly(),
  })
  .readonly()

export type Quota = z.infer<typeof quotaSchema>

/** The month of a time in ms, UTC: `2026-11`. */
export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7)
}

/** When the month's count begins again, UTC: `2026-12-01`. @param now ms */
export function resetDate(now: number): string {
  return dayAfter(monthOf(now))
}

/** @param month `YYYY-MM` */
function dayAfter(month: string): string {
  const [year, number] = month.split('-').map(Number)
  return new Date(Date.UTC(year ?? 0, number ?? 0)).toISOString().slice(0, 10)
}

/** The quota of someone who has used nothing. @param now ms */
export function newQuota(now: number): Quota {
  return { month: monthOf(now), used: 0, running: [] }
}

/**
 * The quota as it stands now. A new month begins with nothing: what began before belongs to the month in which it began,
 * so its end changes nothing here. A clock that steps back does not open the last month again.
 */
function standing(quota: Quota, now: number): Quota {
  return quota.month < monthOf(now) ? newQuota(now) : quota
}

/** Requests that count: those that ended and those that run. */
function counted(quota: Quota): number {
  return quota.used + quota.running.length
}

/**
 * Takes one request of the month before it starts, so that requests that start together cannot all get the last one.
 * @param id the request's; one that is reserved already is not counted again
 * @param limit requests a month; 0 lets nobody in
 * @param now ms
 * @returns the quota to store, and whether the request may start
 */
export function reserve(
  quota: Quota,
  id: string,
  limit: number,
  now: number,
): { readonly quota: Quota; readonly granted: boolean } {
  const current = standing(quota, now)
  if (current.running.includes(id)) return { quota: current, granted: true }
  if (counted(current) >= limit) return { quota: current, granted: false }
  return { quota: { ...current, running: [...current.running, id] }, granted: true }
}

/** A request has ended and counts, in the month in which it began. One that is not reserved changes nothing. */
export function settle(quota: Quota, id: string): Quota {
  return quota.running.includes(id) ? { ...without(quota, id), used: quota.used + 1 } : quota
}

/** A request did not come about, so it does not count. One that is not reserved, or has ended, changes nothing. */
export function refund(quota: Quota, id: string): Quota {
  return quota.running.includes(id) ? without(quota, id) : quota
}

function without(quota: Quota, id: string): Quota {
  return { ...quota, running: quota.running.filter((other) => other !== id) }
}

/** How a user stands, as `rate_limit_exceeded` of contract D5 tells it. @param now ms */
export function monthlyUsage(quota: Quota, limit: number, now: number) {
  const current = standing(quota, now)
  return {
    current_usage: counted(current),
    monthly_limit: limit,
    remaining_quota: Math.max(0, limit - counted(current)),
    reset_date: dayAfter(current.month),
  }
}
