import { LIMITS } from './limits.ts'
import type { ModelMessage } from './model.ts'

/** An exchange as far as a model may be reminded of it. */
export interface PastExchange {
  readonly prompt: string
  readonly text: string
}

export interface History {
  /** Oldest first. */
  readonly messages: readonly ModelMessage[]
  /** Messages that were left out to fit, the oldest ones, of exchanges that have an answer. */
  readonly dropped: number
}

const CHARS_A_TOKEN = 4

/**
 * The newest exchanges that fit a budget, whole (CV3). An exchange without an answer is passed over, and takes nothing of
 * the budget: two messages of the user in a row are refused by some models.
 * @param newestFirst read only as far as needed
 * @param answered how many exchanges with an answer there are
 * @param budget tokens, of 4 characters
 */
export function historyOf(newestFirst: Iterable<PastExchange>, answered: number, budget: number): History {
  const kept: PastExchange[] = []
  let left = budget * CHARS_A_TOKEN
  for (const exchange of newestFirst) {
    if (exchange.text === '') continue
    left -= exchange.prompt.length + exchange.text.length
    if (left < 0) break
    kept.push(exchange)
  }
  const messages = kept.toReversed().flatMap(({ prompt, text }): readonly ModelMessage[] => [
    { role: 'user', content: prompt },
    { role: 'assistant', content: text },
  ])
  return { messages, dropped: (answered - kept.length) * 2 }
}

/**
 * Of a history that a caller brought the newest that are sent on, from a message of the user on, and all instructions:
 * such callers always send all they have, and a conversation must not end because it has become long.
 */
export function newestTurns(turns: readonly ModelMessage[]): readonly ModelMessage[] {
  if (turns.length <= LIMITS.historyMessages) return turns
  const system = turns.filter(({ role }) => role === 'system')
  const others = turns.filter(({ role }) => role !== 'system')
  const least = others.length + system.length - LIMITS.historyMessages
  const from = others.findIndex(({ role }, i) => i >= least && role === 'user')
  return from === -1 ? system : [...system, ...others.slice(from)]
}
