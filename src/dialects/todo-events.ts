import { closingOf } from '../core/closing.ts'
import type { LogEvent } from '../core/events.ts'
import type { Closing } from '../core/generation.ts'
import { TODO_AGENT } from '../core/todo.ts'
import { utf8Length } from '../core/utf8.ts'
import type { Dialect, Encoder } from './dialect.ts'
import { sseComment, sseEvent } from './sse-text.ts'
import { argumentsOf } from './tool-arguments.ts'

/** Bytes of data that are gathered into one `batch`; what is larger goes out at once (contract D5). */
const BATCH_BYTES = 1024

/** One event of this dialect. */
interface Told {
  readonly event: string
  readonly data: unknown
}

/**
 * D5, the todo agent (contract D5). The end repeats the answer: the agent's own has that in itself, any other's is
 * gathered from what went before (DI11). Where an event of the log is several here, the last of them has its id, so that a
 * reader that was cut off between them gets them all again and none is lost.
 */
export const todoEvents: Dialect = {
  name: 'd5',
  headers: {},
  replaysFromStart: false,
  recalls: 'all',
  encoder: ({ batching }) => (batching ? new Batches() : new OneByOne()),
}

/** What was asked and answered so far in a stream. */
class Said {
  #prompt = ''
  readonly #texts: string[] = []

  add(event: LogEvent): void {
    if (event.type === 'stream_start') this.#prompt = event.data.prompt
    if (event.type === 'chunk' || event.type === 'token') this.#texts.push(event.data.chunk)
  }

  get closing(): Closing {
    return closingOf([], this.#prompt, this.#texts.join(''))
  }
}

class OneByOne implements Encoder {
  readonly #said = new Said()

  recall(event: LogEvent): void {
    this.#said.add(event)
  }

  event(id: string | null, event: LogEvent): string {
    this.#said.add(event)
    return written(id, toldOf(event, this.#said))
  }

  heartbeat(): string {
    return heartbeat()
  }
}

function heartbeat(): string {
  return sseComment('open')
}

/** Events one by one, the id on the last. */
function written(id: string | null, told: readonly Told[]): string {
  return told
    .map(({ event, data }, i) => {
      return sseEvent({ id: i === told.length - 1 ? (id ?? undefined) : undefined, event, data: JSON.stringify(data) })
    })
    .join('')
}

/**
 * Gathers small events into `batch`, a list of {`event`, `data`}, in order: up to `BATCH_BYTES` of data, and as long as
 * nobody asks for what was held back. A larger event goes out at once, after what was held back, and so do the start and
 * errors. The request's end and a heartbeat hold nothing back.
 */
class Batches implements Encoder {
  readonly #said = new Said()
  #held: Told[] = []
  #bytes = 0
  #id: string | null = null

  recall(event: LogEvent): void {
    this.#said.add(event)
  }

  event(id: string | null, event: LogEvent): string {
    this.#said.add(event)
    const told = toldOf(event, this.#said)
    // As JSON in a list: each has a comma beside it, and the list its brackets.
    const bytes = told.reduce((sum, one) => sum + sizeOf(one) + 1, 0)
    if (told.length === 0) return ''
    if (bytes >= BATCH_BYTES || ALONE.has(event.type)) return this.flush() + written(id, told)
    const full = this.#bytes + bytes + 1 > BATCH_BYTES ? this.flush() : ''
    this.#held.push(...told)
    this.#bytes += bytes
    this.#id = id ?? this.#id
    return full + (ENDS.has(event.type) ? this.flush() : '')
  }

  heartbeat(): string {
    return this.flush() || heartbeat()
  }

  flush(): string {
    const held = this.#held
    const id = this.#id
    this.#held = []
    this.#bytes = 0
    this.#id = null
    return written(id, held.length > 1 ? [{ event: 'batch', data: held }] : held)
  }
}

/** The start, so that a reader knows by then what it reads (DI5), and what went wrong, so that nobody has to look for it. */
const ALONE: ReadonlySet<LogEvent['type']> = new Set(['stream_start', 'cancelled', 'error'])
const ENDS: ReadonlySet<LogEvent['type']> = new Set(['stream_end', 'cancelled', 'error'])

function sizeOf(told: Told): number {
  return utf8Length(JSON.stringify(told))
}

function toldOf(event: LogEvent, said: Said): readonly Told[] {
  switch (event.type) {
    case 'stream_start': {
      // The id under which the same conversation goes on.
      const session_id = event.conversation_id ?? event.request_id
      return [
        { event: 'session_initialized', data: { session_id, request_id: event.request_id } },
        { event: 'agent_updated', data: { name: event.data.agent } },
      ]
    }
    case 'chunk':
    case 'token':
      return [{ event: 'message_delta', data: { content: event.data.chunk } }]
    case 'tool_call': {
      const { tool: tool_name, call_id, by } = event.data
      const given = argumentsOf(event.data.arguments) ?? {}
      return [{ event: 'tool_call', data: { tool_name, arguments: given, call_id, by } }]
    }
    case 'tool_result': {
      const { tool, call_id, status, output } = event.data
      return [{ event: 'tool_result', data: { tool_name: tool, output, call_id, status } }]
    }
    case 'specialist': {
      // Whom the word is given back to is not in the event; this wire has one lead.
      const { status, specialist } = event.data
      return [{ event: 'agent_updated', data: { name: status === 'started' ? specialist : TODO_AGENT, status } }]
    }
    case 'stream_end':
      return endOf(event.data.closing ?? said.closing)
    case 'cancelled':
      return [refused('The request was cancelled. What was said and done until then stays.', 'cancelled')]
    case 'error':
      return [refused(event.data.error, event.data.error_type)]
    case 'metadata':
    case 'progress':
    case 'deleted':
      return []
  }
}

/** The whole answer, then `completed`, and `history` last. */
function endOf({ final_message, history }: Closing): readonly Told[] {
  return [
    { event: 'message', data: { content: final_message } },
    { event: 'completed', data: { final_message } },
    { event: 'history', data: history },
  ]
}

function refused(message: string, code: string): Told {
  return { event: 'error', data: { status: 'error', message, code } }
}

/** A stream that is refused before it begins: one event. */
export function todoRefusal(message: string, code: string): string {
  return written(null, [refused(message, code)])
}

/** How much of the month's requests is used up. */
export interface MonthlyUsage {
  readonly current_usage: number
  readonly monthly_limit: number
  readonly remaining_quota: number
  /** ISO 8601. */
  readonly reset_date: string
}

/** A stream that is refused by the rate: one event, with a sentence that says when to come back. */
export function todoRateLimited(message: string, usage: MonthlyUsage): string {
  return written(null, [{ event: 'rate_limit_exceeded', data: { message, ...usage } }])
}
