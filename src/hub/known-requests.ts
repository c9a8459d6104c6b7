/**
 * Ids of requests that run, and of those that a retry could mean, so that no table is looked through for them. What each of
 * them is, its row says.
 */
export class KnownRequests {
  readonly #running = new Set<string>()
  /** By their retry keys (GE11). */
  readonly #keyed = new Map<string, Set<string>>()
  /** Those with a key that have ended, the first first, and when, ms. */
  readonly #ended: { readonly requestId: string; readonly retryKey: string; readonly at: number }[] = []

  began(requestId: string, retryKey: string | null): void {
    this.#running.add(requestId)
    this.#note(requestId, retryKey)
  }

  /** @param at when it ended, ms */
  ended(requestId: string, retryKey: string | null, at: number): void {
    this.#running.delete(requestId)
    if (retryKey === null) return
    this.#note(requestId, retryKey)
    this.#ended.push({ requestId, retryKey, at })
  }

  /** Lets go of those that ended before, ms: no retry means them any more. */
  forgetBefore(at: number): void {
    for (let first = this.#ended[0]; first !== undefined && first.at < at; first = this.#ended[0]) {
      this.#ended.shift()
      const ids = this.#keyed.get(first.retryKey)
      ids?.delete(first.requestId)
      if (ids?.size === 0) this.#keyed.delete(first.retryKey)
    }
  }

  get running(): readonly string[] {
    return [...this.#running]
  }

  withKey(retryKey: string): readonly string[] {
    return [...(this.#keyed.get(retryKey) ?? [])]
  }

  #note(requestId: string, retryKey: string | null): void {
    if (retryKey === null) return
    this.#keyed.set(retryKey, (this.#keyed.get(retryKey) ?? new Set()).add(requestId))
  }
}
