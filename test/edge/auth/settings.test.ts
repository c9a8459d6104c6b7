import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../../src/core/errors.ts'
import { jwtSettingsOf } from '../../../src/edge/auth/settings.ts'
import { anyText } from '../../support/any-text.ts'

const SECRET = 'hunter22-hunter22-hunter22-hunter'
const URL_TEXT = 'https://issuer.example/jwks.json'

function refusal(variables: object): FreshetError {
  try {
    jwtSettingsOf(variables)
  } catch (error) {
    if (error instanceof FreshetError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('how tokens are checked', () => {
  it('[ID7] with a secret or with a key set, and issuer and audience when they are set', () => {
    expect(jwtSettingsOf({ JWT_SECRET: SECRET })).toEqual({
      key: { secret: new TextEncoder().encode(SECRET) },
      issuer: null,
      audience: null,
    })
    expect(
      jwtSettingsOf({ JWKS_URL: URL_TEXT, JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', AUTH_MODE: 'jwt', OTHER: 1 }),
    ).toEqual({
      key: { jwksUrl: new URL(URL_TEXT) },
      issuer: 'i',
      audience: 'a',
    })
  })

  it('[ID7] a secret has 32 bytes, not characters', () => {
    expect(jwtSettingsOf({ JWT_SECRET: 'é'.repeat(16) }).key).toHaveProperty('secret.length', 32)
    fc.assert(
      fc.property(anyText({ maxLength: 40 }), (text) => {
        const enough = Buffer.byteLength(text) >= 32
        if (enough) expect(jwtSettingsOf({ JWT_SECRET: text }).key).toHaveProperty('secret')
        else expect(refusal({ JWT_SECRET: text }).message).toContain('JWT_SECRET')
      }),
    )
  })

  it('[ID7] exactly one of the two', () => {
    for (const variables of [{}, { JWT_ISSUER: 'i' }, { JWT_SECRET: SECRET, JWKS_URL: URL_TEXT }]) {
      const { code, message } = refusal(variables)
      expect(code).toBe('config_invalid')
      expect(message).toContain('JWT_SECRET')
      expect(message).toContain('JWKS_URL')
    }
  })

  it('[ID7] a key set comes by https, or from this machine', () => {
    for (const text of [
      URL_TEXT,
      'http://localhost:8080/jwks',
      'http://127.0.0.1/jwks',
      'http://127.9.9.9/jwks',
      'http://[::1]:9/jwks',
      'HTTP://LOCALHOST/',
    ]) {
      expect(jwtSettingsOf({ JWKS_URL: text }).key).toEqual({ jwksUrl: new URL(text) })
    }
  })

  it('[CF1] a value that makes no sense is refused by the variable’s name and never repeated', () => {
    const senseless: Readonly<Record<string, readonly unknown[]>> = {
      JWT_SECRET: ['', 'too-short-hunter22', 'x'.repeat(31), 42, ['hunter22'.repeat(8)]],
      JWKS_URL: [
        '',
        'no-address-hunter22',
        'ftp://issuer.example/hunter22',
        'file:///etc/hunter22',
        'data:application/json,hunter22',
        'http://issuer.example/hunter22',
        'http://localhost.hunter22.example/',
        'http://127.0.0.1.hunter22.example/',
        'http://10.0.0.1/hunter22',
        'http://[::2]/hunter22',
        'https://user:hunter22@issuer.example/',
        'https://hunter22@issuer.example/',
        { href: 'https://hunter22.example' },
      ],
      JWT_ISSUER: ['', 42],
      JWT_AUDIENCE: ['', ['hunter22']],
    }
    for (const [name, values] of Object.entries(senseless)) {
      for (const value of values) {
        const rest = name.startsWith('JWT_S') || name === 'JWKS_URL' ? {} : { JWT_SECRET: SECRET }
        const { code, message } = refusal({ ...rest, [name]: value })
        expect({ name, value, code }).toEqual({ name, value, code: 'config_invalid' })
        expect(message).toMatch(new RegExp(`^The variable ${name} makes no sense: it must .+\\.$`))
        expect(message).not.toMatch(/hunter22|x{31}/)
      }
    }
  })
})
