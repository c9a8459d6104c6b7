import { env } from 'cloudflare:workers'
import { base64url, SignJWT } from 'jose'
import { keepSecret } from './witness.ts'

/** What the Worker of these tests checks tokens with. */
export const SECRET = String(Reflect.get(env, 'JWT_SECRET'))
keepSecret(SECRET)

interface Wish {
  readonly scope?: string
  /** From now on, s; a fraction too. */
  readonly life?: number
  readonly secret?: string
}

/** A signed token of a user. */
export async function tokenOf(user: string, { scope, life = 600, secret = SECRET }: Wish = {}): Promise<string> {
  const token = await new SignJWT({ sub: user, ...(scope !== undefined && { scope }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Date.now() / 1000 + life)
    .sign(new TextEncoder().encode(secret))
  keepSecret(token)
  return token
}

/** A token that nobody signed. */
export function unsignedToken(user: string): string {
  const part = (claims: object) => base64url.encode(JSON.stringify(claims))
  return `${part({ alg: 'none' })}.${part({ sub: user, exp: Date.now() / 1000 + 600 })}.`
}

/** Every way of a token to be no good, by name. */
export async function badTokens(user: string): Promise<Readonly<Record<string, string>>> {
  const token = await tokenOf(user)
  return {
    'wrong signature': await tokenOf(user, { secret: 'a secret of somebody else, 32 bytes' }),
    expired: await tokenOf(user, { life: -60 }),
    'expired a moment ago': await tokenOf(user, { life: -0.5 }),
    'alg none': unsignedToken(user),
    'its signature left out': token.slice(0, token.lastIndexOf('.') + 1),
    'no token at all': 'let-me-in',
  }
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}
