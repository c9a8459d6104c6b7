import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ModelProvider } from '../../../src/core/model.ts'
import type { Fetch } from '../../../src/providers/guard-fetch.ts'
import { ask, run, SAID } from '../helpers.ts'
import { geminiWire } from './frames.ts'
import { made } from './kinds.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
const EMAIL = 'svc@p-1.iam.gserviceaccount.com'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'

function vertex(fetch: Fetch, pem = PEM): ModelProvider {
  const settings = { PROJECT: 'p-1', LOCATION: 'us', CLIENT_EMAIL: EMAIL, PRIVATE_KEY: pem }
  return made({ name: 'test-llm', kind: 'google-vertex', model: 'm-1' }, settings, { fetch })
}

/** Google's two services: tokens `t1`, `t2` … of an hour, and an answer. `calls` has what each was asked with. */
function google(token: (n: number) => Response = (n) => Response.json({ access_token: `t${n}`, expires_in: 3600 })) {
  const calls: string[] = []
  const assertions: string[] = []
  const fetch: Fetch = async (input, init) => {
    if (new Request(input).url === TOKEN_URL) {
      assertions.push(new URLSearchParams(await new Response(init?.body ?? null).text()).get('assertion') ?? '')
      calls.push('token')
      return token(assertions.length)
    }
    calls.push(new Headers(init?.headers).get('authorization') ?? '')
    return new Response(Buffer.concat([geminiWire.text('a'), geminiWire.end]))
  }
  return { fetch, calls, assertions }
}

describe('the token of a service account', () => {
  afterEach(() => void vi.useRealTimers())

  test.each([PEM, PEM.replaceAll('\n', '\\n')])(
    '[PR1] is asked for with what the key has signed, case %#',
    async (pem) => {
      vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 })
      const { fetch, assertions } = google()
      expect((await run(vertex(fetch, pem))).text).toBe('a')
      const [head = '', claims = '', signature = ''] = assertions[0]?.split('.') ?? []
      expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT' })
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
        iss: EMAIL,
        scope: 'https://www.googleapis.com/auth/cloud-platform',
        aud: TOKEN_URL,
        iat: 1_800_000_000,
        exp: 1_800_003_600,
      })
      const signed = Buffer.from(`${head}.${claims}`)
      expect(
        verify(
          'sha256',
          signed,
          createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
          Buffer.from(signature, 'base64url'),
        ),
      ).toBe(true)
    },
  )

  test('[PR1] is used until shortly before its end', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 })
    const { fetch, calls } = google()
    const provider = vertex(fetch)
    await run(provider)
    vi.advanceTimersByTime(3_539_000)
    await run(provider)
    vi.advanceTimersByTime(1000)
    await run(provider)
    expect(calls).toEqual(['token', 'Bearer t1', 'Bearer t1', 'token', 'Bearer t2'])
  })

  test.each([
    [() => new Response(SAID, { status: 401 }), { code: 'provider_error', status: 401 }],
    [
      () => new Response(SAID, { status: 429, headers: { 'retry-after': '9' } }),
      { code: 'provider_rate_limited', status: 429, retryAfterS: 9 },
    ],
    [
      () => new Response(null, { status: 302, headers: { location: 'https://x/' } }),
      { code: 'provider_error', status: 302 },
    ],
    [() => new Response(SAID), { code: 'provider_error', status: null }],
    [() => Response.json({ said: SAID }), { code: 'provider_error', status: null }],
    [
      () => {
        throw new TypeError(SAID)
      },
      { code: 'provider_error', status: null },
    ],
  ])('[PR1] [PR3] that is not given is a failure, case %#', async (token, failure) => {
    const { fetch, calls } = google(token)
    expect(await run(vertex(fetch))).toMatchObject({ parts: [], failure })
    expect(calls).toEqual(['token'])
  })

  test('[PR1] [PR3] of a key that is none is a failure', async () => {
    const { fetch, calls } = google()
    const { failure } = await run(vertex(fetch, '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'))
    expect(failure?.code).toBe('provider_error')
    expect(calls).toEqual([])
  })

  test('[PR1] is not waited for after an abort', async () => {
    const abort = new AbortController()
    const asked = Promise.withResolvers<AbortSignal | null | undefined>()
    const fetch: Fetch = (_input, init) => {
      asked.resolve(init?.signal)
      return new Promise(() => undefined)
    }
    const first = vertex(fetch).stream(ask(), abort.signal)[Symbol.asyncIterator]().next()
    const signal = await asked.promise
    abort.abort()
    expect(await first).toEqual({ done: true, value: undefined })
    expect(signal?.aborted).toBe(true)
  })
})
