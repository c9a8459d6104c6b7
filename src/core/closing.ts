import type { Closing } from './generation.ts'
import { LIMITS } from './limits.ts'
import type { ModelMessage } from './model.ts'
import { cutToJsonBytes, utf8Length } from './utf8.ts'

/** What a message has in JSON beside its content. */
const MESSAGE_BYTES = 64

function bytesOf(text: string): number {
  return utf8Length(JSON.stringify(text))
}

/**
 * What an end repeats where a dialect wants it (D5): the answer, and what led to it. One event is one row, so it is
 * bounded: the oldest of the history is left out, and of an overlong answer the beginning is repeated.
 */
export function closingOf(history: readonly ModelMessage[], prompt: string, text: string): Closing {
  const final_message = cutToJsonBytes(text.toWellFormed(), LIMITS.closingAnswerBytes)
  const said = [...history, { role: 'user', content: prompt } as const].flatMap(({ role, content }) =>
    (role === 'user' || role === 'assistant') && content !== '' ? [{ role, content }] : [],
  )
  let left = LIMITS.closingBytes - 2 * bytesOf(final_message)
  const kept = said.toReversed().filter(({ content }) => {
    left -= bytesOf(content) + MESSAGE_BYTES
    return left >= 0
  })
  return { final_message, history: [...kept.toReversed(), { role: 'assistant', content: final_message }] }
}
