import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientIdSchema } from '../../src/core/commands.ts'
import { formatCursor, newEpoch, newId, newPrivateKey, parseCursor, privateKeyOf } from '../../src/core/ids.ts'
import { anyText } from '../support/any-text.ts'

const epochArb = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'.split('')),
  minLength: 1,
  maxLength: 64,
})
const hexArb = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length })

describe('cursors', () => {
  it('[CU1] a cursor that was formatted is parsed to the same', () => {
    fc.assert(
      fc.property(epochArb, fc.maxSafeNat(), (epoch, seq) => {
        expect(parseCursor(formatCursor(epoch, seq))).toEqual({ epoch, seq })
      }),
    )
    expect(parseCursor(formatCursor('a', Number.MAX_SAFE_INTEGER))?.seq).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('[CU1] any text is a cursor or null, and what is a cursor is written in one way only', () => {
    const near = fc.string({ unit: fc.constantFrom('a', 'z', '0', '1', '9', '-', '.', '+', 'e', 'A', ' ', '\n') })
    fc.assert(
      fc.property(fc.oneof(anyText(), near), (text) => {
        const cursor = parseCursor(text)
        if (cursor === null) return
        expect(formatCursor(cursor.epoch, cursor.seq)).toBe(text)
        expect(Number.isSafeInteger(cursor.seq)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    '',
    '-',
    '-1',
    'abc',
    'abc-',
    'abc-01',
    'abc--1',
    'abc-1.0',
    'abc-1e3',
    'abc-+1',
    'ABC-1',
    'äbc-1',
    'abc-1\n',
    ' abc-1',
    'abc-9007199254740992',
    'abc-99999999999999999999',
    `${'a'.repeat(65)}-1`,
    `${'a'.repeat(100_000)}-1`,
    'null',
    '[object Object]',
  ])('[CU1] %j is no cursor', (text) => {
    expect(parseCursor(text)).toBeNull()
  })
})

describe('private hubs', () => {
  it('[CU4] the epoch of a private hub, and every cursor of it, leads back to its key', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seq) => {
        const key = newPrivateKey()
        const epoch = newEpoch(key)
        expect(privateKeyOf(epoch)).toBe(key)
        expect(parseCursor(formatCursor(epoch, seq))).toEqual({ epoch, seq })
        expect(privateKeyOf(formatCursor(epoch, seq))).toBe(key)
      }),
    )
  })

  it('[CU3] a new epoch is another one', () => {
    const key = newPrivateKey()
    expect(newEpoch(key)).not.toBe(newEpoch(key))
    expect(newEpoch(null)).not.toBe(newEpoch(null))
    expect(newEpoch(null)).toMatch(/^[a-z0-9]{1,64}$/)
  })

  it('[ID2] the key is found in every id that a private hub gives out', () => {
    for (let i = 0; i < 100; i++) {
      const key = newPrivateKey()
      expect(privateKeyOf(key)).toBe(key)
      expect(privateKeyOf(newId(key))).toBe(key)
    }
  })

  it('[ID2] no id, epoch or cursor of a named user has a key', () => {
    for (let i = 0; i < 1000; i++) {
      expect(privateKeyOf(newId(null))).toBeNull()
      const epoch = newEpoch(null)
      expect(privateKeyOf(epoch)).toBeNull()
      expect(privateKeyOf(formatCursor(epoch, i))).toBeNull()
    }
  })

  it('[ID2] ids are fit to be given back by a client', () => {
    for (const id of [newId(null), newId(newPrivateKey()), newPrivateKey()]) {
      expect(clientIdSchema.safeParse(id).success).toBe(true)
    }
  })

  it('[ID2] keys and ids do not repeat, and ids are in the order of their making', () => {
    const ids = Array.from({ length: 500 }, () => newId(null))
    expect(new Set(ids).size).toBe(500)
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(Array.from({ length: 500 }, newPrivateKey)).size).toBe(500)
  })

  it('[ID2] an id that a client made up has no key unless it is of the very form', () => {
    const almost = fc.oneof(
      hexArb(31).map((hex) => `p${hex}`),
      hexArb(33).map((hex) => `p${hex}`),
      hexArb(39).map((hex) => `p${hex}`),
      hexArb(41).map((hex) => `p${hex}-1`),
      hexArb(32).map((hex) => `P${hex}`),
      hexArb(32).map((hex) => ` p${hex}`),
      hexArb(32).map((hex) => `p${hex}_x`),
      hexArb(32).map((hex) => `p${hex}\n`),
      hexArb(32).map((hex) => hex),
    )
    fc.assert(
      fc.property(almost, (id) => {
        expect(privateKeyOf(id)).toBeNull()
      }),
    )
  })

  it('[ID2] any text has a key of the very form or none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(),
          hexArb(40).map((hex) => `p${hex}`),
        ),
        (text) => {
          const key = privateKeyOf(text)
          if (key !== null) {
            expect(key).toMatch(/^p[0-9a-f]{32}$/)
            expect(text.startsWith(key)).toBe(true)
          }
        },
      ),
    )
    expect(privateKeyOf(`${newPrivateKey()}-${'x'.repeat(100_000)}`)).toBeNull()
  })
})
