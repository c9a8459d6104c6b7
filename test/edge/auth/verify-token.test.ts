import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { base64url, exportJWK, exportSPKI, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { AuthFailure, challengeOf } from '../../../src/edge/auth/failure.ts'
import type { JwtSettings } from '../../../src/edge/auth/settings.ts'
import { createVerifier } from '../../../src/edge/auth/verify-token.ts'
import { anyText } from '../../support/any-text.ts'
import { issuerKey } from './key-server.ts'
import { GOOD, NOW, NOW_S, outcomeOf, SECRET, tokenOf } from './tokens.ts'

function bySecret(more: Partial<JwtSettings> = {}, now = NOW) {
  return createVerifier({ key: { secret: SECRET }, issuer: null, audience: null, ...more }, { now: () => now })
}

const verifier = bySecret()
const strict = bySecret({ issuer: 'https://issuer.example', audience: 'freshet' })
const STRICT = { ...GOOD, iss: 'https://issuer.example', aud: 'freshet' }

describe('a token signed with the secret', () => {
  it('[ID7] says who the caller is and when it ends', async () => {
    expect(await verifier.verify(await tokenOf(GOOD))).toEqual({
      userId: 'ann',
      isOperator: false,
      expiresAt: (NOW_S + 60) * 1000,
    })
    const parts = await verifier.verify(await tokenOf({ ...GOOD, exp: NOW_S + 0.7506 }))
    expect(parts.expiresAt).toBe(NOW + 750)
  })

  it('[ID7] the operator is who has the word in `scope`', async () => {
    const cases: readonly [unknown, boolean][] = [
      ['operator', true],
      ['read  operator write', true],
      ['operators', false],
      ['Operator', false],
      ['co-operator', false],
      ['read\toperator', false],
      ['', false],
      [['operator'], false],
      [{ operator: true }, false],
      [true, false],
      [null, false],
    ]
    for (const [scope, isOperator] of cases) {
      expect(await verifier.verify(await tokenOf({ ...GOOD, scope }))).toMatchObject({ isOperator })
    }
    const elsewhere = await tokenOf({ ...GOOD, scp: 'operator', scopes: 'operator', role: 'operator' })
    expect(await verifier.verify(elsewhere)).toMatchObject({ isOperator: false })
  })

  it('[ID7] is refused with the reason when a claim is not as it must be', async () => {
    const cases: readonly [unknown, string][] = [
      [{ ...GOOD, exp: NOW_S + 1 }, 'ok'],
      [{ ...GOOD, exp: NOW_S - 4 }, 'expired'],
      [{ ...GOOD, exp: NOW_S - 5 }, 'expired'],
      [{ ...GOOD, exp: 0 }, 'expired'],
      [{ ...GOOD, exp: -1 }, 'expired'],
      [{ sub: 'ann' }, 'no_expiry'],
      [{ ...GOOD, exp: null }, 'no_expiry'],
      [{ ...GOOD, exp: String(NOW_S + 60) }, 'no_expiry'],
      [{ ...GOOD, exp: [NOW_S + 60] }, 'no_expiry'],
      [{ ...GOOD, exp: 8_640_000_000_000 }, 'ok'],
      [{ ...GOOD, exp: 8_640_000_000_001 }, 'no_expiry'],
      ['{"sub":"ann","exp":1e999}', 'no_expiry'],
      [{ ...GOOD, nbf: NOW_S + 5 }, 'ok'],
      [{ ...GOOD, nbf: NOW_S + 6 }, 'not_yet_valid'],
      [{ ...GOOD, nbf: 'soon' }, 'malformed'],
      [{ ...GOOD, iat: 'then' }, 'malformed'],
      [{ exp: GOOD.exp }, 'no_subject'],
      [{ ...GOOD, sub: '' }, 'no_subject'],
      [{ ...GOOD, sub: 42 }, 'no_subject'],
      [{ ...GOOD, sub: null }, 'no_subject'],
      [{ ...GOOD, sub: ['ann'] }, 'no_subject'],
      [{ ...GOOD, sub: { name: 'ann' } }, 'no_subject'],
      [{ ...GOOD, sub: 'x'.repeat(128) }, 'ok'],
      [{ ...GOOD, sub: 'x'.repeat(129) }, 'no_subject'],
      [{ ...GOOD, sub: 'an\nn' }, 'no_subject'],
      [`{"sub":"ann\\ud800","exp":${GOOD.exp}}`, 'no_subject'],
      [`{"__proto__":{"sub":"ann"},"exp":${GOOD.exp}}`, 'no_subject'],
      [[GOOD], 'malformed'],
      ['"ann"', 'malformed'],
      ['null', 'malformed'],
      ['no json', 'malformed'],
      ['', 'malformed'],
    ]
    for (const [claims, outcome] of cases) {
      const told = { claims, outcome: await outcomeOf(verifier, await tokenOf(claims)) }
      expect(told).toEqual({ claims, outcome })
    }
  })

  it('[ID7] must have the issuer and the audience when they are set, and may have any when they are not', async () => {
    const cases: readonly [unknown, string][] = [
      [STRICT, 'ok'],
      [{ ...STRICT, aud: ['other', 'freshet'] }, 'ok'],
      [{ ...STRICT, iss: 'https://issuer.example/' }, 'wrong_issuer'],
      [{ ...STRICT, iss: ['https://issuer.example'] }, 'wrong_issuer'],
      [{ ...STRICT, iss: undefined }, 'wrong_issuer'],
      [{ ...STRICT, aud: 'freshet2' }, 'wrong_audience'],
      [{ ...STRICT, aud: [] }, 'wrong_audience'],
      [{ ...STRICT, aud: { freshet: true } }, 'wrong_audience'],
      [{ ...STRICT, aud: undefined }, 'wrong_audience'],
    ]
    for (const [claims, outcome] of cases) {
      const told = { claims, outcome: await outcomeOf(strict, await tokenOf(claims)) }
      expect(told).toEqual({ claims, outcome })
    }
    expect(await outcomeOf(verifier, await tokenOf({ ...STRICT, iss: 'anyone', aud: 'anything' }))).toBe('ok')
  })

  it('[ID7] is told apart from none', async () => {
    expect(await outcomeOf(verifier, null)).toBe('missing')
    expect(await outcomeOf(verifier, '')).toBe('missing')
  })

  it('[ID7] has at most 8192 characters, and a longer one is not looked at', async () => {
    const atMost = await tokenOf({ ...GOOD, pad: 'x'.repeat(6000) })
    expect(atMost.length).toBeLessThanOrEqual(8192)
    expect(await outcomeOf(verifier, atMost)).toBe('ok')
    expect(await outcomeOf(verifier, await tokenOf({ ...GOOD, pad: 'x'.repeat(6200) }))).toBe('malformed')
    expect(await outcomeOf(verifier, 'x'.repeat(1_000_000))).toBe('malformed')
    expect(await outcomeOf(verifier, '.'.repeat(1_000_000))).toBe('malformed')
  })
})

describe('signatures that do not count', () => {
  const part = (value: unknown) => base64url.encode(JSON.stringify(value))

  it('[ID7] alg none, however it is written and signed', async () => {
    const plain = new UnsecuredJWT(GOOD).encode()
    const [, , signature] = (await tokenOf(GOOD)).split('.')
    expect(await outcomeOf(verifier, plain)).toBe('bad_signature')
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '']) {
      for (const end of ['', signature, 'AAAA']) {
        const outcome = await outcomeOf(verifier, `${part({ alg })}.${part(GOOD)}.${end}`)
        expect(['bad_signature', 'malformed']).toContain(outcome)
      }
    }
    expect(await outcomeOf(verifier, `${part({ typ: 'JWT' })}.${part(GOOD)}.${signature}`)).toBe('malformed')
    expect(await outcomeOf(verifier, `${part({ alg: ['HS256'] })}.${part(GOOD)}.${signature}`)).toBe('malformed')
  })

  it('[ID7] another secret, another hash, another kind of key', async () => {
    const long = new TextEncoder().encode('a secret that is long enough for every hash there is, even for SHA-512..')
    const rsa = await issuerKey('RS256', 'k')
    const other = SECRET.map((byte) => byte ^ 1)
    expect(await outcomeOf(verifier, await tokenOf(GOOD, other))).toBe('bad_signature')
    const byLong = bySecret({ key: { secret: long } })
    expect(await outcomeOf(byLong, await tokenOf(GOOD, long))).toBe('ok')
    for (const alg of ['HS384', 'HS512']) {
      expect(await outcomeOf(byLong, await tokenOf(GOOD, long, { alg }))).toBe('bad_signature')
    }
    expect(await outcomeOf(verifier, await tokenOf(GOOD, rsa.sign, { alg: 'RS256' }))).toBe('bad_signature')
    // The key of the token's own choice, in its header.
    const own = { alg: 'RS256', jwk: await exportJWK(rsa.publicKey), jku: 'http://127.0.0.1:1/', kid: 'k' }
    expect(await outcomeOf(verifier, await tokenOf(GOOD, rsa.sign, own))).toBe('bad_signature')
  })

  it('[ID7] what a token asks for that is not understood here', async () => {
    const crit = `${part({ alg: 'HS256', crit: ['exp'], exp: 1 })}.${part(GOOD)}.AAAA`
    expect(await outcomeOf(verifier, crit)).toBe('malformed')
    const unencoded = `${part({ alg: 'HS256', b64: false, crit: ['b64'] })}.${JSON.stringify(GOOD)}`
    const raw = `${unencoded}.${createHmac('sha256', SECRET).update(unencoded).digest('base64url')}`
    expect(await outcomeOf(verifier, raw)).toBe('malformed')
    expect(await outcomeOf(verifier, `${await tokenOf(GOOD)}.AAAA.AAAA`)).toBe('malformed')
  })

  it('[ID7] a token that was changed anywhere: it is refused, or its end is another spelling of the same bytes', async () => {
    const good = await tokenOf(STRICT)
    const identity = await strict.verify(good)
    const signed = good.lastIndexOf('.')
    const place = fc.nat(good.length - 1)
    const character = fc.constantFrom(...'AQgwz019-_.=+/ \u0000é'.split(''))
    await fc.assert(
      fc.asyncProperty(place, character, async (at, put) => {
        fc.pre(good[at] !== put)
        const changed = good.slice(0, at) + put + good.slice(at + 1)
        const outcome = await outcomeOf(strict, changed)
        if (at < signed) expect(['bad_signature', 'malformed']).toContain(outcome)
        else if (outcome === 'ok') expect(await strict.verify(changed)).toEqual(identity)
      }),
    )
  })

  it('[ID7] any text is refused as a token and fails in no other way', async () => {
    const encoded = anyText({ maxLength: 30 }).map((text) => base64url.encode(text))
    const json = fc.json({ maxDepth: 2 }).map((text) => base64url.encode(text))
    const header = fc
      .record({ alg: fc.constantFrom('HS256', 'none', 'RS256', 'EdDSA'), kid: fc.jsonValue(), crit: fc.jsonValue() })
      .map(part)
    const piece = fc.oneof(encoded, json, header, anyText({ maxLength: 10 }))
    const shaped = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join('.'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText(), shaped, fc.string()), async (token) => {
        expect(['missing', 'malformed', 'bad_signature']).toContain(await outcomeOf(verifier, token))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a refusal', () => {
  it('[ID7] repeats nothing of the token, its claims or the key', async () => {
    const secretText = new TextDecoder().decode(SECRET)
    const marked = {
      ...STRICT,
      sub: 'zaphod\nbeeblebrox',
      iss: 'marvin.example',
      email: 'trillian@example',
      nbf: 'slartibart',
    }
    const tokens = [
      await tokenOf(marked),
      await tokenOf({ ...marked, iss: STRICT.iss }),
      await tokenOf({ ...marked, iss: STRICT.iss, nbf: undefined }),
      await tokenOf({ ...marked, iss: STRICT.iss, nbf: undefined, exp: 1 }),
      await tokenOf({ ...marked, iss: STRICT.iss, nbf: undefined, aud: 'vogons' }),
      await tokenOf(
        marked,
        SECRET.map((byte) => byte ^ 1),
      ),
      `${base64url.encode('{"alg":"zaphod"}')}.zaphod.marvin`,
      'zaphod beeblebrox',
    ]
    for (const token of tokens) {
      const error: unknown = await strict.verify(token).catch((thrown: unknown) => thrown)
      if (!(error instanceof AuthFailure)) throw new Error('it was let in')
      const all = `${inspect(error, { depth: 20, showHidden: true })} ${challengeOf(error.reason)}`
      const words = ['zaphod', 'beeblebrox', 'marvin', 'trillian', 'slartibart', 'vogons', secretText]
      for (const word of [...words, ...token.split('.').filter((one) => one.length > 4)])
        expect(all).not.toContain(word)
    }
  })
})

describe('keys of several kinds', () => {
  it('[ID7] a public key is no secret: HS256 signed with it is refused', async () => {
    const rsa = await issuerKey('RS256', 'k')
    const spki = await exportSPKI(rsa.publicKey)
    const keys = JSON.stringify({
      keys: [rsa.jwk, { kty: 'oct', k: base64url.encode(SECRET), kid: 'oct', alg: 'HS256' }],
    })
    const byKeys = createVerifier(
      { key: { jwksUrl: new URL('https://issuer.example/jwks') }, issuer: null, audience: null },
      { now: () => NOW, fetch: async () => new Response(keys) },
    )
    expect(await outcomeOf(byKeys, await tokenOf(GOOD, rsa.sign, { alg: 'RS256', kid: 'k' }))).toBe('ok')
    const publicTexts = [
      spki,
      spki.trim(),
      JSON.stringify(rsa.jwk),
      rsa.jwk.n ?? '',
      spki.replaceAll(/-----.*-----|\n/g, ''),
    ]
    for (const text of publicTexts) {
      for (const kid of ['k', 'oct', undefined]) {
        const header = { alg: 'HS256', ...(kid !== undefined && { kid }) }
        const forged = await tokenOf(GOOD, new TextEncoder().encode(text), header)
        expect(await outcomeOf(byKeys, forged)).toBe('bad_signature')
      }
    }
    expect(await outcomeOf(byKeys, await tokenOf(GOOD, SECRET, { alg: 'HS256', kid: 'oct' }))).toBe('bad_signature')
    expect(await outcomeOf(byKeys, new UnsecuredJWT(GOOD).encode())).toBe('bad_signature')
  })
})
