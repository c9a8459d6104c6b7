import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { formatCursor, newEpoch, newId, newPrivateKey } from '../../src/core/ids.ts'
import { ANONYMOUS, callerOf, hubNameOf, nameOf, opsCallerOf } from '../../src/edge/identity.ts'
import { anyText } from '../support/any-text.ts'

const none = { header: undefined, query: undefined, body: undefined }
const nameArb = fc.string({ minLength: 1, maxLength: 64 }).filter((name) => !/\p{Cc}/u.test(name))
const givenArb = fc.option(fc.oneof(nameArb, fc.constant('')), { nil: undefined })

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    if (error instanceof FreshetError) return error.code
    throw error
  }
}

describe('the name of a caller', () => {
  it('[ID1] header before query before body; an empty one is none', () => {
    fc.assert(
      fc.property(givenArb, givenArb, givenArb, (header, query, body) => {
        expect(nameOf({ header, query, body })).toBe(header || query || body || null)
      }),
    )
    expect(nameOf({ header: undefined, query: undefined })).toBeNull()
  })

  it('[ID1] it has 1 to 128 characters', () => {
    expect(nameOf({ ...none, query: 'x'.repeat(128) })).toHaveLength(128)
    expect(codeOf(() => nameOf({ ...none, query: 'x'.repeat(129) }))).toBe('invalid_user_id')
  })

  it('[ID1] a control character is refused wherever it stands, and the name is not repeated', () => {
    const control = fc
      .oneof(fc.nat(0x1f), fc.integer({ min: 0x7f, max: 0x9f }))
      .map((unit) => String.fromCharCode(unit))
    fc.assert(
      fc.property(control, fc.constantFrom('header', 'query', 'body'), (character, place) => {
        const work = () => nameOf({ ...none, [place]: `zaphod${character}beeblebrox` })
        expect(codeOf(work)).toBe('invalid_user_id')
        expect(work).not.toThrow(/zaphod/)
      }),
    )
  })

  it('[ID1] a bad name in the header is refused, not passed over for a good one in the query', () => {
    expect(codeOf(() => nameOf({ header: 'a\tb', query: 'ann', body: 'bob' }))).toBe('invalid_user_id')
  })

  it('[ID1] any text is a name or refused', () => {
    fc.assert(
      fc.property(anyText({ minLength: 1 }), (name) => {
        const code = codeOf(() => expect(nameOf({ ...none, header: name })).toBe(name))
        expect(['none', 'invalid_user_id']).toContain(code)
      }),
    )
  })
})

describe('the hub of a caller', () => {
  it('[ID2] a named caller has the hub of that name, whatever ids it brings', () => {
    fc.assert(
      fc.property(nameArb, (name) => {
        expect(callerOf(name, [newPrivateKey()])).toEqual({ userId: name, privateKey: null })
        expect(opsCallerOf(name)).toEqual({ userId: name, privateKey: null })
        expect(hubNameOf(callerOf(name, []))).toBe(`user:${name}`)
      }),
    )
  })

  it('[ID2] D2 puts nameless callers together, as `anonymous`', () => {
    expect(opsCallerOf(null)).toEqual({ userId: ANONYMOUS, privateKey: null })
    expect(hubNameOf(opsCallerOf(null))).toBe('user:anonymous')
  })

  it('[ID2] elsewhere each nameless caller has a hub of its own', () => {
    const hubs = Array.from({ length: 50 }, () => hubNameOf(callerOf(null, [null, undefined, '', 'n0-7'])))
    expect(new Set(hubs).size).toBe(50)
    for (const hub of hubs) expect(hub).toMatch(/^private:p[0-9a-f]{32}$/)
  })

  it('[ID2] any id that a private hub gave out leads back to it, the first one that does', () => {
    const key = newPrivateKey()
    const ids = [key, newId(key), newEpoch(key), formatCursor(newEpoch(key), 12)]
    for (const id of ids) {
      expect(callerOf(null, [undefined, 'mine', id, newPrivateKey()])).toEqual({ userId: ANONYMOUS, privateKey: key })
    }
  })

  it('[ID2] no name that a user may choose is the name of a private hub', () => {
    const key = newPrivateKey()
    const names = [key, `private:${key}`, `user:${key}`, `private:${key}\n`]
    for (const name of names) expect(hubNameOf(opsCallerOf(name))).not.toBe(hubNameOf(callerOf(null, [key])))
    fc.assert(
      fc.property(nameArb, nameArb, (a, b) => {
        expect(hubNameOf(opsCallerOf(a)) === hubNameOf(opsCallerOf(b))).toBe(a === b)
      }),
    )
  })
})
