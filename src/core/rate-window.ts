/** How a user stands in a sliding window. */
export interface RateCheck {
  /** How many may start now. */
  readonly remaining: number
  /** When one more than `remaining` may start, ms; a whole period from now when nothing has started. */
  readonly resetAt: number
}

/**
 * An exact sliding window: in any stretch of `periodMs` (its first instant included, its last not) at most `limit`
 * starts. It keeps the time of each start, at most `limit` of them.
 *
 * When the clock steps back, a start that is then in the future counts as of now: it happened earlier, so it stays in the
 * window too long rather than too short, and nobody waits for longer than a period.
 */
export class RateWindow {
  readonly limit: number
  readonly periodMs: number
  #starts: number[]

  /**
   * @param limit starts a period, 1 or more; a user without a limit has no window
   * @param starts those that are known from before, ms; the limit may have been another one then
   */
  constructor(limit: number, periodMs: number, starts: readonly number[] = []) {
    this.limit = limit
    this.periodMs = periodMs
    this.#starts = starts.toSorted((a, b) => a - b).slice(-limit)
  }

  /** How the user stands; counts nothing. @param now ms */
  check(now: number): RateCheck {
    this.#settle(now)
    const [oldest] = this.#starts
    return { remaining: this.limit - this.#starts.length, resetAt: (oldest ?? now) + this.periodMs }
  }

  /** Counts a start. One for which there was no room counts as well. @param now ms */
  add(now: number): void {
    this.#settle(now)
    // Of more than the limit the newest decide when the next may start.
    this.#starts = [...this.#starts, now].slice(-this.limit)
  }

  #settle(now: number): void {
    this.#starts = this.#starts.map((at) => Math.min(at, now)).filter((at) => at > now - this.periodMs)
  }
}

/** A limit as its header fields tell it. */
export interface RatePolicy {
  /** What the limit is called: `[a-z0-9-]`, because it stands in quotes. */
  readonly name: string
  /** Requests a window. */
  readonly quota: number
  /** The window's length, s, or null when it has no fixed one (a month). */
  readonly windowS: number | null
  readonly remaining: number
  /** When there may be more than `remaining`, ms. */
  readonly resetAt: number
}

/** A window's limit for its header fields. */
export function policyOf(name: string, { limit, periodMs }: RateWindow, check: RateCheck): RatePolicy {
  const { remaining, resetAt } = check
  return { name, quota: limit, windowS: Math.ceil(periodMs / 1000), remaining, resetAt }
}

/**
 * The header fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11: Lists of Strings with
 * parameters `q`, `w` and `r`, `t`), and `Retry-After` when one of the limits is used up. It never says less than the
 * largest `t` of those (section 6), and a client obeys it first (section 7).
 * @param policies those that the request fell under; none: no header
 * @param now ms
 */
export function rateLimitHeaders(policies: readonly RatePolicy[], now: number): Record<string, string> {
  if (policies.length === 0) return {}
  const policy = policies.map(
    ({ name, quota, windowS }) => `"${name}";q=${quota}${windowS === null ? '' : `;w=${windowS}`}`,
  )
  const limit = policies.map(
    ({ name, remaining, resetAt }) => `"${name}";r=${remaining};t=${secondsUntil(resetAt, now)}`,
  )
  const waits = policies.filter(({ remaining }) => remaining <= 0).map(({ resetAt }) => secondsUntil(resetAt, now))
  return {
    'ratelimit-policy': policy.join(', '),
    ratelimit: limit.join(', '),
    ...(waits.length > 0 && { 'retry-after': String(Math.max(...waits)) }),
  }
}

/** Whole seconds until a time, rounded up, at least 1: who waits for them does not come too early. */
function secondsUntil(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1000))
}
