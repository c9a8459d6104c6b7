import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Fetch } from '../guard-fetch.ts'

/** Chat completions as other servers than OpenAI's have them. */
export function compatibleChat(options: {
  readonly name: string
  readonly model: string
  readonly baseUrl: string
  readonly headers: Record<string, string>
  readonly fetch: Fetch
}): LanguageModelV4 {
  const { name, model, baseUrl, headers, fetch } = options
  return createOpenAICompatible({ name, baseURL: baseUrl, includeUsage: true, headers, fetch }).chatModel(model)
}
