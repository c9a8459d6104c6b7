import type { ErrorCode } from './errors.ts'
import { isTerminal, type LogEvent, type Switch, type Usage } from './events.ts'
import { cutText, Gatherer } from './gather.ts'
import { LIMITS } from './limits.ts'
import type { TaskClass } from './task.ts'

/** What a generation knows from the start. */
export interface GenerationStart {
  readonly requestId: string
  readonly conversationId: string | null
  readonly target: string | null
  readonly prompt: string
  readonly granularity: 'chunk' | 'token'
  readonly task: TaskClass
  readonly strategy: string
  readonly agent: string
  readonly messageId: string | null
  /** Earlier messages that the model is given, and those left out (CV3). */
  readonly context: { readonly messages: number; readonly dropped: number }
}

/** How a provider ended an answer. */
export interface Finish {
  readonly provider: string
  readonly reason: string
  readonly usage: Usage
  readonly cacheHit: boolean
  /** Dollars. */
  readonly cost: number
  readonly costEstimated: boolean
  /** Messages of the conversation with this answer; null without one. */
  readonly messageCount: number | null
  readonly closing: Closing | null
}

/** The answer and what led to it, where the end repeats them. */
export type Closing = NonNullable<Extract<LogEvent, { type: 'stream_end' }>['data']['closing']>

/** What an event of a type tells, but for the request's id, which the generation knows. */
export type Told<T extends LogEvent['type']> = Omit<Extract<LogEvent, { type: T }>['data'], 'request_id'>

const PROGRESS_EVERY = 5
/** Characters after which an answer of unknown length is taken for two thirds done: half of a usual answer. */
const PROGRESS_SCALE = 500

/**
 * A request's life as events (SPEC GE): running, then ended by exactly one of complete, cancelled, failed.
 * Pure: it holds no timer and appends nothing itself. Each method returns the events to append, in order;
 * after the end all of them return none.
 */
export class Generation {
  readonly start: GenerationStart
  readonly #gatherer = new Gatherer()
  #startedAt = 0
  #chunks = 0
  #text: string[] = []
  #length = 0
  #ended = false

  constructor(start: GenerationStart) {
    this.start = start
  }

  get ended(): boolean {
    return this.#ended
  }

  /** ms since 1970. */
  get startedAt(): number {
    return this.#startedAt
  }

