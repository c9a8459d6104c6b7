import type { LogEvent, Numbered } from './events.ts'

/** What a log says about itself. `firstSeq` is the oldest event kept; with none kept it is `lastSeq + 1`. */
export interface LogBounds {
  readonly epoch: string
  readonly firstSeq: number
  readonly lastSeq: number
}

/** How much a page may hold; at least one row is read, so a page makes progress. */
export interface PageSize {
  readonly events: number
  readonly bytes: number
}

/**
 * A user's log (SPEC LG). Synchronous: an append and the sends that follow it are one turn.
 * Two implementations, `MemoryLog` and the hub's `SqliteLog`, under one suite.
 */
export interface EventLog {
  bounds(): LogBounds
  /**
   * Appends events as one row (several, where one would be too large) and returns them with their numbers. An empty
   * list writes nothing.
   * @throws whatever the storage throws; then nothing was appended.
   */
  append(events: readonly LogEvent[]): readonly Numbered[]
  /**
   * The events after `seq`, oldest first, whole rows until the page is full.
   * @throws LogCorrupt when a row does not parse (LG6).
   */
  after(seq: number, page: PageSize): readonly Numbered[]
  /**
   * Takes every word of a conversation out of the log (CV6): its events become `deleted` ones, numbers stay.
   * @returns how many events were changed
   */
  erase(conversationId: string): number
  /**
   * Lets the older segment go if all of it is older than `before` (ms), and changes segments (LG4).
   * @returns true when something changed.
   */
  rotate(before: number): boolean
  /** When `rotate` will next have something to do, given the retention in ms; null when the log is empty. */
  nextRotation(retentionMs: number): number | null
}

/** What stays of an event whose conversation was deleted (CV6). */
export function erased(event: LogEvent): LogEvent {
  const { at, request_id } = event
  return { at, request_id, conversation_id: null, target: null, type: 'deleted', data: { request_id } }
}

/** A stored row that is not what was written. */
export class LogCorrupt extends Error {
  override readonly name = 'LogCorrupt'
}

/** An event that is larger than a row may be (LG7): a limit is missing, so nothing was written. */
export class RowTooLarge extends Error {
  override readonly name = 'RowTooLarge'
}

/** All events after `seq` one by one, page by page. */
export function* eventsAfter(log: EventLog, seq: number, page: PageSize): Generator<Numbered> {
  for (let at = seq; ; ) {
    const batch = log.after(at, page)
    const last = batch.at(-1)
    if (last === undefined) return
    yield* batch
    at = last.seq
  }
}
