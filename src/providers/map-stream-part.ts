import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider'
import type { Usage } from '../core/events.ts'
import { type FinishReason, type ModelPart, ProviderFailure } from '../core/model.ts'
import { cutFailure, mapErrorPart, streamFailure } from './map-error.ts'

/**
 * One part of an SDK stream as ours.
 * @returns null for what we have no use for; a failure, for the caller to throw, for an error part and for a finish
 * that is none.
 */
export function mapStreamPart(part: LanguageModelV4StreamPart): ModelPart | ProviderFailure | null {
  switch (part.type) {
    case 'text-delta':
      return part.delta === '' ? null : { type: 'text', text: part.delta }
    case 'tool-call':
      // A tool that the provider runs itself, such as its own search, asks nothing of us.
      if (part.providerExecuted === true) return { type: 'alive' }
      return { type: 'tool_call', id: part.toolCallId, name: part.toolName, arguments: part.input }
    case 'finish': {
      const reason = mapFinishReason(part.finishReason)
      return reason instanceof ProviderFailure ? reason : { type: 'finish', reason, usage: mapUsage(part.usage) }
    }
    case 'error':
      return mapErrorPart(part.error)
    case 'reasoning-delta':
    case 'tool-input-delta':
    case 'ping':
      return { type: 'alive' }
    default:
      return null
  }
}

/** A finish reason as ours, or the failure that it stands for: half an answer must not pass for a whole one. */
export function mapFinishReason({ unified, raw }: LanguageModelV4FinishReason): FinishReason | ProviderFailure {
  switch (unified) {
    case 'stop':
    case 'length':
      return unified
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    case 'other':
      return mapOther(raw)
    case 'error':
      return streamFailure()
    default:
      return cutFailure()
  }
}

/** "Other" is every word that the SDK does not know. Some servers put an empty one on each chunk, or an error. */
function mapOther(raw: string | undefined): FinishReason | ProviderFailure {
  switch (raw) {
    case undefined:
    case '':
    case 'abort':
    case 'interrupted':
      return cutFailure()
    case 'error':
    case 'network_error':
      return streamFailure()
    default:
      return 'other'
  }
}

/** Tokens, or null where the provider did not say. */
export function mapUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage {
  return { input_tokens: inputTokens.total ?? null, output_tokens: outputTokens.total ?? null }
}
