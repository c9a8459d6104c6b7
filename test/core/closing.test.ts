import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closingOf } from '../../src/core/closing.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { ModelMessage } from '../../src/core/model.ts'

describe('what an end repeats', () => {
  it('[TE7] is the answer and what led to it, system messages and tools left out', () => {
    const history: ModelMessage[] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: '' },
      { role: 'tool', callId: 't', name: 'n', content: 'x' },
      { role: 'assistant', content: 'two' },
    ]
    expect(closingOf(history, 'three', 'four')).toEqual({
      final_message: 'four',
      history: [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'three' },
        { role: 'assistant', content: 'four' },
      ],
    })
  })

  it('[TE7] always fits a row', () => {
    const sizeArb = fc.constantFrom(1, 1000, 60_000, 149_999, 200_000)
    const letterArb = fc.constantFrom('a', '水', '\u0001', '"', '\ud83c')
    fc.assert(
      fc.property(fc.array(sizeArb, { maxLength: 20 }), fc.nat(500_000), letterArb, (sizes, length, letter) => {
        const history = sizes.map((size): ModelMessage => ({ role: 'user', content: '水'.repeat(size) }))
        const text = letter.repeat(length)
        const closing = closingOf(history, 'prompt', text)
        const whole = text.toWellFormed()
        const bytes = new TextEncoder().encode(JSON.stringify(whole)).length
        expect(whole.startsWith(closing.final_message)).toBe(true)
        expect(closing.final_message === whole).toBe(bytes <= LIMITS.closingAnswerBytes)
        expect(new TextEncoder().encode(JSON.stringify(closing)).length).toBeLessThan(1_900_000)
      }),
      { numRuns: 50 },
    )
  })
})
