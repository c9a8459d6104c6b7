import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { historyOf, type PastExchange } from '../../src/core/history.ts'

const pastArb: fc.Arbitrary<readonly PastExchange[]> = fc
  .array(fc.record({ prompt: fc.integer({ min: 1, max: 60 }), text: fc.oneof(fc.constant(0), fc.nat(60)) }), {
    maxLength: 20,
  })
  .map((lengths) =>
    lengths.map(({ prompt, text }, i) => ({
      prompt: `p${i}`.padEnd(prompt, '.'),
      text: text === 0 ? '' : `a${i}`.padEnd(text, '.'),
    })),
  )

function answeredOf(past: readonly PastExchange[]): readonly PastExchange[] {
  return past.filter(({ text }) => text !== '')
}

function given(past: readonly PastExchange[], budget: number) {
  return historyOf(past.toReversed(), answeredOf(past).length, budget)
}

function charsOf(exchanges: readonly PastExchange[]): number {
  return exchanges.reduce((sum, { prompt, text }) => sum + prompt.length + text.length, 0)
}

describe('what a model is reminded of', () => {
  it('[CV3] the newest answered exchanges that fit, whole, oldest first; one more would not fit', () => {
    fc.assert(
      fc.property(pastArb, fc.nat(200), (past, budget) => {
        const answered = answeredOf(past)
        const { messages } = given(past, budget)
        const count = messages.length / 2
        const newest = answered.slice(answered.length - count)
        expect(messages).toEqual(
          newest.flatMap(({ prompt, text }) => [
            { role: 'user', content: prompt },
            { role: 'assistant', content: text },
          ]),
        )
        expect(charsOf(newest)).toBeLessThanOrEqual(budget * 4)
        if (count < answered.length) expect(charsOf(answered.slice(-count - 1))).toBeGreaterThan(budget * 4)
      }),
      { numRuns: 500 },
    )
  })

  it('[CV3] given, left out and never answered are all that was said', () => {
    fc.assert(
      fc.property(pastArb, fc.nat(200), (past, budget) => {
        const { messages, dropped } = given(past, budget)
        const unanswered = past.length - answeredOf(past).length
        expect(messages.length / 2 + dropped / 2 + unanswered).toBe(past.length)
      }),
    )
  })

  it('[CV3] an exchange without an answer takes nothing of the budget, however long its prompt', () => {
    const past = [
      { prompt: 'why?', text: 'because' },
      { prompt: 'x'.repeat(1000), text: '' },
    ]
    expect(given(past, 10)).toEqual({
      messages: [
        { role: 'user', content: 'why?' },
        { role: 'assistant', content: 'because' },
      ],
      dropped: 0,
    })
  })

  it('[CV3] the budget is tokens of 4 characters, to the character', () => {
    const past = [{ prompt: 'x'.repeat(20), text: 'y'.repeat(20) }]
    expect(given(past, 10)).toMatchObject({ messages: { length: 2 }, dropped: 0 })
    expect(given(past, 9.75)).toEqual({ messages: [], dropped: 2 })
  })

  it('[CV3] no more is read than the first that does not fit', () => {
    let read = 0
    function* newestFirst() {
      for (;;) {
        read += 1
        yield { prompt: '12345', text: '12345' }
      }
    }
    expect(historyOf(newestFirst(), 1000, 10)).toMatchObject({ messages: { length: 8 }, dropped: 1992 })
    expect(read).toBe(5)
  })
})
