import type { LanguageModelV4, LanguageModelV4StreamPart, SharedV4ProviderOptions } from '@ai-sdk/provider'
import { LIMITS } from '../core/limits.ts'
import {
  type CancelSignal,
  type ModelPart,
  type ModelProvider,
  type ModelRequest,
  ProviderFailure,
} from '../core/model.ts'
import { adaptRequest, type Quirks } from './adapt-request.ts'
import { linkAbort } from './link-abort.ts'
import { cutFailure, mapError, streamFailure } from './map-error.ts'
import { mapStreamPart } from './map-stream-part.ts'
import { toCallOptions } from './to-call-options.ts'
import { toPrompt } from './to-prompt.ts'

/** A model of the AI SDK. */
export interface SdkModel {
  readonly model: LanguageModelV4
  /** What each call tells the SDK beside the prompt. */
  readonly providerOptions?: SharedV4ProviderOptions
  readonly quirks?: Quirks
}

type Reader = ReadableStreamDefaultReader<LanguageModelV4StreamPart>

/** Any model of the AI SDK behind the port (PR1). */
export class SdkProvider implements ModelProvider {
  readonly name: string
  readonly kind: string
  readonly model: string
  readonly #sdk: SdkModel

  constructor({ name, kind, model }: { name: string; kind: string; model: string }, sdk: SdkModel) {
    this.name = name
    this.kind = kind
    this.model = model
    this.#sdk = sdk
  }

  async *stream(request: ModelRequest, signal: CancelSignal): AsyncGenerator<ModelPart, void, undefined> {
    if (signal.aborted) return
    const link = linkAbort(signal)
    try {
      const reader = await this.#open(request, link.signal)
      if (reader === null) return
      // Beside the call's own signal: an SDK or a runtime that does not heed it must not keep us reading.
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

  /** The stream, or null when the signal aborts first; one that comes after that is let go of. */
  async #open(request: ModelRequest, signal: AbortSignal): Promise<Reader | null> {
    const opening = this.#call(request, signal)
    const aborted = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true })
    })
    const reader = await Promise.race([opening, aborted])
    if (reader === null) opening.then((late) => late.cancel()).catch(() => undefined)
    return reader
  }

  async #call(request: ModelRequest, abortSignal: AbortSignal): Promise<Reader> {
    try {
      const { model, providerOptions, quirks = {} } = this.#sdk
      const adapted = adaptRequest(request, quirks)
      const { stream } = await model.doStream({
        prompt: toPrompt(adapted),
        ...toCallOptions(adapted),
        abortSignal,
        includeRawChunks: false,
        ...(providerOptions === undefined ? {} : { providerOptions }),
      })
      return stream.getReader()
    } catch (error) {
      throw mapError(error, 'call', Date.now())
    }
  }
}

type ToolCall = Extract<ModelPart, { type: 'tool_call' }>

/** Parts up to the finish. Tool calls wait for it: of a cut stream SDKs give them out with half their arguments. */
async function* answerOf(reader: Reader): AsyncGenerator<ModelPart, void, undefined> {
  const toolCalls: ToolCall[] = []
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
      if (!areBounded(toolCalls)) throw streamFailure()
    } else if (part.type === 'finish') {
      yield* toolCalls
      yield part
      return
    } else {
      yield part
    }
  }
}

/** False for more calls, or longer ones, than a turn may have (PR5). */
function areBounded(calls: readonly ToolCall[]): boolean {
  const chars = calls.reduce((sum, call) => sum + call.arguments.length, 0)
  if (calls.length > LIMITS.turnCalls || chars > LIMITS.answerChars) return false
  return calls.every(({ id, name, arguments: words }) => {
    return Math.max(id.length, name.length) <= LIMITS.callNameChars && words.length <= LIMITS.callArgumentsChars
  })
}
