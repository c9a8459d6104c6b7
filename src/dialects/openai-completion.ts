import type { Usage } from '../core/events.ts'
import type { ModelToolCall } from '../core/model.ts'
import type { RequestResult } from '../core/result.ts'
import { type OpenAiError, openAiError } from './openai-error.ts'

const ID_PREFIX = 'chatcmpl-'
/** Says whose answer it is; there is one backend. */
export const FINGERPRINT = 'freshet'

/** The id under which a request is a completion. */
export function completionId(requestId: string): string {
  return `${ID_PREFIX}${requestId}`
}

/** The request behind the id of a completion; an id without the prefix is a request's own. */
export function requestIdOf(id: string): string {
  return id.startsWith(ID_PREFIX) ? id.slice(ID_PREFIX.length) : id
}

export interface OpenAiUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** Clients want numbers: what a provider did not say is 0. */
export function usageOf({ input_tokens, output_tokens }: Usage): OpenAiUsage {
  const [prompt_tokens, completion_tokens] = [input_tokens ?? 0, output_tokens ?? 0]
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

/** A tool call as OpenAI's clients have it. */
export interface OpenAiCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** A call of the caller's tool; its arguments stay the text that the model wrote. */
export function callOf({ id, name, arguments: words }: ModelToolCall): OpenAiCall {
  return { id, type: 'function', function: { name, arguments: words } }
}

export type OpenAiFinish = 'stop' | 'length' | 'content_filter' | 'tool_calls'

/**
 * @param reason of the `stream_end` event; null when the request was cancelled
 * @param called true when a tool of the caller was called: a client that is told of calls waits for nothing else
 */
export function finishOf(reason: string | null, called: boolean): OpenAiFinish {
  if (reason === 'length' || reason === 'content_filter') return reason
  return reason === 'tool_calls' && called ? 'tool_calls' : 'stop'
}

/** A whole answer. */
export interface OpenAiCompletion {
  readonly id: string
  readonly object: 'chat.completion'
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly choices: readonly [
    {
      readonly index: 0
      readonly message: {
        readonly role: 'assistant'
        /** Null when there are tool calls only. */
        readonly content: string | null
        readonly refusal: null
        readonly tool_calls?: readonly OpenAiCall[]
      }
      readonly logprobs: null
      readonly finish_reason: OpenAiFinish
    },
  ]
  readonly usage: OpenAiUsage
  readonly system_fingerprint: string
}

/**
 * An ended request as the body of an answer that is not streamed. One that was cancelled is what stood by then.
 * @param model as it was asked for
 * @returns an error's body when it failed
 * @throws RangeError when it still runs
 */
export function completionOf(result: RequestResult, model: string): OpenAiCompletion | OpenAiError {
  const { status, error, text, toolCalls } = result
  if (status === 'running') throw new RangeError('the request has not ended')
  if (error !== null) return openAiError(error.code, error.message)
  const called = toolCalls.length > 0
  return {
    id: completionId(result.requestId),
    object: 'chat.completion',
    created: Math.floor(result.startedAt / 1000),
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && called ? null : text,
          refusal: null,
          ...(called && { tool_calls: toolCalls.map(callOf) }),
        },
        logprobs: null,
        finish_reason: finishOf(result.finishReason, called),
      },
    ],
    usage: usageOf(result.usage),
    system_fingerprint: FINGERPRINT,
  }
}
