/** How long a place is kept, ms: the edge comes for it at once, or its caller has gone. */
const KEPT_MS = 5000

/** Streams of requests that were begun for them and have not come yet. In memory only: a lost place is a free one. */
export class Expected {
  #places: readonly { readonly requestId: string; readonly until: number }[] = []

  add(requestId: string, now: number): void {
    this.#places = [...this.#standing(now), { requestId, until: now + KEPT_MS }]
  }

  /** Takes a place that is kept for a request's stream. @returns false when there is none */
  came(requestId: string, now: number): boolean {
    const standing = this.#standing(now)
    const at = standing.findIndex((place) => place.requestId === requestId)
    this.#places = at === -1 ? standing : standing.toSpliced(at, 1)
    return at !== -1
  }

  count(now: number): number {
    this.#places = this.#standing(now)
    return this.#places.length
  }

  #standing(now: number) {
    // A clock that stepped back does not keep a place for longer.
    return this.#places.filter(({ until }) => until > now && until <= now + KEPT_MS)
  }
}
