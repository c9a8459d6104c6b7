import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { ModelMessage, ModelRequest } from '../core/model.ts'

/**
 * What a model is told that has to go on with an answer. Said to every kind: models that would go on with a last
 * message of their own by themselves are few, and newer ones refuse such a prompt.
 */
export const CONTINUE =
  'Your last message was cut off by a technical fault. Continue it exactly where it stops, in the same language and ' +
  'format. Repeat nothing of it and add no introduction: your first character follows directly on its last one.'

/** Our messages as the SDK's prompt: text only, in the same order, then the answer so far with the word to go on. */
export function toPrompt({ messages, prefix }: Pick<ModelRequest, 'messages' | 'prefix'>): LanguageModelV4Prompt {
  if (prefix === null || prefix === '') return messages.map(toMessage)
  const soFar: readonly ModelMessage[] = [
    { role: 'assistant', content: prefix },
    { role: 'user', content: CONTINUE },
  ]
  return [...messages, ...soFar].map(toMessage)
}

function toMessage({ role, content }: ModelMessage): LanguageModelV4Message {
  if (role === 'system') return { role, content }
  return { role: role === 'tool' ? 'user' : role, content: [{ type: 'text', text: content }] }
}
