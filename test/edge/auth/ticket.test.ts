import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../../src/core/errors.ts'
import { newTicket, parseTicket } from '../../../src/edge/auth/ticket.ts'
import { anyText } from '../../support/any-text.ts'

const nameArb = anyText({ minLength: 1, maxLength: 64 }).filter((name) => name.length <= 128 && !/\p{Cc}/u.test(name))
const SECRET = 'A'.repeat(43)

function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url')
}

describe('a ticket', () => {
  it('[ID8] leads back to its user and to the hash that was kept, whatever the name', () => {
    fc.assert(
      fc.property(nameArb, (userId) => {
        const { text, kept } = newTicket(userId)
        expect(text).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/)
        expect(kept.userId).toBe(userId)
        expect(parseTicket(text)).toEqual(kept)
      }),
    )
    for (const userId of ['\u{feff}ann', 'x'.repeat(128), '€'.repeat(128), 'a.b', ' ', '🌊'.repeat(64)]) {
      expect(parseTicket(newTicket(userId).text)?.userId).toBe(userId)
    }
  })

  it('[ID8] its form is the user’s name and 32 random bytes; what is kept is their SHA-256', () => {
    const { text, kept } = newTicket('ann')
    const [user = '', secret = ''] = text.split('.')
    expect(Buffer.from(user, 'base64url').toString()).toBe('ann')
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    expect(kept.secretHash).toBe(createHash('sha256').update(secret).digest('hex'))
    expect(JSON.stringify(kept)).not.toContain(secret)
  })

  it('[ID8] no two are alike', () => {
    const all = Array.from({ length: 500 }, () => newTicket('ann'))
    expect(new Set(all.map(({ text }) => text)).size).toBe(500)
    expect(new Set(all.map(({ kept }) => kept.secretHash)).size).toBe(500)
  })

  it('[ID8] another user’s name before a secret leads elsewhere', () => {
    const { text, kept } = newTicket('ann')
    const moved = `${encode('bob')}.${text.split('.')[1]}`
    expect(parseTicket(moved)).toEqual({ userId: 'bob', secretHash: kept.secretHash })
  })

  it('[ID8] is for a name that a user may have', () => {
    for (const userId of ['', 'x'.repeat(129), 'an\nn', '\u0000', 'ann\ud800']) {
      expect(() => newTicket(userId)).toThrow(FreshetError)
    }
  })

  it('[ID8] what is not one is none', () => {
    const texts = [
      '',
      '.',
      SECRET,
      `.${SECRET}`,
      `${encode('ann')}.`,
      `${encode('ann')}.${SECRET.slice(1)}`,
      `${encode('ann')}.${SECRET}A`,
      `${encode('ann')}.${SECRET}.`,
      `${encode('ann')}.${SECRET}\n`,
      `${encode('ann')}=.${SECRET}`,
      ` ${encode('ann')}.${SECRET}`,
      `${encode('ann')}.${SECRET.slice(1)}=`,
      `${encode('ann')}.${SECRET.slice(1)}+`,
      // Not the usual spelling of their bytes: the last character has bits that nobody reads.
      `YWI.${SECRET}`.replace('YWI', 'YWJ'),
      `${encode('ann')}.${SECRET.slice(1)}B`,
      // A length that no bytes have.
      `AAAAA.${SECRET}`,
      // No UTF-8, and names that no user may have.
      `${encode(new Uint8Array([0xff]))}.${SECRET}`,
      `${encode(new Uint8Array([0xed, 0xa0, 0x80]))}.${SECRET}`,
      `${encode('an\nn')}.${SECRET}`,
      `${encode('x'.repeat(129))}.${SECRET}`,
      `${'A'.repeat(513)}.${SECRET}`,
      'A'.repeat(1_000_000),
    ]
    for (const text of texts) expect({ text, ticket: parseTicket(text) }).toEqual({ text, ticket: null })
    expect(parseTicket(`${encode('ann')}.${SECRET}`)).not.toBeNull()
  })

  it('[ID8] any text is a ticket in its one spelling, or none', () => {
    const shaped = fc.tuple(fc.base64String(), fc.base64String()).map((parts) => parts.join('.').replaceAll('=', ''))
    fc.assert(
      fc.property(fc.oneof(anyText(), shaped, fc.string()), (text) => {
        const ticket = parseTicket(text)
        if (ticket !== null) expect(text.split('.')[0]).toBe(encode(ticket.userId))
      }),
    )
  })
})
