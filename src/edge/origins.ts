import { FreshetError } from '../core/errors.ts'

/**
 * Lets in a socket, a stream or a change of a browser only from the service itself or an allowed origin; callers that are no
 * browser send no Origin (contract, "Who is calling").
 * @throws FreshetError `origin_not_allowed`
 */
export function checkOrigin(request: Request, allowed: readonly string[]): void {
  const origin = request.headers.get('origin')
  // A page of another site can make a browser fetch an address, as an image or a link, without its origin being told.
  const isForeign = origin === null && request.headers.get('sec-fetch-site') === 'cross-site'
  if (!isForeign && (origin === null || allowed.includes(origin) || origin === new URL(request.url).origin)) return
  throw new FreshetError('origin_not_allowed', 'Pages of this origin may not connect. Add it to ALLOWED_ORIGINS.')
}
