import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Usage } from '../../src/core/events.ts'
import { costOf, estimateTokens, priceSchema, settle } from '../../src/core/price.ts'

describe('what tokens cost', () => {
  it('[MN2] an estimate is a token for four characters, and nothing only for nothing', () => {
    expect([0, 1, 4, 5, 8, 9].map(estimateTokens)).toEqual([0, 1, 1, 2, 2, 3])
  })

  it('[MN4] what has no price costs nothing, whatever was used', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), (input, output) => costOf(null, input, output) === 0))
  })

  it('[MN2] prices are dollars for a million tokens, apart for what goes in and what comes out', () => {
    expect(costOf({ input: 3, output: 15 }, 1_000_000, 0)).toBe(3)
    expect(costOf({ input: 3, output: 15 }, 0, 1_000_000)).toBe(15)
    expect(costOf({ input: 3, output: 15 }, 1000, 200)).toBeCloseTo(0.006, 12)
    expect(costOf({ input: 0, output: 0 }, 1000, 200)).toBe(0)
  })

  it('[MN2] a price is never below nothing', () => {
    expect(priceSchema.safeParse({ input: 0, output: 0 }).success).toBe(true)
    expect(priceSchema.safeParse({ input: -1, output: 0 }).success).toBe(false)
    expect(priceSchema.safeParse({ input: 1 }).success).toBe(false)
  })
})

describe('what an attempt is billed for', () => {
  it.each<[string, Usage | null, boolean, ReturnType<typeof settle>]>([
    [
      'by the provider',
      { input_tokens: 7, output_tokens: 9 },
      true,
      { inputTokens: 7, outputTokens: 9, estimated: false },
    ],
    [
      'a provider that says nothing was used',
      { input_tokens: 0, output_tokens: 0 },
      true,
      { inputTokens: 0, outputTokens: 0, estimated: false },
    ],
    ['by an estimate', null, true, { inputTokens: 25, outputTokens: 10, estimated: true }],
    [
      'half by the provider',
      { input_tokens: null, output_tokens: 9 },
      true,
      { inputTokens: 25, outputTokens: 9, estimated: true },
    ],
    [
      'the other half by the provider',
      { input_tokens: 7, output_tokens: null },
      true,
      { inputTokens: 7, outputTokens: 10, estimated: true },
    ],
    ['a refusal', null, false, { inputTokens: 0, outputTokens: 0, estimated: false }],
  ])('[MN2] %s', (_, usage, billed, expected) => {
    expect(settle(usage, 100, 40, billed)).toEqual(expected)
  })
})
