import { AnthropicLanguageModel } from '@ai-sdk/anthropic/internal'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Fetch } from '../guard-fetch.ts'

/** Anthropic's messages, from the part that `@ai-sdk/amazon-bedrock` is built on too. */
export function anthropicMessages(options: {
  readonly model: string
  readonly baseUrl: string
  readonly headers: Record<string, string>
  readonly fetch: Fetch
}): LanguageModelV4 {
  const { model, baseUrl, headers, fetch } = options
  return new AnthropicLanguageModel(model, { provider: 'anthropic.messages', baseURL: baseUrl, headers, fetch })
}
