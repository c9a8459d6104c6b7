import type { Closing } from './generation.ts'
import { LIMITS } from './limits.ts'
import type { ModelMessage } from './model.ts'

/**
 * What an end repeats where a dialect wants it (D5): the answer, and what led to it. One event is one row, so it is
 * bounded: the oldest of the history is left out, and of an overlong answer the beginning is repeated.
 */
export function closingOf(history: readonly ModelMessage[], prompt: string, text: string): Closing {
  const final_message = text.slice(0, LIMITS.closingAnswerChars).toWellFormed()
  const said = [...history, { role: 'user', content: prompt } as const].flatMap(({ role, content }) =>
    (role === 'user' || role === 'assistant') && content !== '' ? [{ role, content }] : [],
  )
  let left: number = LIMITS.closingHistoryChars
  const kept = said.toReversed().filter(({ content }) => {
    left -= content.length
    return left >= 0
  })
  return { final_message, history: [...kept.toReversed(), { role: 'assistant', content: final_message }] }
}
