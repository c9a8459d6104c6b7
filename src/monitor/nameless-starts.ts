/** How long a start is remembered, ms: as long as an answer may take that can be asked for so, and a retry may come after. */
const KEPT_MS = 200_000
/** Starts that are remembered of one caller, and of all: the oldest go first. */
const MOST_EACH = 8
const MOST = 20_000

/**
 * Where nameless callers went lately, by what their retries would have in common with them (GE11). In memory only, of a
 * service in open mode only: who is forgotten has its prompt run again.
 */
export class NamelessStarts {
  readonly #byPrint = new Map<string, readonly { readonly privateKey: string; readonly at: number }[]>()

  /**
   * Remembers a start.
   * @param print a hash of who starts and what
   * @param privateKey of the new hub
   * @returns the keys of the hubs of earlier ones, newest first
   */
  add(print: string, privateKey: string, now: number): readonly string[] {
    const earlier = (this.#byPrint.get(print) ?? []).filter(({ at }) => at > now - KEPT_MS && at <= now)
    // Anew at the end: the first of the map are those that were used longest ago.
    this.#byPrint.delete(print)
    this.#byPrint.set(print, [{ privateKey, at: now }, ...earlier].slice(0, MOST_EACH))
    for (const [oldest, starts] of this.#byPrint) {
      const isOver = (starts[0]?.at ?? 0) <= now - KEPT_MS
      if (!isOver && this.#byPrint.size <= MOST) break
      this.#byPrint.delete(oldest)
    }
    return earlier.map((start) => start.privateKey)
  }

  /** Forgets a start that came to nothing. */
  drop(print: string, privateKey: string): void {
    const starts = (this.#byPrint.get(print) ?? []).filter((start) => start.privateKey !== privateKey)
    if (starts.length === 0) this.#byPrint.delete(print)
    else this.#byPrint.set(print, starts)
  }
}
