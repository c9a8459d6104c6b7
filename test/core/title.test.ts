import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { titleOf } from '../../src/core/title.ts'
import { textArb } from '../support/generated-log.ts'

const promptArb = fc
  .array(fc.oneof(textArb, fc.constantFrom(' ', '\n\n', '\t', '\0', '\u2028', 'freshet ', '🌊', 'ünï')), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''))

/** The prompt on one line. */
function lineOf(prompt: string): string {
  return prompt
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

describe('the title of a conversation', () => {
  it('[CV4] any prompt: one line, at most 60 characters and a mark, a beginning of it, no half of a character', () => {
    fc.assert(
      fc.property(promptArb, (prompt) => {
        const title = titleOf(prompt)
        const kept = title.replace(/…$/, '')
        expect(Array.from(kept).length).toBeLessThanOrEqual(LIMITS.titleChars)
        expect(title.isWellFormed()).toBe(true)
        expect(title).not.toMatch(/[\n\r\t\0\u2028]|^ | $/)
        expect(lineOf(prompt).startsWith(kept.trim())).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('[CV4] a short prompt is its own title', () => {
    expect(titleOf('  What is\na freshet? ')).toBe('What is a freshet?')
    expect(titleOf('x'.repeat(60))).toBe('x'.repeat(60))
    expect(titleOf('')).toBe('')
  })

  it('[CV4] a long one is cut after the last word that fits whole', () => {
    const words = 'one two three four five six seven eight nine ten eleven twelve'
    expect(titleOf(words)).toBe('one two three four five six seven eight nine ten eleven…')
    expect(titleOf(`${'x'.repeat(35)} ${'y'.repeat(24)} z`)).toBe(`${'x'.repeat(35)} ${'y'.repeat(24)}…`)
  })

  it('[CV4] a word that is longer than half a title is cut in the middle, between two characters', () => {
    expect(titleOf('x'.repeat(61))).toBe(`${'x'.repeat(60)}…`)
    expect(titleOf('🌊'.repeat(100))).toBe(`${'🌊'.repeat(60)}…`)
    expect(titleOf(`a ${'x'.repeat(100)}`)).toBe(`a ${'x'.repeat(58)}…`)
  })

  it('[CV4] it begins with the first word, however much is blank before it', () => {
    expect(titleOf(`${'\n \0'.repeat(1000)}What is a freshet?`)).toBe('What is a freshet?')
  })

  it('[CV4] it says that there is more, also where that is far away', () => {
    expect(titleOf(`a${' '.repeat(1000)}b`)).toBe('a…')
  })
})
