import type { LogEvent, Usage } from '../core/events.ts'
import type { Dialect, Encoder, StreamOptions } from './dialect.ts'
import {
  callOf,
  completionId,
  FINGERPRINT,
  finishOf,
  type OpenAiCall,
  type OpenAiFinish,
  type OpenAiUsage,
  usageOf,
} from './openai-completion.ts'
import { openAiError } from './openai-error.ts'
import { sseComment, sseEvent } from './sse-text.ts'

/** What a chunk adds to the message. */
interface Delta {
  readonly role?: 'assistant'
  readonly content?: string
  readonly tool_calls?: readonly (OpenAiCall & { readonly index: number })[]
}

const NO_USAGE: Usage = { input_tokens: null, output_tokens: null }

/**
 * Chunks of one chat completion. All of a stream say the same time, that of the request's start, and number their tool
 * calls through: so the writer remembers both, and a stream begins at the request's start.
 */
class ChatChunks implements Encoder {
  readonly #options: StreamOptions
  /** Seconds since 1970. */
  #created: number | null = null
  #calls = 0

  constructor(options: StreamOptions) {
    this.#options = options
  }

  event(id: string | null, event: LogEvent): string {
    switch (event.type) {
      case 'stream_start':
        return this.#delta(id, event, { role: 'assistant', content: '' })
      case 'chunk':
      case 'token':
        return this.#delta(id, event, { content: event.data.chunk })
      case 'tool_call': {
        // Tools of ours are called here: a client would try to run them.
        if (!event.data.external) return ''
        const { call_id, tool, arguments: words } = event.data
        const call = { index: this.#calls, ...callOf({ id: call_id, name: tool, arguments: words }) }
        this.#calls += 1
        return this.#delta(id, event, { tool_calls: [call] })
      }
      case 'stream_end':
        return this.#end(id, event, event.data.finish_reason, event.data.usage)
      case 'cancelled':
        return this.#end(id, event, null, NO_USAGE)
      case 'error':
        return block(id, JSON.stringify(openAiError(event.data.error_type, event.data.error)))
      case 'metadata':
      case 'progress':
      case 'tool_result':
      case 'specialist':
      case 'deleted':
        return ''
    }
  }

  heartbeat(): string {
    return sseComment('keep-alive')
  }

  #delta(id: string | null, event: LogEvent, delta: Delta, finish: OpenAiFinish | null = null): string {
    return this.#chunk(id, event, [{ index: 0, delta, logprobs: null, finish_reason: finish }], null)
  }

  /** The last blocks; only the very last has the id, so that whoever has seen it has seen them all. */
  #end(id: string | null, event: LogEvent, reason: string | null, usage: Usage): string {
    let text = this.#delta(null, event, {}, finishOf(reason, this.#calls > 0))
    if (this.#options.includeUsage) text += this.#chunk(null, event, [], usageOf(usage))
    return text + block(id, '[DONE]')
  }

  #chunk(id: string | null, event: LogEvent, choices: readonly object[], usage: OpenAiUsage | null): string {
    this.#created ??= Math.floor(event.at / 1000)
    const chunk = {
      id: completionId(event.request_id),
      object: 'chat.completion.chunk',
      created: this.#created,
      model: this.#options.model,
      system_fingerprint: FINGERPRINT,
      choices,
      ...(this.#options.includeUsage && { usage }),
    }
    return block(id, JSON.stringify(chunk))
  }
}

function block(id: string | null, data: string): string {
  return sseEvent({ id: id ?? undefined, data })
}

/** Contract D6: the stream of `POST /v1/chat/completions`. */
export const openAiChat: Dialect = {
  name: 'd6',
  headers: {},
  // OpenAI's clients build the message from its first chunk, which has the role.
  replaysFromStart: true,
  encoder: (options) => new ChatChunks(options),
}
