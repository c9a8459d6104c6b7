import fc from 'fast-check'
import { exportJWK } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { keyFetch } from '../../../src/edge/auth/key-fetch.ts'
import { createVerifier, type Verifier } from '../../../src/edge/auth/verify-token.ts'
import { type IssuerKey, issuerKey, KeyServer } from './key-server.ts'
import { GOOD, NOW, outcomeOf, tokenOf } from './tokens.ts'

const KINDS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const

let keys: readonly IssuerKey[] = []
let first: IssuerKey
let second: IssuerKey
let server: KeyServer
let verifier: Verifier

beforeAll(async () => {
  keys = await Promise.all(KINDS.map((alg) => issuerKey(alg, `kid-${alg}`)))
  first = await issuerKey('ES256', 'first')
  second = await issuerKey('ES256', 'second')
})

beforeEach(async () => {
  // The time is the test's; the network's timers are real.
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  server = await KeyServer.start()
  verifier = createVerifier({ key: { jwksUrl: server.url }, issuer: null, audience: null })
})

afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  await server.stop()
})

/** Lets time go by. */
function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

function signedBy(key: IssuerKey, header: { kid?: string; alg?: string } = { kid: key.kid }): Promise<string> {
  return tokenOf({ ...GOOD, exp: Date.now() / 1000 + 3600 }, key.sign, { alg: key.alg, ...header })
}

describe('the keys of an issuer', () => {
  it('[ID7] RSA, EC and Ed25519 keys each check their own tokens and nobody else’s', async () => {
    server.publish(...keys.map(({ jwk }) => jwk))
    for (const key of keys) {
      for (const claimed of keys) {
        const outcome = await outcomeOf(verifier, await signedBy(key, { kid: claimed.kid }))
        expect({ key: key.kid, claimed: claimed.kid, outcome }).toEqual({
          key: key.kid,
          claimed: claimed.kid,
          outcome: key === claimed ? 'ok' : 'bad_signature',
        })
      }
    }
    expect(server.calls).toBeLessThanOrEqual(5)
  })

  it('[ID7] algorithms that are not on the list are refused, with a key in the set', async () => {
    for (const alg of ['RS384', 'RS512', 'PS512', 'ES384', 'ES512']) {
      const key = await issuerKey(alg, alg)
      server.publish(key.jwk, { ...key.jwk, alg: undefined, kid: 'open' })
      const fresh = createVerifier({ key: { jwksUrl: server.url }, issuer: null, audience: null })
      expect(await outcomeOf(fresh, await signedBy(key))).toBe('bad_signature')
      expect(await outcomeOf(fresh, await signedBy(key, { kid: 'open' }))).toBe('bad_signature')
    }
  })

  it('[ID7] a token that names no key is tried with each that would do', async () => {
    const bare = [first, second].map(({ jwk }) => ({ ...jwk, kid: undefined, alg: undefined }))
    const third = await issuerKey('ES256', 'third')
    server.publish(...keys.map(({ jwk }) => jwk), ...bare)
    expect(await outcomeOf(verifier, await signedBy(first, {}))).toBe('ok')
    expect(await outcomeOf(verifier, await signedBy(second, {}))).toBe('ok')
    expect(await outcomeOf(verifier, await signedBy(third, {}))).toBe('bad_signature')
    const late = await tokenOf({ sub: 'ann', exp: 1 }, second.sign, { alg: 'ES256' })
    expect(await outcomeOf(verifier, late)).toBe('expired')
  })

  it('[ID7] an RSA key that is too short checks nothing', async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
      true,
      ['sign', 'verify'],
    )
    server.publish({ ...(await exportJWK(publicKey)), kid: 'short', alg: 'RS256' })
    // By hand: jose signs with no such key either.
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signing = `${encode({ alg: 'RS256', kid: 'short' })}.${encode(GOOD)}`
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(signing))
    const token = `${signing}.${Buffer.from(signature).toString('base64url')}`
    expect(await outcomeOf(verifier, token)).toBe('bad_signature')
  })
})

