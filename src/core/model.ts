import type { ErrorCode } from './errors.ts'
import type { Usage } from './events.ts'
import type { TaskClass } from './task.ts'

/** A tool that a model wants to be called. */
export interface ModelToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it; it may be none. */
  readonly arguments: string
}

/** One turn of what a model is given. */
export type ModelMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ModelToolCall[] }
  /** What a tool gave back, as text. */
  | { readonly role: 'tool'; readonly callId: string; readonly name: string; readonly content: string }

/** A tool that a model may call. */
export interface ToolSpec {
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/** Whether a model may, must or must not call tools, or must call one of them. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

/** How a model is to choose its words; what is left out is the model's own default. */
export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  /** The answer is to be a JSON object. */
  readonly json?: boolean
}

export interface ModelRequest {
  readonly messages: readonly ModelMessage[]
  readonly tools: readonly ToolSpec[]
  readonly toolChoice: ToolChoice
  readonly sampling: Sampling
  readonly task: TaskClass
  /** A BCP 47 tag that the caller prefers, or null. */
  readonly language: string | null
  /** An answer so far that is to be continued, since another provider died in it; null for a new answer. */
  readonly prefix: string | null
}

export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'other'

/** What a provider says, in order: any number of texts and tool calls, then exactly one finish. */
export type ModelPart =
  /** It works but has nothing to show yet, as a model does that thinks: no stall (GE7). */
  | { readonly type: 'alive' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_call'; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly usage: Usage }

/** The part of the web's AbortSignal that the core needs; an AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** How a provider can fail, as far as a client may know. */
export type ProviderFailureCode = Extract<
  ErrorCode,
  'provider_error' | 'provider_rate_limited' | 'provider_stalled' | 'provider_cut'
>

/** A failed provider call. `message` is ours, never the provider's (PR3). */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure'
  readonly code: ProviderFailureCode
  /** True when another try, there or elsewhere, may work. */
  readonly retryable: boolean
  /** Seconds that the provider asked to wait, or null. */
  readonly retryAfterS: number | null
  /** The HTTP status, for the log; null when there was none. */
  readonly status: number | null

  constructor(
    code: ProviderFailureCode,
    message: string,
    more: { retryable?: boolean; retryAfterS?: number | null; status?: number | null } = {},
  ) {
    super(message)
    this.code = code
    this.retryable = more.retryable ?? true
    this.retryAfterS = more.retryAfterS ?? null
    this.status = more.status ?? null
  }
}

/** The port that every provider is behind (PR1). */
export interface ModelProvider {
  readonly name: string
  readonly kind: string
  readonly model: string
  /**
   * Streams an answer. Ends after its `finish` part.
   * @param signal aborting it must close the upstream connection at once; the iteration then ends or throws, either is fine.
   * @throws ProviderFailure for everything that goes wrong, a stream without a finish included (`provider_cut`).
   */
  stream(request: ModelRequest, signal: CancelSignal): AsyncIterable<ModelPart>
}
