import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { checkIdentitySettings } from '../../src/edge/identify.ts'
import { readConfig } from '../../src/env.ts'

function complaint(env: object): string | null {
  try {
    checkIdentitySettings(readConfig(env))
    return null
  } catch (error) {
    if (error instanceof FreshetError && error.code === 'config_invalid') return error.message
    throw error
  }
}

const jwt = (vars: object) => complaint({ AUTH_MODE: 'jwt', ...vars })

describe('how tokens are checked, at the first request', () => {
  it('[ID3][CF1] a way to check them is needed where they are asked for', () => {
    expect(jwt({})).toMatch(/JWT_SECRET.*JWKS_URL/)
    expect(jwt({ JWT_ISSUER: 'https://issuer.example' })).toMatch(/JWT_SECRET.*JWKS_URL/)
    expect(jwt({ JWT_SECRET: 's'.repeat(32) })).toBeNull()
    expect(jwt({ JWKS_URL: 'https://issuer.example/jwks.json' })).toBeNull()
    expect(jwt({ JWT_SECRET: 's'.repeat(32), JWKS_URL: 'https://issuer.example/jwks.json' })).toMatch(/both set/)
  })

  it('[ID3][CF1] one that is no good is named, and not told', () => {
    for (const [name, value] of [
      ['JWT_SECRET', 'hunter2'],
      ['JWT_SECRET', `hunter2${'x'.repeat(24)}`],
      ['JWKS_URL', 'http://hunter2.example/jwks.json'],
      ['JWKS_URL', 'https://ann:hunter2@issuer.example/jwks.json'],
    ] as const) {
      const words = jwt({ [name]: value })
      expect(words).toContain(name)
      expect(words).not.toContain('hunter2')
    }
  })

  it('[ID3] in open mode nobody asks', () => {
    expect(complaint({ JWT_SECRET: 'short' })).toBeNull()
  })
})
