import * as z from 'zod'
import { FreshetError } from '../../core/errors.ts'

/** How tokens are checked: with exactly one of a secret and a key set. */
export interface JwtSettings {
  readonly key: { readonly secret: Uint8Array } | { readonly jwksUrl: URL }
  /** What `iss` must be; null: anything. */
  readonly issuer: string | null
  /** What `aud` must be or hold; null: anything. */
  readonly audience: string | null
}

/** HS256 needs a key as long as its hash (RFC 7518, section 3.2). */
const SECRET_BYTES = 32

const secret = z
  .string({ error: 'must be text' })
  .transform((text) => new TextEncoder().encode(text))
  .refine((bytes) => bytes.length >= SECRET_BYTES, { error: `must have at least ${SECRET_BYTES} bytes` })

const jwksUrl = z.string({ error: 'must be text' }).transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null
  const message = url === null ? 'must be an address such as https://issuer.example/jwks.json' : complaintOf(url)
  if (url !== null && message === null) return url
  context.addIssue({ code: 'custom', message: message ?? 'is not valid' })
  return z.NEVER
})

const name = z.string({ error: 'must be text' }).min(1, { error: 'must not be empty' }).optional()

const schema = z.object({
  JWT_SECRET: secret.optional(),
  JWKS_URL: jwksUrl.optional(),
  JWT_ISSUER: name,
  JWT_AUDIENCE: name,
})

/**
 * How tokens are checked, from the variables of the contract's table that belong to `AUTH_MODE=jwt`.
 * @param variables holds `JWT_SECRET` or `JWKS_URL`, and `JWT_ISSUER`, `JWT_AUDIENCE` when set; others are not looked at
 * @throws FreshetError `config_invalid` with a sentence that names the variable and never its value
 */
export function jwtSettingsOf(variables: object): JwtSettings {
  const parsed = schema.safeParse(variables)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw senseless(`The variable ${String(issue?.path[0])} makes no sense: it ${issue?.message}.`)
  }
  const { JWT_SECRET, JWKS_URL, JWT_ISSUER, JWT_AUDIENCE } = parsed.data
  const checks = { issuer: JWT_ISSUER ?? null, audience: JWT_AUDIENCE ?? null }
  if (JWT_SECRET !== undefined && JWKS_URL !== undefined) {
    throw senseless('JWT_SECRET and JWKS_URL are both set. Tokens are checked with one of them: remove the other.')
  }
  if (JWT_SECRET !== undefined) return { key: { secret: JWT_SECRET }, ...checks }
  if (JWKS_URL !== undefined) return { key: { jwksUrl: JWKS_URL }, ...checks }
  throw senseless('AUTH_MODE is jwt, but neither JWT_SECRET nor JWKS_URL is set. Set one of them.')
}

function senseless(words: string): FreshetError {
  return new FreshetError('config_invalid', words)
}

/** What is wrong with the address of a key set, or null. */
function complaintOf(url: URL): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://'
  // `fetch` refuses such an address, and it would stand in logs.
  if (url.username !== '' || url.password !== '') return 'must hold no user name and no password'
  // Whoever can change the answer on its way can sign tokens.
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return 'must begin with https:// unless it is on this machine'
  return null
}

/** @param hostname as `URL` writes it: lower case, addresses in their usual form */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
