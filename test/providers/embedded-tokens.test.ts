import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exactly, following, tokenize } from '../../src/providers/embedded-tokens.ts'

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.lorem({ mode: 'sentences' }))

describe('tokens', () => {
  test('[PR2] tokens together are the text, none is empty or ends inside a character', () => {
    fc.assert(
      fc.property(text, (given) => {
        const tokens = tokenize(given)
        expect(tokens.join('')).toBe(given)
        for (const token of tokens) {
          expect(token.length).toBeGreaterThan(0)
          expect(token.isWellFormed() || !given.isWellFormed()).toBe(true)
        }
      }),
    )
  })

  test('[PR2] a text is cut short or said again to exactly N tokens', () => {
    fc.assert(
      fc.property(fc.lorem({ mode: 'sentences' }), fc.integer({ min: 0, max: 500 }), (given, count) => {
        const tokens = [...exactly(given, count)]
        expect(tokens).toHaveLength(count)
        expect(`${given}\n\n`.repeat(count + 1).startsWith(tokens.join(''))).toBe(true)
      }),
    )
  })

  test('[PR2] what follows on a beginning is the rest, wherever that ends', () => {
    fc.assert(
      fc.property(text, fc.nat(), (given, at) => {
        const beginning = given.slice(0, at % (given.length + 1))
        expect([...(following(tokenize(given), beginning) ?? ['none'])].join('')).toBe(given.slice(beginning.length))
      }),
    )
  })

  test.each(['abd', 'abc d', 'abc e', 'x'])('[PR2] nothing follows on %j, which is no beginning', (beginning) => {
    expect(following(tokenize('abc'), beginning)).toBeNull()
  })
})
