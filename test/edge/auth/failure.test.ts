import { describe, expect, it } from 'vitest'
import { AUTH_REASONS, AuthFailure, challengeOf } from '../../../src/edge/auth/failure.ts'

describe('the challenge of a 401', () => {
  it('[ID7] who sent no token is told the realm alone', () => {
    expect(challengeOf('missing')).toBe('Bearer realm="freshet"')
  })

  it('[ID7] a bad token is told why, in the words of RFC 6750', () => {
    const text = '[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]+'
    const shape = new RegExp(
      `^Bearer realm="freshet", error="(invalid_token|invalid_request)", error_description="(${text})"$`,
    )
    const told = AUTH_REASONS.filter((reason) => reason !== 'missing').map((reason) => {
      const [, error, description] = shape.exec(challengeOf(reason)) ?? []
      expect({ reason, description }).toEqual({ reason, description: new AuthFailure(reason).message })
      expect(error).toBe(reason === 'several_tokens' ? 'invalid_request' : 'invalid_token')
      return description
    })
    expect(new Set(told).size).toBe(AUTH_REASONS.length - 1)
  })

  it('[ID7] a header can hold it', () => {
    for (const reason of AUTH_REASONS) {
      const value = challengeOf(reason)
      expect(new Headers({ 'www-authenticate': value }).get('www-authenticate')).toBe(value)
    }
  })
})
