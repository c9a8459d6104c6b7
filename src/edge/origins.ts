import { FreshetError } from '../core/errors.ts'

/**
 * Lets in a socket or stream of a browser only from the service itself or an allowed origin; callers that are no
 * browser send no Origin (contract, "Who is calling").
 * @throws FreshetError `origin_not_allowed`
 */
export function checkOrigin(request: Request, allowed: readonly string[]): void {
  const origin = request.headers.get('origin')
  if (origin === null || allowed.includes(origin) || origin === new URL(request.url).origin) return
  throw new FreshetError('origin_not_allowed', 'Pages of this origin may not connect. Add it to ALLOWED_ORIGINS.')
}
