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

/** As `wrangler.toml` has it: the binding does not tell. */
const ADDRESS = { quota: 6000, windowS: 60 } as const

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
  // The platform does not say when its window ends: at the latest after the whole of it.
  const { quota, windowS } = ADDRESS
  const policy = { name: 'address', quota, windowS, remaining: 0, resetAt: Date.now() + windowS * 1000 }
  const words = 'Too many requests come from this address. Wait a minute, then try again.'
  throw new FreshetError('rate_limited', words, { policies: [policy], usage: null })
}
