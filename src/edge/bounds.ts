import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { EdgeContext } from './context.ts'

/**
 * Bounds on what comes before any parser: address and headers; workerd takes 70 KB of them and more.
 * @throws FreshetError `url_too_long`, `headers_too_large`
 */
export function checkSizes(request: Request): void {
  if (request.url.length > LIMITS.urlChars) {
    throw new FreshetError('url_too_long', `An address may have at most ${LIMITS.urlChars} characters. Use POST.`)
  }
  let chars = 0
  for (const [name, value] of request.headers) chars += name.length + value.length
  if (chars > LIMITS.headerChars) {
    throw new FreshetError('headers_too_large', `Headers may have at most ${LIMITS.headerChars} characters together.`)
  }
}

/**
 * The platform's limit for an address, before it is known who calls (RL3). Callers without an address, as in tests, have
 * none.
 * @throws FreshetError `rate_limited`
 */
export async function checkAddress(c: EdgeContext): Promise<void> {
  const address = c.req.header('cf-connecting-ip')
  if (address === undefined) return
  const { success } = await c.env.ADDRESS_LIMIT.limit({ key: address })
  if (success) return
  throw new FreshetError('rate_limited', 'Too many requests come from this address. Wait a minute, then try again.')
}
