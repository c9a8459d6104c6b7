import { LIMITS } from './limits.ts'

/**
 * Gathers a provider's deltas into what goes out together (SPEC GA). Pure: times (ms) come in, due times go out;
 * whoever owns it keeps the timer.
 */
export class Gatherer {
  #deltas: string[] = []
  #chars = 0
  #lastTaken: number | null = null

  /** Adds a delta; an empty one is nothing. */
  add(delta: string): void {
    if (delta === '') return
    this.#deltas.push(delta)
    this.#chars += delta.length
  }

  /**
   * When what is gathered must go out: null when there is nothing, a time in the past when at once.
   * @param watched someone would see it
   */
  dueAt(watched: boolean): number | null {
    if (this.#deltas.length === 0) return null
    if (this.#lastTaken === null) return Number.NEGATIVE_INFINITY
    if (this.#chars >= LIMITS.gatherChars || this.#deltas.length >= LIMITS.gatherDeltas) return Number.NEGATIVE_INFINITY
    return this.#lastTaken + (watched ? LIMITS.gatherWatchedMs : LIMITS.gatherUnwatchedMs)
  }

  /** Takes everything that is gathered. */
  take(now: number): readonly string[] {
    const taken = this.#deltas
    this.#deltas = []
    this.#chars = 0
    if (taken.length > 0) this.#lastTaken = now
    return taken
  }
}

/** Cuts a text into pieces of at most `most` characters, never between the halves of a surrogate pair (LG7). */
export function cutText(text: string, most: number): readonly string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + most)
    const last = text.charCodeAt(end - 1)
    if (end < text.length && last >= 0xd800 && last <= 0xdbff && end - at > 1) end -= 1
    pieces.push(text.slice(at, end))
    at = end
  }
  return pieces
}
