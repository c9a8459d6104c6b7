import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutToJsonBytes, utf8Length } from '../../src/core/utf8.ts'

const encoder = new TextEncoder()
const units = fc.oneof(
  fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
  fc.constantFrom('\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ud800', '\udbff', '\udc00', '\udfff', '\ue000'),
  fc.constantFrom('a', 'é', '€', '🌊', '\ud83c', '\udf0a'),
)

describe('utf8Length', () => {
  it('[MO1] it counts the bytes that an encoder makes, of any text', () => {
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

describe('cutToJsonBytes', () => {
  const bytesOf = (text: string): number => encoder.encode(JSON.stringify(text)).length

  it('[LG7] it is the longest beginning that fits, and halves no pair', () => {
    const escaped = fc.oneof(
      units,
      fc.nat(0x22).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom('"', '\\', '\n'),
    )
    fc.assert(
      fc.property(fc.array(escaped, { maxLength: 30 }), fc.integer({ min: 2, max: 120 }), (parts, most) => {
        const text = parts.join('')
        const cut = cutToJsonBytes(text, most)
        expect(text.startsWith(cut)).toBe(true)
        expect(bytesOf(cut)).toBeLessThanOrEqual(most)
        if (cut === text) return
        const next = String.fromCodePoint(text.codePointAt(cut.length) ?? 0)
        expect(bytesOf(cut + next)).toBeGreaterThan(most)
        expect(/[\ud800-\udbff]$/.test(cut) && /^[\udc00-\udfff]/.test(text.slice(cut.length))).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  it('[LG7] of a text that fits nothing is cut off', () => {
    const text = 'a"\u0000é水🌊'
    expect(cutToJsonBytes(text, bytesOf(text))).toBe(text)
    expect(cutToJsonBytes(text, bytesOf(text) - 1)).toBe('a"\u0000é水')
  })
})
