import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import {
  type CancelSignal,
  type ModelPart,
  type ModelProvider,
  type ModelRequest,
  ProviderFailure,
} from '../core/model.ts'
import { type Fetch, guardFetch } from './guard-fetch.ts'
import { linkAbort } from './link-abort.ts'
import { cutFailure, mapError } from './map-error.ts'
import { mapStreamPart } from './map-stream-part.ts'
import { toPrompt } from './to-prompt.ts'

/** One event of a provider's stream, characters: a delta has some ten, a whole tool call some thousands. */
const MAX_EVENT_CHARS = 1024 * 1024

export interface OpenAiCompatibleOptions {
  readonly name: string
  readonly model: string
  /** What `/chat/completions` is put behind. */
  readonly baseUrl: string
  /** Null: no `Authorization` header. */
  readonly apiKey: string | null
  /** Instead of the platform's fetch. */
  readonly fetch?: Fetch
}

/** Any server that speaks OpenAI's chat completions, through the AI SDK (PR1). */
export class OpenAiCompatibleProvider implements ModelProvider {
  readonly kind = 'openai-compatible'
  readonly name: string
  readonly model: string
  readonly #model: LanguageModelV4

  constructor({
    name,
    model,
    baseUrl,
    apiKey,
    fetch = (input, init) => globalThis.fetch(input, init),
  }: OpenAiCompatibleOptions) {
    this.name = name
    this.model = model
    this.#model = createOpenAICompatible({
      name,
      baseURL: baseUrl,
      includeUsage: true,
      fetch: guardFetch(fetch, MAX_EVENT_CHARS),
      ...(apiKey === null ? {} : { apiKey }),
    }).chatModel(model)
  }

  async *stream(request: ModelRequest, signal: CancelSignal): AsyncGenerator<ModelPart, void, undefined> {
    if (signal.aborted) return
    const link = linkAbort(signal)
    try {
      const reader = await this.#open(request, link.signal)
      // Beside the fetch's own signal: a runtime that does not carry it over to the body must not keep us reading.
      const leave = (): void => void reader.cancel().catch(() => undefined)
      if (link.signal.aborted) leave()
      else link.signal.addEventListener('abort', leave, { once: true })
      yield* answerOf(reader)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      link.abort()
    }
  }

  async #open(
    request: ModelRequest,
    abortSignal: AbortSignal,
  ): Promise<ReadableStreamDefaultReader<LanguageModelV4StreamPart>> {
    try {
      const { stream } = await this.#model.doStream({
        prompt: toPrompt(request.messages),
        abortSignal,
        includeRawChunks: false,
      })
      return stream.getReader()
    } catch (error) {
      throw mapError(error, 'call', Date.now())
    }
  }
}

/** Parts up to the finish. Tool calls wait for it: of a cut stream the SDK gives them out with half their arguments. */
async function* answerOf(
  reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart>,
): AsyncGenerator<ModelPart, void, undefined> {
  const toolCalls: ModelPart[] = []
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw mapError(error, 'stream', Date.now())
    })
    if (done) throw cutFailure()
    const part = mapStreamPart(value)
    if (part === null) continue
    if (part instanceof ProviderFailure) throw part
    if (part.type === 'tool_call') {
      toolCalls.push(part)
    } else if (part.type === 'finish') {
      yield* toolCalls
      yield part
      return
    } else {
      yield part
    }
  }
}
