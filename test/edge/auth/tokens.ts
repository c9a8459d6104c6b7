import { CompactSign, type JWTHeaderParameters } from 'jose'
import { FreshetError } from '../../../src/core/errors.ts'
import { AuthFailure } from '../../../src/edge/auth/failure.ts'
import type { Verifier } from '../../../src/edge/auth/verify-token.ts'

/** The time in these tests, ms. */
export const NOW = Date.UTC(2026, 10, 20, 12)
/** The same in seconds, as tokens have it. */
export const NOW_S = NOW / 1000

export const SECRET = new TextEncoder().encode('a secret of exactly 32 bytes....')

/** Claims of a good token. */
export const GOOD = { sub: 'ann', exp: NOW_S + 60 }

/** A token with any claims at all, an object or not, signed. */
export async function tokenOf(
  claims: unknown,
  key: CryptoKey | Uint8Array = SECRET,
  header: JWTHeaderParameters = { alg: 'HS256' },
): Promise<string> {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
  return new CompactSign(new TextEncoder().encode(text)).setProtectedHeader(header).sign(key)
}

/** How a verifier answers: `ok`, the reason why not, or the code of an error. Anything else is thrown on. */
export async function outcomeOf(verifier: Verifier, token: string | null): Promise<string> {
  try {
    await verifier.verify(token)
    return 'ok'
  } catch (error) {
    if (error instanceof AuthFailure) return error.reason
    if (error instanceof FreshetError) return error.code
    throw error
  }
}