  /** The answer as far as it is in events. */
  get text(): string {
    if (this.#text.length > 1) this.#text = [this.#text.join('')]
    return this.#text[0] ?? ''
  }

  get chunks(): number {
    return this.#chunks
  }

  get length(): number {
    return this.#length
  }

  /**
   * The first events: `stream_start`, and `metadata` when it is known who answers.
   * @param provider null while that is not known; `routed` then follows
   */
  begin(now: number, provider: string | null, cacheHit = false): readonly LogEvent[] {
    if (this.#ended) return []
    this.#startedAt = now
    const { requestId, prompt } = this.start
    const start: LogEvent = {
      ...this.#common(now),
      type: 'stream_start',
      data: {
        request_id: requestId,
        prompt,
        prompt_length: prompt.length,
        estimated_duration: Math.max(2, prompt.length / 50),
        agent: this.start.agent,
        message_id: this.start.messageId,
        context_messages: this.start.context.messages,
        dropped_messages: this.start.context.dropped,
      },
    }
    return provider === null ? [start] : [start, ...this.routed(now, provider, [], cacheHit)]
  }

  /** Who answers: `metadata`, once at the start and again after each switch, with all switches so far (FB4). */
  routed(now: number, provider: string, switches: readonly Switch[], cacheHit = false): readonly LogEvent[] {
    if (this.#ended) return []
    const data = {
      task_type: this.start.task,
      recommended_provider: provider,
      routing_strategy: this.start.strategy,
      ...(cacheHit && { cache_hit: true }),
    }
    return [
      {
        ...this.#common(now),
        type: 'metadata',
        data: switches.length === 0 ? data : { ...data, switch: [...switches] },
      },
    ]
  }

  /** A tool is called: after the text that came before it. */
  toolCall(now: number, call: Told<'tool_call'>): readonly LogEvent[] {
    return this.#tell(now, (common) => ({ ...common, type: 'tool_call', data: { ...call, ...this.#named } }))
  }

  /** A tool has given back. */
  toolResult(now: number, result: Told<'tool_result'>): readonly LogEvent[] {
    return this.#tell(now, (common) => ({ ...common, type: 'tool_result', data: { ...result, ...this.#named } }))
  }

  /** A consultation begins or ends. */
  specialist(now: number, told: Told<'specialist'>): readonly LogEvent[] {
    return this.#tell(now, (common) => ({ ...common, type: 'specialist', data: { ...told, ...this.#named } }))
  }

  get #named(): { readonly request_id: string } {
    return { request_id: this.start.requestId }
  }

  #tell(now: number, event: (common: Common) => LogEvent): readonly LogEvent[] {
    if (this.#ended) return []
    return [...this.flush(now), event(this.#common(now))]
  }

  /** Takes a delta of the provider; it goes out with a later `flush`. */
  add(delta: string): void {
    if (!this.#ended) this.#gatherer.add(delta)
  }

  /** When `flush` is due (ms, or null): see Gatherer.dueAt. */
  flushDueAt(watched: boolean): number | null {
    return this.#ended ? null : this.#gatherer.dueAt(watched)
  }

  /** What was gathered, as chunks (or tokens), with a `progress` after every fifth. */
  flush(now: number): readonly LogEvent[] {
    if (this.#ended) return []
    const deltas = this.#gatherer.take(now)
    const pieces = this.start.granularity === 'token' ? deltas : [deltas.join('')]
    return pieces.flatMap((piece) => cutText(piece, LIMITS.deltaChars)).flatMap((piece) => this.#chunk(piece, now))
  }

  /** The rest of the text and `stream_end`. */
  complete(now: number, finish: Finish): readonly LogEvent[] {
    return this.#end(now, (common) => ({
      ...common,
      type: 'stream_end',
      data: {
        request_id: this.start.requestId,
        total_chunks: this.#chunks,
        total_length: this.#length,
        duration: Math.max(0, now - this.#startedAt) / 1000,
        provider_used: finish.provider,
        cache_hit: finish.cacheHit,
        finish_reason: finish.reason,
        usage: finish.usage,
        cost: finish.cost,
        cost_estimated: finish.costEstimated,
        message_count: finish.messageCount,
        ...(finish.closing !== null && { closing: finish.closing }),
      },
    }))
  }

  /** The text so far and the cancelled `stream_end` (GE4). */
  cancel(now: number, reason: string, messageCount: number | null = null): readonly LogEvent[] {
    return this.#end(now, (common) => ({
      ...common,
      type: 'cancelled',
      data: {
        request_id: this.start.requestId,
        status: 'cancelled',
        reason,
        total_chunks: this.#chunks,
        total_length: this.#length,
        duration: Math.max(0, now - this.#startedAt) / 1000,
        message_count: messageCount,
      },
    }))
  }

  /** The text so far and the `error` that ends the request (GE8). */
  fail(now: number, code: ErrorCode, message: string): readonly LogEvent[] {
    return this.#end(now, (common) => failure(common, code, message))
  }

  #end(now: number, last: (common: Common) => LogEvent): readonly LogEvent[] {
    if (this.#ended) return []
    const rest = this.flush(now)
    this.#ended = true
    return [...rest, last(this.#common(now))]
  }

  #chunk(piece: string, now: number): readonly LogEvent[] {
    this.#chunks += 1
    this.#length += piece.length
    this.#text.push(piece)
    const request_id = this.start.requestId
    const chunk: LogEvent = {
      ...this.#common(now),
      type: this.start.granularity,
      data: { request_id, chunk: piece, chunk_number: this.#chunks, accumulated_length: this.#length },
    }
    if (this.#chunks % PROGRESS_EVERY !== 0) return [chunk]
    // The length of an answer is unknown until it ends, so this rises towards 99 and never falls.
    const progress = Math.min(99, Math.floor(100 * (1 - Math.exp(-this.#length / PROGRESS_SCALE))))
    return [
      chunk,
      { ...this.#common(now), type: 'progress', data: { request_id, progress, chunks_sent: this.#chunks } },
    ]
  }

  #common(now: number): Common {
    return commonOf(this.start, now)
  }
}

interface RequestNames {
  readonly requestId: string
  readonly conversationId: string | null
  readonly target: string | null
}

type Common = Pick<LogEvent, 'at' | 'request_id' | 'conversation_id' | 'target'>

function commonOf(names: RequestNames, now: number): Common {
  return { at: now, request_id: names.requestId, conversation_id: names.conversationId, target: names.target }
}

function failure(common: Common, code: ErrorCode, message: string): LogEvent {
  return { ...common, type: 'error', data: { request_id: common.request_id, error: message, error_type: code } }
}

/** The end of a request whose generation died with its process (GE6). */
export function interrupted(names: RequestNames, now: number): LogEvent {
  return failure(
    commonOf(names, now),
    'interrupted',
    'The service was restarted while this answer was being written. What you see is all there is; ask again for a new one.',
  )
}

/** The terminal event among events, if any. */
export function endOf(events: readonly LogEvent[]): LogEvent | undefined {
  return events.find(isTerminal)
}
