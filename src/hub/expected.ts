/** How long a place is kept, ms: the edge comes for it at once, or its caller has gone. */
const KEPT_MS = 5000

/** A stream that is on its way to its request. */
interface Place {
  readonly requestId: string
  readonly until: number
  /** True where the request was begun for it, false where it joins one (GE11). */
  readonly isStarters: boolean
}

/**
 * Streams that are on their way to their requests: each has its place among the connections, and its request is read by
 * it already (GE11). In memory only: a lost place is a free one.
 */
export class Expected {
  #places: readonly Place[] = []

  add(requestId: string, isStarters: boolean, now: number): void {
    this.#places = [...this.#standing(now), { requestId, until: now + KEPT_MS, isStarters }]
  }

  /** Takes a place that is kept for a request's stream. @returns null when there is none */
  came(requestId: string, now: number): Place | null {
    const standing = this.#standing(now)
    const at = standing.findIndex((place) => place.requestId === requestId)
    this.#places = at === -1 ? standing : standing.toSpliced(at, 1)
    return standing[at] ?? null
  }

  has(requestId: string, now: number): boolean {
    return this.#standing(now).some((place) => place.requestId === requestId)
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
