import type { ErrorCode } from './errors.ts'
import type { Usage } from './events.ts'
import type { TaskClass } from './task.ts'

/** One turn of what a model is given. */
export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export interface ModelRequest {
  readonly messages: readonly ModelMessage[]
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
