import { tidySse } from './tidy-sse.ts'

/** The platform's fetch. */
export type Fetch = typeof globalThis.fetch

/**
 * A fetch for model providers that lets in only what is needed:
 * - redirects are not followed, so that prompt and key go where the configuration says and nowhere else;
 * - of a response that is not ok, the status and `retry-after`: its text is never shown, and it may be endless;
 * - of one that is, the body as `tidySse` leaves it.
 */
export function guardFetch(inner: Fetch, maxEventChars: number): Fetch {
  return async (input, init) => {
    const response = await inner(input, { ...init, redirect: 'manual' })
    const { status, body } = response
    if (response.ok) return new Response(body?.pipeThrough(tidySse(maxEventChars)) ?? null, { status })
    // Whether letting go of a body that nobody reads works is nobody's concern.
    body?.cancel().catch(() => undefined)
    const retryAfter = response.headers.get('retry-after')
    return new Response(null, { status, headers: retryAfter === null ? {} : { 'retry-after': retryAfter } })
  }
}
