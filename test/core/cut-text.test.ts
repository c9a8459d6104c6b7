import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutText } from '../../src/core/gather.ts'
import { textArb } from '../support/generated-log.ts'

describe('cutting text', () => {
  it('[LG7] the pieces are the text, none is empty and none is too long', () => {
    fc.assert(
      fc.property(textArb, fc.integer({ min: 1, max: 12 }), (text, most) => {
        const pieces = cutText(text, most)
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) {
          expect(piece.length).toBeGreaterThan(0)
          expect(piece.length).toBeLessThanOrEqual(most)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('[LG7] no cut is within a character, wherever the halves of others are lost', () => {
    fc.assert(
      fc.property(textArb, fc.integer({ min: 2, max: 12 }), (text, most) => {
        let at = 0
        for (const piece of cutText(text, most)) {
          at += piece.length
          // A code point of two units that begins before the cut would end after it.
          expect((text.codePointAt(at - 1) ?? 0) > 0xffff && at < text.length).toBe(false)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('[LG7] pieces are as long as they may be', () => {
    expect(cutText('abcdefg', 3)).toEqual(['abc', 'def', 'g'])
    expect(cutText('ab🌊cd', 3)).toEqual(['ab', '🌊c', 'd'])
    expect(cutText('🌊🌊', 3)).toEqual(['🌊', '🌊'])
    expect(cutText('', 3)).toEqual([])
    expect(cutText('abc', 3)).toEqual(['abc'])
  })

  it('[LG7] halves without their other half are carried as they are', () => {
    expect(cutText('\ud83c\ud83c\ud83c', 2)).toEqual(['\ud83c', '\ud83c\ud83c'])
    expect(cutText('\udf0a\udf0a\udf0a', 2)).toEqual(['\udf0a\udf0a', '\udf0a'])
  })
})
