import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { ModelMessage } from '../core/model.ts'

/** Our messages as the SDK's prompt: text only, in the same order. */
export function toPrompt(messages: readonly ModelMessage[]): LanguageModelV4Prompt {
  return messages.map(
    ({ role, content }): LanguageModelV4Message =>
      role === 'system' ? { role, content } : { role, content: [{ type: 'text', text: content }] },
  )
}
