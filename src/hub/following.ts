import { type CompactLog, compactOf } from '../core/compact.ts'
import type { Numbered } from '../core/events.ts'
import { parseCursor } from '../core/ids.ts'
import type { EventLog } from '../core/log.ts'

/** Which request a stream is for. */
export interface Follow {
  /** By its id; or the one to which the cursor's event belongs; or the newest that runs in a conversation. */
  readonly requestId: string | null
  readonly conversationId: string | null
  /** True for a wire that cannot go on in the middle: it begins with the start again (DI3). */
  readonly fromStart: boolean
  /** What a wire's writer is reminded of that its reader has already (DI11); left out: nothing. */
  readonly recall?: 'nothing' | 'start' | 'all'
}

/** Where a stream of one request begins. */
export interface Following {
  readonly requestId: string
  readonly conversationId: string | null
  /** The one client to which it was narrowed (FL4), or null: who asks for it by its id is let in. */
  readonly target: string | null
  /** The compacted log, to be sent before what is live; null when it goes on after a cursor. */
  readonly compact: readonly Numbered[] | null
  /** With a cursor: its number. */
  readonly after: number | null
  /** What the reader has already, compacted, for its writer alone (DI11). */
  readonly recalled?: readonly Numbered[]
}

/** What of a stored request matters here; see `RequestRow`. */
interface FollowedRow {
  readonly request_id: string
  readonly conversation_id: string | null
  readonly target: string | null
  readonly status: string
  readonly start_seq: number
  readonly end_seq: number | null
}

/** The parts of `HubStore` and `Requests` that are asked. */
interface FollowPorts<Row extends FollowedRow> {
  readonly log: EventLog
  readonly store: {
    request(requestId: string): Row | null
    runningIn(conversationId: string): Row | null
    seen(requestId: string): void
  }
  readonly requests: {
    known(requestId: string): Row
    numberedOf(row: Row): Iterable<Numbered>
    readonly runner: { get(requestId: string): { readonly compact: CompactLog } | undefined }
  }
}

/**
 * Finds the request that a reader means and where it goes on (DI2 to DI4).
 * @param cursor `Last-Event-ID` as it came, or null
 * @returns null when there is nothing to tell: it has ended and was told, nothing runs, or it is no longer kept
 * @throws FreshetError `request_not_found` for an id that a reader without a cursor made up
 */
export function findFollowed<Row extends FollowedRow>(
  follow: Follow,
  cursor: string | null,
  ports: FollowPorts<Row>,
): Following | null {
  const { log, store, requests } = ports
  const { epoch, firstSeq, lastSeq } = log.bounds()
  // An empty one is none (CU2); one of another log, or ahead of this one, cannot be used (RS2).
  const given = cursor === '' ? null : cursor
  const parsed = given === null ? null : parseCursor(given)
  const at = parsed !== null && parsed.epoch === epoch && parsed.seq <= lastSeq ? parsed.seq : null
  const row = rowOf(follow, at, given !== null, ports)
  if (row === null) return null
  const running = requests.runner.get(row.request_id)
  const names = { requestId: row.request_id, conversationId: row.conversation_id, target: row.target }
  if (row.status !== 'running' || running === undefined) {
    // Whoever asks what runs in a conversation is told that nothing does.
    if (follow.requestId === null && at === null) return null
    if (row.start_seq < firstSeq) return null
    const end = endSeqOf(row, requests)
    if (end === null) return null
    // Whoever has an id of it had a stream that could be resumed; one without may be cut again before its first (GE11).
    if (at !== null) store.seen(row.request_id)
    if (at !== null && at >= end) return null
  }
  if (at !== null && at >= row.start_seq && at >= firstSeq - 1 && !follow.fromStart) {
    const rest = { ...names, compact: null, after: at }
    if (follow.recall === undefined || follow.recall === 'nothing') return rest
    const until = follow.recall === 'start' ? row.start_seq : at
    return { ...rest, recalled: compactOf(upTo(until, requests.numberedOf(row))).events() }
  }
  const compact = (running?.compact ?? compactOf(requests.numberedOf(row))).events()
  return compact.length === 0 ? null : { ...names, compact, after: null }
}

function rowOf<Row extends FollowedRow>(
  follow: Follow,
  at: number | null,
  hasCursor: boolean,
  { log, store, requests }: FollowPorts<Row>,
): Row | null {
  if (follow.requestId !== null) {
    // Its stream was followed once, so it was there: it is no longer kept (DI4).
    if (hasCursor) return store.request(follow.requestId)
    return requests.known(follow.requestId)
  }
  const byCursor = at === null ? null : requestAt(log, store, at)
  if (byCursor !== null || hasCursor) return byCursor
  return follow.conversationId === null ? null : store.runningIn(follow.conversationId)
}

/** The number of an ended request's end; null when its words were deleted with their conversation (CV6). */
function endSeqOf<Row extends FollowedRow>(row: Row, requests: FollowPorts<Row>['requests']): number | null {
  let last: Numbered | null = null
  for (const numbered of requests.numberedOf(row)) {
    if (row.end_seq !== null) return row.end_seq
    // A request of before version 2 of the schema: its row does not say.
    last = numbered
  }
  return last?.seq ?? null
}

function* upTo(seq: number, events: Iterable<Numbered>): Generator<Numbered, void, undefined> {
  for (const numbered of events) {
    if (numbered.seq > seq) return
    yield numbered
  }
}

/** The request of the event with a number. */
function requestAt<Row>(log: EventLog, store: { request(id: string): Row | null }, seq: number): Row | null {
  if (seq === 0) return null
  const [numbered] = log.after(seq - 1, { events: 1, bytes: 1 })
  return numbered?.seq === seq ? store.request(numbered.event.request_id) : null
}
