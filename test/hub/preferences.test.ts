import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { mergePreferences } from '../../src/hub/preferences.ts'

type Value = string | number | boolean | null | string[]
const preferencesArb = fc.dictionary(
  fc.constantFrom('model_preference', 'language', 'theme', 'x', 'toString', 'constructor'),
  fc.oneof(fc.string(), fc.nat(), fc.boolean(), fc.constant(null), fc.array(fc.string(), { maxLength: 3 })),
  { maxKeys: 5, noNullPrototype: true },
)

function stripped(preferences: Readonly<Record<string, Value>>) {
  return Object.fromEntries(Object.entries(preferences).filter(([, value]) => value !== null))
}

describe('preferences', () => {
  it('[CM3] new ones take the place of old ones, null takes one away, and all else stays', () => {
    fc.assert(
      fc.property(preferencesArb.map(stripped), preferencesArb, (before, given) => {
        const merged = mergePreferences(before, given)
        const names = new Set([...Object.keys(before), ...Object.keys(given)])
        for (const name of names) {
          const wanted = Object.hasOwn(given, name) ? given[name] : before[name]
          expect(Object.hasOwn(merged, name)).toBe(wanted !== null)
          if (wanted !== null) expect(merged[name]).toEqual(wanted)
        }
        expect(Object.keys(merged).every((name) => names.has(name))).toBe(true)
      }),
    )
  })

  it('[CM3] what was there before is not changed, and the same twice is the same', () => {
    fc.assert(
      fc.property(preferencesArb.map(stripped), preferencesArb, (before, given) => {
        const kept = structuredClone({ before, given })
        const merged = mergePreferences(before, given)
        expect(mergePreferences(merged, given)).toEqual(merged)
        expect({ before, given }).toEqual(kept)
      }),
    )
  })

  function withBytes(bytes: number, character = 'x') {
    const frame = JSON.stringify({ a: '' }).length
    return { a: character.repeat((bytes - frame) / new TextEncoder().encode(character).length) }
  }

  it('[CM3] what would not fit the attachment is refused, also when it is together that they are too large', () => {
    expect(mergePreferences({}, withBytes(LIMITS.preferencesBytes))).toEqual(withBytes(LIMITS.preferencesBytes))
    const before = { b: 'x'.repeat(3000) }
    for (const given of [withBytes(LIMITS.preferencesBytes + 1), withBytes(2000)]) {
      expect(() => mergePreferences(before, given)).toThrow(FreshetError)
      expect(() => mergePreferences(before, given)).toThrow(/^.*4096 bytes/)
    }
    expect(mergePreferences(before, { ...withBytes(2000), b: null })).toEqual(withBytes(2000))
  })

  it('[CM3] the bound is of bytes, as it says, not of characters', () => {
    expect(() => mergePreferences({}, withBytes(LIMITS.preferencesBytes + 7, '語'))).toThrow(FreshetError)
  })
})