describe('rotation', () => {
  it('[ID7] a new key counts from the first token that it signs, and a key that was taken back goes within ten minutes', async () => {
    server.publish(first.jwk)
    const old = await signedBy(first)
    expect(await outcomeOf(verifier, old)).toBe('ok')
    // However soon after the last fetch it is.
    server.publish(second.jwk)
    expect(await outcomeOf(verifier, old)).toBe('ok')
    expect(server.calls).toBe(1)
    expect(await outcomeOf(verifier, await signedBy(second))).toBe('ok')
    expect(server.calls).toBe(2)
    expect(await outcomeOf(verifier, old)).toBe('bad_signature')
  })

  it('[ID7] a key that was taken back, with no new one seen, goes when the set is ten minutes old', async () => {
    server.publish(first.jwk, second.jwk)
    const old = await signedBy(first)
    expect(await outcomeOf(verifier, old)).toBe('ok')
    server.publish(second.jwk)
    pass(599_000)
    expect(await outcomeOf(verifier, old)).toBe('ok')
    pass(2000)
    expect(await outcomeOf(verifier, old)).toBe('bad_signature')
    expect(await outcomeOf(verifier, await signedBy(second))).toBe('ok')
    expect(server.calls).toBe(3)
  })

  for (const place of ['Node', 'Workers']) {
    it(`[ID7] many at once are one fetch, and a storm of made-up key ids five, then one each six seconds (${place})`, async () => {
      // jose looks for this before it lets each request fetch for itself.
      if (place === 'Workers') vi.stubGlobal('WebSocketPair', class {})
      server.publish(first.jwk)
      const good = await signedBy(first)
      const storm = await Promise.all(Array.from({ length: 40 }, (_, i) => signedBy(second, { kid: `made-up-${i}` })))
      const wave = async () => {
        const outcomes = await Promise.all([good, ...storm].map((token) => outcomeOf(verifier, token)))
        expect(outcomes[0]).toBe('ok')
        expect(new Set(outcomes.slice(1))).toEqual(new Set(['bad_signature']))
      }
      for (let i = 0; i < 6; i++) await wave()
      expect(server.calls).toBe(5)
      pass(5000)
      await wave()
      expect(server.calls).toBe(5)
      pass(2000)
      await wave()
      expect(server.calls).toBe(6)
      await wave()
      expect(server.calls).toBe(6)
      pass(60_000)
      for (let i = 0; i < 6; i++) await wave()
      expect(server.calls).toBe(11)
    })
  }
})

