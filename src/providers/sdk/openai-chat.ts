import { OpenAIChatLanguageModel } from '@ai-sdk/openai/internal'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Fetch } from '../guard-fetch.ts'

/**
 * OpenAI's chat completions, also Azure's. From the package's part for other packages of the SDK: the public part
 * takes address and key from the environment, holds 130 KiB more, and Azure's a copy of it all.
 */
export function openAiChat(options: {
  readonly provider: string
  readonly model: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly fetch: Fetch
}): LanguageModelV4 {
  const { provider, model, url, headers, fetch } = options
  return new OpenAIChatLanguageModel(model, { provider, url: () => url, headers, fetch })
}
