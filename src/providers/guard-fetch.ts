import { ProviderFailure } from '../core/model.ts'
import { unreachable } from './map-error.ts'
import { tidyEventStream } from './tidy-event-stream.ts'
import { tidySse } from './tidy-sse.ts'

/** The platform's fetch. */
export type Fetch = typeof globalThis.fetch

/** One event of a provider's stream, characters or bytes: a delta has some ten, a whole tool call some thousands. */
export const MAX_EVENT = 1024 * 1024

/**
 * A fetch for model providers that lets in only what is needed:
 * - redirects are not followed, so that prompt and key go where the configuration says and nowhere else;
 * - of a response that is not ok, the status and `retry-after`: its text is never shown, and it may be endless;
 * - of one that is, the body as `tidy` leaves it, and only until the caller's signal aborts;
 * - of a call that came to nothing, that it did.
 */
export function guardFetch(inner: Fetch, tidy: () => TransformStream<Uint8Array, Uint8Array>): Fetch {
  return async (input, init) => {
    const response = await reach(() => inner(input, { ...init, redirect: 'manual' }))
    const { status, body } = response
    // The signal here too: a platform that does not carry it over to the body must not keep anyone reading.
    const until = init?.signal ? { signal: init.signal } : {}
    if (response.ok) return new Response(body?.pipeThrough(tidy(), until) ?? null, { status })
    // Whether letting go of a body that nobody reads works is nobody's concern.
    body?.cancel().catch(() => undefined)
    const retryAfter = response.headers.get('retry-after')
    return new Response(null, { status, headers: retryAfter === null ? {} : { 'retry-after': retryAfter } })
  }
}

/** For a provider that answers with server-sent events. */
export function guardSse(inner: Fetch): Fetch {
  return guardFetch(inner, () => tidySse(MAX_EVENT))
}

/** For a provider that answers with AWS's binary event stream. */
export function guardEventStream(inner: Fetch): Fetch {
  return guardFetch(inner, () => tidyEventStream(MAX_EVENT))
}

/** What a call comes to, or that it could not be made: why is not ours to tell, unless we said it ourselves. */
async function reach(call: () => Promise<Response>): Promise<Response> {
  try {
    return await call()
  } catch (error) {
    throw error instanceof ProviderFailure ? error : unreachable()
  }
}
