import { FreshetError } from '../core/errors.ts'
import { monthlyUsage, monthOf, newQuota, type Quota, refund, reserve, resetDate, settle } from '../core/quota.ts'
import { policyOf, type RatePolicy, RateWindow } from '../core/rate-window.ts'
import { TODO_AGENT } from '../core/todo.ts'

const MINUTE_MS = 60_000

/** Limits of one user; 0: none. */
export interface AllowanceLimits {
  readonly perMinute: number
  /** The todo agent's own, counted beside the first (contract D5). */
  readonly agentPerMinute: number
  readonly agentPerMonth: number
}

/** A start that is known from storage. */
export interface PastStart {
  readonly requestId: string
  readonly agent: string
  /** ms. */
  readonly at: number
  readonly isRunning: boolean
}

/**
 * How many generations a user may begin: a sliding window, and a month's quota (SPEC RL). The hub is the only writer,
 * so it is exact: what is let in is counted in the same turn. Nothing is stored beside the requests' own rows and the
 * totals, which are written anyway.
 */
export class Allowance {
  readonly #limits: AllowanceLimits
  readonly #all: RateWindow | null
  readonly #agent: RateWindow | null
  #quota: Quota

  /** @param past starts of the last minute, and all that run @param quota as it was stored, or null */
  constructor(limits: AllowanceLimits, past: readonly PastStart[], quota: Quota | null, now: number) {
    this.#limits = limits
    const times = (of: (one: PastStart) => boolean) => past.filter(of).map(({ at }) => at)
    this.#all =
      limits.perMinute === 0
        ? null
        : new RateWindow(
            limits.perMinute,
            MINUTE_MS,
            times(() => true),
          )
    const isAgents = ({ agent }: PastStart): boolean => agent === TODO_AGENT
    this.#agent = limits.agentPerMinute === 0 ? null : new RateWindow(limits.agentPerMinute, MINUTE_MS, times(isAgents))
    // What ran when an earlier instance died is reserved by its row, in the month in which it began.
    const left = past.filter((one) => one.isRunning && isAgents(one)).toSorted((a, b) => a.at - b.at)
    this.#quota = quota ?? newQuota(left[0]?.at ?? now)
    for (const { requestId, at } of left) {
      if (monthOf(at) < this.#quota.month) continue
      this.#quota = reserve(this.#quota, requestId, Number.MAX_SAFE_INTEGER, at).quota
    }
  }

  /** What of the month has ended and counts: to be stored with the totals. */
  get stored(): Quota {
    return { ...this.#quota, running: [] }
  }

  /** Whether one may start now. Nothing is counted by it. @throws FreshetError `rate_limited`, `quota_exceeded` */
  check(agent: string, now: number): void {
    const isAgents = agent === TODO_AGENT
    const policies = this.#windowsOf(agent).map(({ name, window }) => policyOf(name, window, window.check(now)))
    this.#checkWindows(policies, isAgents, now)
    if (isAgents && this.#limits.agentPerMonth > 0) this.#checkMonth(policies, now)
  }

  /** Counts a start that was checked in the same turn. */
  count(requestId: string, agent: string, now: number): void {
    if (agent === TODO_AGENT && this.#limits.agentPerMonth > 0) {
      this.#quota = reserve(this.#quota, requestId, this.#limits.agentPerMonth, now).quota
    }
    for (const { window } of this.#windowsOf(agent)) window.add(now)
  }

  #windowsOf(agent: string): readonly { readonly name: string; readonly window: RateWindow }[] {
    return [
      ...(this.#all === null ? [] : [{ name: 'generations', window: this.#all }]),
      ...(agent === TODO_AGENT && this.#agent !== null ? [{ name: 'todo-agent', window: this.#agent }] : []),
    ]
  }

  #checkWindows(policies: readonly RatePolicy[], isAgents: boolean, now: number): void {
    const full = policies.filter(({ remaining }) => remaining <= 0)
    // One may start when all of them have room again.
    const last = full.toSorted((a, b) => a.resetAt - b.resetAt).at(-1)
    if (last !== undefined) {
      const words = `At most ${last.quota} requests a minute. Wait until the reset, then ask again.`
      // Whoever waits for the reset date waits for the window, not for the month.
      const reset_date = new Date(last.resetAt).toISOString()
      const usage = isAgents ? { ...this.#usage(now), reset_date } : null
      throw new FreshetError('rate_limited', words, { policies: [...policies], usage })
    }
  }

  /** A request has ended. @param counts false when nothing came of it by no fault of the user: it does not count */
  end(requestId: string, counts: boolean): void {
    this.#quota = counts ? settle(this.#quota, requestId) : refund(this.#quota, requestId)
  }

  #checkMonth(policies: readonly RatePolicy[], now: number): void {
    const limit = this.#limits.agentPerMonth
    if (monthlyUsage(this.#quota, limit, now).remaining_quota > 0) return
    const resetAt = Date.parse(resetDate(now))
    const month = { name: 'todo-agent-month', quota: limit, windowS: null, remaining: 0, resetAt }
    const words = `The month's ${limit} requests of the todo agent are used up. They begin anew on ${resetDate(now)}.`
    throw new FreshetError('quota_exceeded', words, { policies: [...policies, month], usage: this.#usage(now) })
  }

  #usage(now: number) {
    return monthlyUsage(this.#quota, this.#limits.agentPerMonth, now)
  }
}
