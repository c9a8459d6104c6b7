import { compactOf } from '../core/compact.ts'
import type { Numbered } from '../core/events.ts'
import { parseCursor } from '../core/ids.ts'
import type { EventLog } from '../core/log.ts'
import type { Requests } from './requests.ts'
import type { HubStore, RequestRow } from './store.ts'

/** Which request a stream is for. */
export interface Follow {
  /** By its id; or the one to which the cursor's event belongs; or the newest that runs in a conversation. */
  readonly requestId: string | null
  readonly conversationId: string | null
  /** True for a wire that cannot go on in the middle: it begins with the start again (DI3). */
  readonly fromStart: boolean
}

/** Where a stream of one request begins. */
export interface Following {
  readonly requestId: string
  readonly conversationId: string | null
  /** The compacted log, to be sent before what is live; null when it goes on after a cursor. */
  readonly compact: readonly Numbered[] | null
  /** With a cursor: its number. */
  readonly after: number | null
}

interface FollowPorts {
  readonly log: EventLog
  readonly store: HubStore
  readonly requests: Requests
}

/**
 * Finds the request that a reader means and where it goes on (DI2 to DI4).
 * @param cursor `Last-Event-ID` as it came, or null
 * @returns null when there is nothing to tell: it has ended and was told, nothing runs, or it is no longer kept
 * @throws FreshetError `request_not_found` for an id that a reader without a cursor made up
 */
export function findFollowed(follow: Follow, cursor: string | null, ports: FollowPorts): Following | null {
  const { log, store, requests } = ports
  const { epoch, firstSeq } = log.bounds()
  const parsed = cursor === null ? null : parseCursor(cursor)
  const at = parsed !== null && parsed.epoch === epoch ? parsed.seq : null
  const row = rowOf(follow, at, cursor !== null, ports)
  if (row === null) return null
  const running = requests.runner.get(row.request_id)
  const names = { requestId: row.request_id, conversationId: row.conversation_id }
  if (row.status !== 'running' || running === undefined) {
    if (at !== null && row.end_seq !== null && at >= row.end_seq) return null
    // Whoever asks what runs in a conversation is told that nothing does.
    if (follow.requestId === null && at === null) return null
    if (row.start_seq < firstSeq || isEmpty(requests.numberedOf(row))) return null
    store.seen(row.request_id)
  }
  if (at !== null && at >= row.start_seq && at >= firstSeq - 1 && !follow.fromStart) {
    return { ...names, compact: null, after: at }
  }
  const compact = (running?.compact ?? compactOf(requests.numberedOf(row))).events()
  return compact.length === 0 ? null : { ...names, compact, after: null }
}

function rowOf(follow: Follow, at: number | null, hasCursor: boolean, { log, store, requests }: FollowPorts) {
  if (follow.requestId !== null) {
    // Its stream was followed once, so it was there: it is no longer kept (DI4).
    if (hasCursor) return store.request(follow.requestId)
    return requests.known(follow.requestId)
  }
  const byCursor: RequestRow | null = at === null ? null : requestAt(log, store, at)
  if (byCursor !== null || hasCursor) return byCursor
  return follow.conversationId === null ? null : store.runningIn(follow.conversationId)
}

/** True of a deleted conversation's request: there is nothing left to tell (CV6). */
function isEmpty(events: Generator<unknown>): boolean {
  return events.next().done === true
}

/** The request of the event with a number. */
function requestAt(log: EventLog, store: HubStore, seq: number): RequestRow | null {
  if (seq === 0) return null
  const [numbered] = log.after(seq - 1, { events: 1, bytes: 1 })
  return numbered?.seq === seq ? store.request(numbered.event.request_id) : null
}
