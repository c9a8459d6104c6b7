import { GoogleLanguageModel } from '@ai-sdk/google/internal'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Fetch } from '../guard-fetch.ts'

/**
 * Gemini, of the Gemini API and of Vertex AI, from the part that `@ai-sdk/google-vertex` is built on: that package
 * itself would bring tokens its own way, and `google-auth-library`, which is for Node.
 */
export function gemini(options: {
  /** By what it begins with, `google.vertex.`, the SDK knows Vertex AI. */
  readonly provider: string
  readonly model: string
  readonly baseUrl: string
  readonly headers: Record<string, string>
  readonly fetch: Fetch
}): LanguageModelV4 {
  const { provider, model, baseUrl, headers, fetch } = options
  const generateId = (): string => crypto.randomUUID()
  return new GoogleLanguageModel(model, { provider, baseURL: baseUrl, headers, fetch, generateId })
}
