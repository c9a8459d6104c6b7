import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose'
import { FreshetError } from '../../core/errors.ts'
import { AskedTooOften, keyFetch } from './key-fetch.ts'
import type { JwtSettings } from './settings.ts'

/** How long a fetch of the key set may take, ms. */
const TIMEOUT_MS = 5000
/** Keys are fetched anew at this age, ms: so long a key that the issuer has taken back still counts. */
const MAX_AGE_MS = 600_000

/** The key or keys of the service, and the closed list of algorithms that go with that kind of key. */
export interface KeySource {
  readonly key: Uint8Array | JWTVerifyGetKey
  readonly algorithms: readonly string[]
}

/**
 * The key or keys to check tokens with. A secret never goes with an algorithm of public keys nor the other way round, so
 * nobody can use a public key as a secret; `none` is in neither list. `Ed25519` is RFC 9864's name for what `EdDSA` is here.
 * @param now ms
 */
export function keySourceOf(key: JwtSettings['key'], fetch: FetchImplementation, now: () => number): KeySource {
  if ('secret' in key) return { key: key.secret, algorithms: ['HS256'] }
  const keys = createRemoteJWKSet(key.jwksUrl, {
    timeoutDuration: TIMEOUT_MS,
    cacheMaxAge: MAX_AGE_MS,
    // What bounds the fetches for unknown key ids is `keyFetch`.
    cooldownDuration: 0,
    [customFetch]: keyFetch(fetch, now, TIMEOUT_MS),
  })
  return {
    key: async (header, token) => {
      try {
        return await keys(header, token)
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
        // The set is fresh and has no such key, so far as one may ask.
        if (error instanceof AskedTooOften && now() - error.fetchedAt < MAX_AGE_MS) throw new errors.JWKSNoMatchingKey()
        // The fetch failed, or what came is not a set of public keys. That says nothing about the token.
        throw new FreshetError(
          'unavailable',
          'The keys that tokens are checked with cannot be had now. Try again soon.',
        )
      }
    },
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
  }
}
