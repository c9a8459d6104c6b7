import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8Length } from '../../src/core/utf8.ts'

describe('utf8Length', () => {
  it('[MO1] it counts the bytes that an encoder makes, of any text', () => {
    const units = fc.oneof(
      fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom('\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ud800', '\udbff', '\udc00', '\udfff', '\ue000'),
      fc.constantFrom('a', 'é', '€', '🌊', '\ud83c', '\udf0a'),
    )
    const encoder = new TextEncoder()
    fc.assert(
      fc.property(fc.array(units), (parts) => {
        const text = parts.join('')
        expect(utf8Length(text)).toBe(encoder.encode(text).length)
      }),
      { numRuns: 2000 },
    )
  })

  it('[MO1] empty text has none', () => {
    expect(utf8Length('')).toBe(0)
  })
})
