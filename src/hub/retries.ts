import type { StartCommand } from '../core/commands.ts'
import { LIMITS } from '../core/limits.ts'

/** What of a request matters here; a row of the store is one. */
export interface Retriable {
  readonly request_id: string
  readonly start_seq: number
  readonly started_at: number
  readonly ended_at: number | null
  /** 1 when it ended and nobody was there. */
  readonly unseen: number
}

interface RetryPorts {
  now(): number
  /** Requests with a key that run or ended since (ms), newest first. */
  withKey(retryKey: string, since: number): readonly Retriable[]
  /** True while a stream of it is open, or somebody waits for its end. */
  isRead(requestId: string): boolean
}

/** Which request a retry means that cannot name it (SPEC GE11, OA15). */
export class Retries {
  readonly #ports: RetryPorts
  /** When a retry joined a request, ms. */
  readonly #joined = new Map<string, number>()
  /** When calls with a key were refused, ms: what is tried again then was never begun. */
  readonly #refused = new Map<string, readonly number[]>()

  constructor(ports: RetryPorts) {
    this.#ports = ports
  }

  /**
   * Finds what a retry joins: the newest request with its key that nobody reads and whose end nobody saw. A caller who
   * says that it tries again (`isRetry`) has lost its first try's connection, which may go unnoticed here for a while: it
   * joins one that seems to be read, too, or whose end was told a moment ago, sooner than that the prompt runs twice.
   * @returns null when there is none, and when the call is no retry: then it is to be begun
   */
  find({ retryKey, isRetry }: Pick<StartCommand, 'retryKey' | 'isRetry'>): Retriable | null {
    if (retryKey === null || isRetry === false) return null
    const now = this.#ports.now()
    const rows = this.#ports.withKey(retryKey, now - LIMITS.retryJoinMs)
    const left = rows.filter(
      (row) => (row.ended_at === null || row.unseen === 1) && !this.#ports.isRead(row.request_id),
    )
    if (isRetry !== true) return left[0] ?? null
    if (this.#wasRefused(retryKey, now)) return null
    const told = rows.filter(({ ended_at: at }) => at === null || now - at < LIMITS.retryToldMs)
    const row = [...left, ...told].find((one) => !this.#isClaimed(one, now))
    if (row === undefined) return null
    for (const [id, at] of this.#joined) if (now - at >= LIMITS.retryClaimMs) this.#joined.delete(id)
    this.#joined.set(row.request_id, now)
    return row
  }

  /** A call was refused whose caller says when it tries again: that is to be begun then. Others begin anew in any case. */
  refused({ retryKey, isRetry }: Pick<StartCommand, 'retryKey' | 'isRetry'>): void {
    if (retryKey === null || isRetry === undefined) return
    const now = this.#ports.now()
    const since = now - LIMITS.retryJoinMs
    for (const [key, times] of this.#refused) if ((times.at(-1) ?? 0) <= since) this.#refused.delete(key)
    const recent = (this.#refused.get(retryKey) ?? []).filter((at) => at > since)
    this.#refused.set(retryKey, [...recent.slice(1 - LIMITS.refusalsKept), now])
  }

  /** Each refusal counts for one retry. */
  #wasRefused(retryKey: string, now: number): boolean {
    const times = (this.#refused.get(retryKey) ?? []).filter((at) => at > now - LIMITS.retryJoinMs)
    if (times.length <= 1) this.#refused.delete(retryKey)
    else this.#refused.set(retryKey, times.slice(1))
    return times.length > 0
  }

  /** Of several that were torn at once, each is joined by one of their retries. */
  #isClaimed({ request_id, started_at }: Retriable, now: number): boolean {
    return now - Math.max(started_at, this.#joined.get(request_id) ?? 0) < LIMITS.retryClaimMs
  }
}
