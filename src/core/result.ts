import type { ErrorCode } from './errors.ts'
import type { LogEvent, Usage } from './events.ts'
import type { ModelToolCall } from './model.ts'

/** How a request came out, whole: for callers who do not stream. */
export interface RequestResult {
  readonly requestId: string
  readonly conversationId: string | null
  readonly status: 'running' | 'complete' | 'cancelled' | 'error'
  /** ms since 1970. */
  readonly startedAt: number
  readonly text: string
  /** Tools of the caller that it is to run. */
  readonly toolCalls: readonly ModelToolCall[]
  readonly provider: string | null
  readonly finishReason: string | null
  readonly usage: Usage
  /** When status is `error`. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
}

/** Folds a request's events to its result. @throws RangeError when there is no `stream_start` */
export function resultOf(events: Iterable<LogEvent>): RequestResult {
  let result: RequestResult | null = null
  const texts: string[] = []
  const toolCalls: ModelToolCall[] = []
  for (const event of events) {
    if (event.type === 'stream_start') {
      result = {
        requestId: event.request_id,
        conversationId: event.conversation_id,
        status: 'running',
        startedAt: event.at,
        text: '',
        toolCalls,
        provider: null,
        finishReason: null,
        usage: { input_tokens: null, output_tokens: null },
        error: null,
      }
    }
    if (result === null) continue
    switch (event.type) {
      case 'chunk':
      case 'token':
        texts.push(event.data.chunk)
        break
      case 'tool_call':
        if (event.data.external) {
          toolCalls.push({ id: event.data.call_id, name: event.data.tool, arguments: event.data.arguments })
        }
        break
      case 'stream_end': {
        const { provider_used: provider, finish_reason: finishReason, usage } = event.data
        result = { ...result, status: 'complete', provider, finishReason, usage }
        break
      }
      case 'cancelled':
        result = { ...result, status: 'cancelled' }
        break
      case 'error':
        result = { ...result, status: 'error', error: { code: event.data.error_type, message: event.data.error } }
        break
      default:
    }
  }
  if (result === null) throw new RangeError('no stream_start among the events')
  return { ...result, text: texts.join('') }
}
