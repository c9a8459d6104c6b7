import { errors, type FetchImplementation, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import * as z from 'zod'
import { FreshetError } from '../../core/errors.ts'
import { nameOf } from '../identity.ts'
import { AuthFailure, type AuthReason } from './failure.ts'
import { type KeySource, keySourceOf } from './key-source.ts'
import type { JwtSettings } from './settings.ts'

/** Who a token says the caller is. */
export interface Identity {
  /** The token's `sub`. */
  readonly userId: string
  /** Whether `operator` is among the words of the token's `scope`. */
  readonly isOperator: boolean
  /** The token's `exp`, ms: connections end then. */
  readonly expiresAt: number
}

/** Checks tokens. */
export interface Verifier {
  /**
   * @param token as it came; null: none was sent
   * @throws AuthFailure whatever is wrong with the token
   * @throws FreshetError `unavailable` when the keys cannot be had, which says nothing about the token
   */
  verify(token: string | null): Promise<Identity>
}

interface Surroundings {
  readonly fetch?: FetchImplementation
  /** ms since 1970. */
  readonly now?: () => number
}

/** A token has some hundred characters, with many claims a thousand or two. */
const TOKEN_CHARS = 8192
/** How far our clock and the issuer's may differ, s. */
const LEEWAY_S = 5
/** The last second that a Date can hold. */
const LAST_SECOND = 8_640_000_000_000
/** Keys that are tried for a token that names none. */
const MOST_TRIED = 8
const OPERATOR = 'operator'

/** A checker of tokens. Keep one for as long as the settings hold: the fetched keys live in it. */
export function createVerifier(settings: JwtSettings, around: Surroundings = {}): Verifier {
  const now = around.now ?? (() => Date.now())
  const source = keySourceOf(settings.key, around.fetch ?? ((url, options) => fetch(url, options)), now)
  return {
    async verify(token) {
      if (token === null || token === '') throw new AuthFailure('missing')
      if (token.length > TOKEN_CHARS) throw new AuthFailure('malformed')
      const identity = identityOf(await claimsOf(token, source, optionsOf(settings, source, now())))
      // The leeway is for `nbf`: a connection ends with its token, so one that has ended begins none.
      if (identity.expiresAt <= now()) throw new AuthFailure('expired')
      return identity
    },
  }
}

function optionsOf({ issuer, audience }: JwtSettings, { algorithms }: KeySource, now: number): JWTVerifyOptions {
  const options: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: LEEWAY_S,
    currentDate: new Date(now),
  }
  if (issuer !== null) options.issuer = issuer
  if (audience !== null) options.audience = audience
  return options
}

async function claimsOf(token: string, { key }: KeySource, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, key, options)).payload
  } catch (error) {
    if (error instanceof FreshetError) throw error
    if (error instanceof errors.JWKSMultipleMatchingKeys) return claimsByAny(token, error, options)
    throw new AuthFailure(reasonOf(error))
  }
}

/** Checks a token that names no key, where several would do. */
async function claimsByAny(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tried = 0
  for await (const key of keys) {
    tried += 1
    if (tried > MOST_TRIED) break
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      // Any other fault is found after the signature, so it is the token's own.
      const reason = reasonOf(error)
      if (reason !== 'bad_signature') throw new AuthFailure(reason)
    }
  }
  throw new AuthFailure('bad_signature')
}

/** What each of jose's errors says about a token; a code that is new there does not compile until it stands here. */
const REASONS: Record<errors.AnyJOSEError['code'], AuthReason> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'bad_signature',
  ERR_JOSE_NOT_SUPPORTED: 'malformed',
  ERR_JWE_DECRYPTION_FAILED: 'malformed',
  ERR_JWE_INVALID: 'malformed',
  ERR_JWK_INVALID: 'bad_signature',
  ERR_JWKS_INVALID: 'bad_signature',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'bad_signature',
  ERR_JWKS_NO_MATCHING_KEY: 'bad_signature',
  ERR_JWKS_TIMEOUT: 'bad_signature',
  ERR_JWS_INVALID: 'malformed',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'bad_signature',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'malformed',
  ERR_JWT_EXPIRED: 'expired',
  ERR_JWT_INVALID: 'malformed',
}

function isKnown(code: string): code is keyof typeof REASONS {
  return Object.hasOwn(REASONS, code)
}

function reasonOf(error: unknown): AuthReason {
  if (error instanceof errors.JWTClaimValidationFailed) return reasonOfClaim(error.claim, error.reason)
  // What is no error of jose's is the platform's word on a key that it cannot use, e.g. one that is too short.
  return error instanceof errors.JOSEError && isKnown(error.code) ? REASONS[error.code] : 'bad_signature'
}

/** @param fault jose's word: `missing`, `invalid` (not of its type) or `check_failed` */
function reasonOfClaim(claim: string, fault: string): AuthReason {
  if (claim === 'iss') return 'wrong_issuer'
  if (claim === 'aud') return 'wrong_audience'
  if (claim === 'exp') return 'no_expiry'
  return claim === 'nbf' && fault === 'check_failed' ? 'not_yet_valid' : 'malformed'
}

const expirySchema = z.number().max(LAST_SECOND)
/** Words with single blanks between them (RFC 6749, section 3.3); anything else gives no rights and is no fault. */
const scopeSchema = z.string().catch('')

/** What the claims of a token that is signed and valid say of the caller. */
function identityOf(claims: JWTPayload): Identity {
  const expiry = expirySchema.safeParse(claims.exp)
  if (!expiry.success) throw new AuthFailure('no_expiry')
  const scopes = scopeSchema.parse(claims['scope']).split(' ')
  return {
    userId: userIdOf(claims.sub),
    isOperator: scopes.includes(OPERATOR),
    expiresAt: Math.floor(expiry.data * 1000),
  }
}

function userIdOf(subject: unknown): string {
  // A lone surrogate has no UTF-8: two such names could become one on their way to a hub.
  if (typeof subject !== 'string' || !subject.isWellFormed()) throw new AuthFailure('no_subject')
  try {
    const name = nameOf({ header: subject, query: undefined })
    if (name !== null) return name
  } catch {
    // Too long, or with control characters (ID1).
  }
  throw new AuthFailure('no_subject')
}
