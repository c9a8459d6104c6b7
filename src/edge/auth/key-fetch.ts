import type { FetchImplementation } from 'jose'

/** A key set is a few kilobytes; one with certificate chains some ten. */
const MOST_BYTES = 256 * 1024
/** After a failure the address is left alone for so long, ms: otherwise each bad token would be one more call to it. */
const AFTER_FAILURE_MS = 5000
/** How often a request looks whether another one's call is done, ms. */
const LOOK_MS = 20

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
 * moment ago
 */
export function keyFetch(plain: FetchImplementation, now: () => number, timeoutMs: number): FetchImplementation {
  let call: Call | null = null
  let failedAt = Number.NEGATIVE_INFINITY

  const start = async (...[url, options]: Parameters<FetchImplementation>): Promise<Response> => {
    const own: Call = { since: now(), text: null }
    call = own
    try {
      const response = await plain(url, options)
      own.text = await textOf(response)
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