describe('an issuer that cannot be asked', () => {
  const answers = {
    'a failure': { status: 500, body: '{"keys":[]}' },
    'a redirect': { status: 302, body: '', location: 'http://127.0.0.1:1/elsewhere' },
    'no JSON': { body: '<html>' },
    'no key set': { body: '{"key":[]}' },
    'a set of nothing that is a key': { body: '{"keys":[1]}' },
    'too much': { body: JSON.stringify({ keys: [], pad: 'x'.repeat(300_000) }) },
  }

  for (const [name, answer] of Object.entries(answers)) {
    it(`[ID7] ${name} is no fault of the token`, async () => {
      server.answer(answer)
      const token = await signedBy(first)
      expect(await outcomeOf(verifier, token)).toBe('unavailable')
      server.publish(first.jwk)
      pass(6000)
      expect(await outcomeOf(verifier, token)).toBe('ok')
    })
  }

  it('[ID7] a private key or a broken one in the set checks nothing and blames no token', async () => {
    const both = { ...(await exportJWK(first.sign)), kid: 'first', alg: 'ES256' }
    for (const jwk of [both, { ...first.jwk, x: 'AAAA' }]) {
      server.publish(jwk)
      const fresh = createVerifier({ key: { jwksUrl: server.url }, issuer: null, audience: null })
      expect(await outcomeOf(fresh, await signedBy(first))).toBe('unavailable')
    }
  })

  it('[ID7] it is left alone for 5 s after a failure, however many tokens come', async () => {
    server.answer({ status: 503, body: '' })
    const token = await signedBy(first)
    const all = () => Promise.all(Array.from({ length: 30 }, () => outcomeOf(verifier, token)))
    expect(new Set(await all())).toEqual(new Set(['unavailable']))
    expect(new Set(await all())).toEqual(new Set(['unavailable']))
    pass(4000)
    expect(new Set(await all())).toEqual(new Set(['unavailable']))
    expect(server.calls).toBe(1)
    server.publish(first.jwk)
    pass(2000)
    expect(new Set(await all())).toEqual(new Set(['ok']))
    expect(server.calls).toBe(2)
  })

  it('[ID7] keys that were fetched go on counting while they are fresh; what would need a fetch is told to come back', async () => {
    server.publish(first.jwk)
    const good = await signedBy(first)
    const unknown = await signedBy(second)
    expect(await outcomeOf(verifier, good)).toBe('ok')
    server.answer({ status: 503, body: '' })
    pass(60_000)
    expect(await outcomeOf(verifier, unknown)).toBe('unavailable')
    expect(await outcomeOf(verifier, good)).toBe('ok')
    pass(600_000)
    expect(await outcomeOf(verifier, good)).toBe('unavailable')
  })

  it('[ID7] nobody listens there', async () => {
    const gone = createVerifier({ key: { jwksUrl: new URL('http://127.0.0.1:1/') }, issuer: null, audience: null })
    expect(await outcomeOf(gone, await signedBy(first))).toBe('unavailable')
  })

  it('[ID7] what is no token is refused without asking', async () => {
    server.answer({ status: 503, body: '' })
    for (const token of ['x', 'a.b.c', await tokenOf(GOOD), 'x'.repeat(10_000)]) {
      expect(['malformed', 'bad_signature']).toContain(await outcomeOf(verifier, token))
    }
    expect(server.calls).toBe(0)
  })
})

describe('a fetch that is shared', () => {
  const options = () => {
    const headers = new Headers()
    return { headers, method: 'GET', redirect: 'manual', signal: new AbortController().signal } as const
  }

  it('[ID7] is made again when the request that made it has gone', async () => {
    let calls = 0
    let now = 0
    const get = keyFetch(
      () => {
        calls += 1
        return calls === 1 ? new Promise<Response>(() => undefined) : Promise.resolve(new Response('keys'))
      },
      () => now,
      5000,
    )
    void get('https://issuer.example', options())
    const waiting = get('https://issuer.example', options())
    expect(calls).toBe(1)
    now = 5000
    expect(await (await get('https://issuer.example', options())).text()).toBe('keys')
    expect(await (await waiting).text()).toBe('keys')
    expect(calls).toBeLessThanOrEqual(3)
  })

  it('[ID7] is not waited for by a request that has been given up', async () => {
    const get = keyFetch(
      () => new Promise<Response>(() => undefined),
      () => 0,
      5000,
    )
    const controller = new AbortController()
    void get('https://issuer.example', options())
    const waiting = get('https://issuer.example', { ...options(), signal: controller.signal })
    controller.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
  })

  it('[ID7] is one call for any number that want it, and each gets the whole text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.string(), async (count, text) => {
        let calls = 0
        const { promise, resolve } = Promise.withResolvers<Response>()
        const get = keyFetch(
          () => {
            calls += 1
            return promise
          },
          () => 0,
          5000,
        )
        const all = Array.from({ length: count }, () => get('https://issuer.example', options()))
        resolve(new Response(text))
        const texts = await Promise.all(all.map(async (one) => (await one).text()))
        expect(new Set(texts)).toEqual(new Set([new TextDecoder().decode(new TextEncoder().encode(text))]))
        expect(calls).toBe(1)
      }),
      { numRuns: 10 },
    )
  })
})
