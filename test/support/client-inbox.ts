/** How long a test waits for something that must come. */
const PATIENCE_MS = 25_000

interface Waiter<T> {
  readonly wanted: (item: T) => boolean
  readonly resolve: (item: T) => void
  readonly reject: (error: Error) => void
}

/** What a client has received, in order, and the waiting for what is to come. */
export class Inbox<T> {
  readonly items: T[] = []
  readonly #taps: ((item: T) => void)[] = []
  readonly #waiters = new Set<Waiter<T>>()
  readonly #end = Promise.withResolvers<string>()
  #ended: string | null = null

  /** How it ended, or null while it is open. */
  get ended(): string | null {
    return this.#ended
  }

  /** Resolves with how it ended. */
  get end(): Promise<string> {
    return this.#end.promise
  }

  /** Hands everything on, what is here and what comes. */
  tap(take: (item: T) => void): void {
    this.items.forEach(take)
    this.#taps.push(take)
  }

  push(item: T): void {
    if (this.#ended !== null) return
    this.items.push(item)
    for (const tap of this.#taps) tap(item)
    for (const waiter of [...this.#waiters]) {
      if (!waiter.wanted(item)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(item)
    }
  }

  close(how: string): void {
    if (this.#ended !== null) return
    this.#ended = how
    for (const { reject } of this.#waiters) reject(new Error(`it ended (${how}) while something was awaited`))
    this.#waiters.clear()
    this.#end.resolve(how)
  }

  /**
   * The first item that satisfies, of those that are here and those that come.
   * @param from index of the first item that counts
   */
  until(wanted: (item: T) => boolean, from = 0): Promise<T> {
    const here = this.items.slice(from).find(wanted)
    if (here !== undefined) return Promise.resolve(here)
    if (this.#ended !== null)
      return Promise.reject(new Error(`it has ended (${this.#ended}); what is awaited never came`))
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiters.delete(waiter)
        const last = this.items.slice(-3).map((item) => JSON.stringify(item).slice(0, 300))
        reject(new Error(`never came: ${String(wanted)}; ${this.items.length} came, the last: ${last.join('\n')}`))
      }, PATIENCE_MS)
      const waiter: Waiter<T> = {
        wanted,
        resolve: (item) => {
          clearTimeout(late)
          resolve(item)
        },
        reject: (error) => {
          clearTimeout(late)
          reject(error)
        },
      }
      this.#waiters.add(waiter)
    })
  }
}

/** Asks again and again, for what nobody announces. @throws Error with the last answer */
export async function polled<T>(ask: () => Promise<T>, good: (answer: T) => boolean, withinMs: number): Promise<T> {
  const until = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (good(answer)) return answer
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
