import type { FetchImplementation } from 'jose'

/** A key set is a few kilobytes; one with certificate chains some ten. */
const MOST_BYTES = 256 * 1024
/** After a failure the address is left alone for so long, ms: otherwise each bad token would be one more call to it. */
const AFTER_FAILURE_MS = 5000
/** Fetches that may follow one another at once, so that new keys count from their first token on, however soon it comes. */
const BURST = 5
/** Then one more each time, ms: made-up key ids cost no more than that. */
const REFILL_MS = 6000
/** How often a request looks whether another one's call is done, ms. */
const LOOK_MS = 20

/** The key set was asked for too often, by tokens with key ids that it does not have. */
export class AskedTooOften extends Error {
  /** When the set was fetched last, ms. */
  readonly fetchedAt: number

  constructor(fetchedAt: number) {
    super('the key set was asked for too often')
    this.fetchedAt = fetchedAt
  }
}

/** A call that is under way. */
interface Call {
  /** When it began, ms. */
  readonly since: number
  text: string | null
}

/**
 * Fetches a key set once for all requests of an isolate that want it at the same time. On Workers jose lets each request
 * fetch for itself, because a promise of one request must not be awaited by another, which hangs when the first is
 * cancelled. So those that come later look at what is under way with timers of their own and take its text.
 * @param plain makes the call; its answer must be 200
 * @param now ms
 * @param timeoutMs a call older than this belongs to a request that has gone, so the next one calls again
 * @returns a function that rejects when the address cannot be reached, says anything but 200, says too much, or failed a
 * moment ago; with `AskedTooOften` when it has been called more than is good for the issuer
 */
export function keyFetch(plain: FetchImplementation, now: () => number, timeoutMs: number): FetchImplementation {
  let call: Call | null = null
  let failedAt = Number.NEGATIVE_INFINITY
  let fetchedAt = Number.NEGATIVE_INFINITY
  /** When the last of the burst is paid back, ms. */
  let paidAt = Number.NEGATIVE_INFINITY

  const start = async (...[url, options]: Parameters<FetchImplementation>): Promise<Response> => {
    const own: Call = { since: now(), text: null }
    // After a step back of the clock the count begins anew.
    paidAt = Math.max(own.since, paidAt > own.since + BURST * REFILL_MS ? own.since : paidAt) + REFILL_MS
    call = own
    try {
      const response = await plain(url, options)
      own.text = await textOf(response)
      fetchedAt = now()
      return new Response(own.text)
    } catch (error) {
      failedAt = now()
      throw error
    } finally {
      if (call === own) call = null
    }
  }

  return async (url, options) => {
    for (let other = call; other !== null && age(now(), other.since) < timeoutMs; other = call) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      if (other.text !== null) return new Response(other.text)
      options.signal.throwIfAborted()
    }
    if (age(now(), failedAt) < AFTER_FAILURE_MS) throw new Error('the key set could not be fetched a moment ago')
    const isDue = paidAt - now() <= (BURST - 1) * REFILL_MS || paidAt - now() > BURST * REFILL_MS
    if (!isDue) throw new AskedTooOften(fetchedAt)
    return start(url, options)
  }
}

/** How long ago something was, ms. When the clock has stepped back since, nobody knows: then it is over. */
function age(now: number, since: number): number {
  return now < since ? Number.POSITIVE_INFINITY : now - since
}

async function textOf(response: Response): Promise<string> {
  if (response.status !== 200) throw new Error(`the key set's address answered ${response.status}`)
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength
    if (bytes > MOST_BYTES) throw new Error('the key set is too large')
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}
