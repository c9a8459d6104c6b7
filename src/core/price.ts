import * as z from 'zod'
import type { Usage } from './events.ts'

/** Dollars per million tokens (contract, `PROVIDERS`). */
export const priceSchema = z.object({ input: z.number().min(0), output: z.number().min(0) })
export type Price = z.infer<typeof priceSchema>

/** Characters of English text that make a token, roughly: an estimate where the provider says nothing. */
const CHARS_PER_TOKEN = 4

/** Tokens of a text, estimated; 0 only for no text. */
export function estimateTokens(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN)
}

/** What tokens cost, dollars. Without a price it is 0: what is not known is not guessed (MN4). */
export function costOf(price: Price | null, inputTokens: number, outputTokens: number): number {
  return price === null ? 0 : (inputTokens * price.input + outputTokens * price.output) / 1_000_000
}

/** What an attempt used, and whether that is the provider's word. */
export interface Settled {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly estimated: boolean
}

/**
 * The tokens that an attempt is billed for (MN2).
 * @param usage the provider's figures, or null when the stream was cut or cancelled before they came
 * @param billed false for a call that the provider refused: it costs nothing
 */
export function settle(usage: Usage | null, promptChars: number, answerChars: number, billed: boolean): Settled {
  if (!billed) return { inputTokens: 0, outputTokens: 0, estimated: false }
  const estimated = usage === null || usage.input_tokens === null || usage.output_tokens === null
  return {
    inputTokens: usage?.input_tokens ?? estimateTokens(promptChars),
    outputTokens: usage?.output_tokens ?? estimateTokens(answerChars),
    estimated,
  }
}
