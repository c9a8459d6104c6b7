import type { LogEvent } from '../core/events.ts'

/** What a stream's writer is told beside the events. */
export interface StreamOptions {
  /** The model's name, as this dialect shows it. */
  readonly model: string
  /** D6, `stream_options.include_usage`. */
  readonly includeUsage: boolean
  /** D5: small events may be gathered. */
  readonly batching: boolean
}

/**
 * Writes one stream in one dialect: events of one request in, wire text out, in order. It may remember what it has
 * written in this stream (an open text part), and nothing else; it does no I/O.
 */
export interface Encoder {
  /** Text for an event, with its id where the dialect has ids; empty when the dialect has no word for it. */
  event(id: string | null, event: LogEvent): string
  /** An event that the reader has already, before any other: for a dialect that `recalls`. */
  recall?(event: LogEvent): void
  /** Text that keeps an idle stream open. @param now ms since 1970 */
  heartbeat(now: number): string
  /** Text that was held back to be gathered with what follows (D5's batches); asked for when it has waited long enough. */
  flush?(): string
}

/** A wire format for streams of one request. */
export interface Dialect {
  readonly name: string
  /** Response headers beside those of every event stream. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * True when a resumed stream must begin at the request's start (D7): then a reader with a cursor gets the compacted
   * log like one without, and never a bare tail.
   */
  readonly replaysFromStart: boolean
  /**
   * What of that which the reader has already is needed to write the rest (DI11): the request's start (D4 repeats a figure
   * of it), or all of it (D5 repeats the answer at its end). Left out: nothing.
   */
  readonly recalls?: 'start' | 'all'
  /** True where the reader is an EventSource: it is told how long to wait before it comes back. */
  readonly eventSource?: boolean
  encoder(options: StreamOptions): Encoder
}
