/** How long the answer to a probe may take, ms. */
const GRACE_MS = 8000

/** Finds out that a connection is dead though nobody closed it: a phone that changed networks gets no close. */
export class Liveness {
  readonly #quietMs: number
  readonly #probe: () => void
  readonly #dead: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param probe asks for a sign of life after `quietMs` without one; without an answer the connection is dead. */
  constructor(quietMs: number, probe: () => void, dead: () => void) {
    this.#quietMs = quietMs
    this.#probe = probe
    this.#dead = dead
  }

  /** A sign of life; the first one starts the watch. */
  sign(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.check(), this.#quietMs)
  }

  /** Asks now. */
  check(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#dead, GRACE_MS)
    this.#probe()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
