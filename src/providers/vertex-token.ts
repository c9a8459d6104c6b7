import * as z from 'zod'
import { ProviderFailure } from '../core/model.ts'
import type { Fetch } from './guard-fetch.ts'
import { statusFailure, streamFailure, unreachable } from './map-error.ts'
import { retryAfterSeconds } from './retry-after.ts'

const TOKEN_URL = 'https://oauth2.googleapis.com/token'
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
/** The longest that Google accepts. */
const ASSERTION_S = 3600
/** A token is not used so shortly before its end: the call takes time, and clocks differ. */
const SPARE_MS = 60_000

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() })

/** A service account of Google Cloud, with the token that it last got. */
export interface ServiceAccount {
  readonly email: string
  /** PKCS #8. */
  readonly key: Uint8Array<ArrayBuffer>
  token: { readonly value: string; readonly until: number } | null
}

const PEM = /^-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----$/

/**
 * The bytes of a private key.
 * @param pem its line ends as they are, or written as `\n`, as Google's JSON files have them.
 * @returns null when it is none; whether the key in it can sign shows when it has to.
 */
export function readPem(pem: string): Uint8Array<ArrayBuffer> | null {
  const [, base64] = PEM.exec(pem.replaceAll('\\n', '\n').trim()) ?? []
  if (base64 === undefined) return null
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

/**
 * A fetch that brings an access token of the account, a new one when the last runs out. The SDK would get one for
 * each call, by a fetch that cannot be aborted.
 */
export function bearerFetch(inner: Fetch, account: ServiceAccount): Fetch {
  return async (input, init) => {
    const token = await tokenOf(inner, account, init?.signal ?? null)
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${token}`)
    return inner(input, { ...init, headers })
  }
}

async function tokenOf(inner: Fetch, account: ServiceAccount, signal: AbortSignal | null): Promise<string> {
  if (account.token !== null && Date.now() < account.token.until - SPARE_MS) return account.token.value
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await assertionOf(account, Math.floor(Date.now() / 1000)),
  })
  const response = await inner(TOKEN_URL, { method: 'POST', body, redirect: 'manual', signal }).catch(() => {
    throw unreachable()
  })
  if (!response.ok) {
    response.body?.cancel().catch(() => undefined)
    throw statusFailure(
      response.status,
      retryAfterSeconds(response.headers.get('retry-after') ?? undefined, Date.now()),
    )
  }
  const answer: unknown = await response.json().catch(() => null)
  const { data } = tokenSchema.safeParse(answer)
  if (data === undefined) throw streamFailure()
  account.token = { value: data.access_token, until: Date.now() + data.expires_in * 1000 }
  return data.access_token
}

/** A JWT that asks for a token (RFC 7523). */
async function assertionOf({ email, key }: ServiceAccount, nowS: number): Promise<string> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const signer = await crypto.subtle.importKey('pkcs8', key, algorithm, false, ['sign']).catch(() => {
    throw new ProviderFailure('provider_error', "The private key of the model provider's account cannot be read.")
  })
  const claims = { iss: email, scope: SCOPE, aud: TOKEN_URL, iat: nowS, exp: nowS + ASSERTION_S }
  const signed = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) => base64Url(JSON.stringify(part))).join('.')
  const signature = await crypto.subtle.sign(algorithm.name, signer, new TextEncoder().encode(signed))
  return `${signed}.${base64Url(String.fromCharCode(...new Uint8Array(signature)))}`
}

/** @param bytes a character a byte. */
function base64Url(bytes: string): string {
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
