import * as z from 'zod'
import { ASSISTANT } from '../core/commands.ts'
import { LIMITS } from '../core/limits.ts'
import { type Totals, totalsSchema } from '../core/report.ts'
import type { PastStart } from './allowance.ts'
import { KnownRequests } from './known-requests.ts'
import type { Sql } from './sql.ts'

export type RequestStatus = 'running' | 'complete' | 'cancelled' | 'error'

const requestSchema = z.object({
  request_id: z.string(),
  conversation_id: z.string().nullable(),
  target: z.string().nullable(),
  /** The number of its `stream_start`. */
  start_seq: z.number(),
  started_at: z.number(),
  /** When it must have ended, ms. */
  deadline: z.number(),
  status: z.enum(['running', 'complete', 'cancelled', 'error']),
  ended_at: z.number().nullable(),
  /** Length of the answer once it has ended. */
  chars: z.number().nullable(),
  /** The number of its last event once it has ended. */
  end_seq: z.number().nullable(),
  /** What a retry that cannot name it has in common with it, or null (GE11). */
  retry_key: z.string().nullable(),
  /** 1 when it ended and no stream of it was open. */
  unseen: z.number(),
  /** The user's message that it answers, by the caller's own id; and 1 when it goes on with what that was answered (CV7). */
  message_id: z.string().nullable(),
  goes_on: z.number(),
  /** Who answers; null of a request of before it was kept. */
  agent: z.string().nullable(),
  /** 1 when its conversation was deleted or cleared (CV6). */
  deleted: z.number(),
})
export type RequestRow = z.infer<typeof requestSchema>

const hubSchema = z.object({
  private_key: z.string().nullable(),
  user_id: z.string(),
  created_at: z.number(),
  totals: z.string(),
})

/** The hub's own tables beside the log: who it is, what it counted, its requests. */
export class HubStore {
  readonly userId: string
  readonly privateKey: string | null
  readonly createdAt: number
  readonly totals: Totals
  readonly #sql: Sql
  /** Rows of the count that `totals.rows_written` already holds. */
  #counted: number
  /** What is known without a look through the table: all that runs, and what ended since then (ms). Null: nothing yet. */
  #known: { readonly requests: KnownRequests; readonly since: number; readonly rollbacks: number } | null = null

  constructor(sql: Sql) {
    this.#sql = sql
    const head = hubSchema.parse(sql.run('SELECT private_key, user_id, created_at, totals FROM hub WHERE id = 1')[0])
    this.userId = head.user_id
    this.privateKey = head.private_key
    this.createdAt = head.created_at
    this.totals = totalsSchema.parse(JSON.parse(head.totals))
    // What the tables themselves cost when they were made is not part of any answer's bill.
    this.#counted = sql.rowsWritten
  }

  /** Rows written since the tables were made; exact up to the last saved total and since this instance woke. */
  get rowsWritten(): number {
    return this.totals.rows_written + this.#sql.rowsWritten - this.#counted
  }

  /** Saves the totals: one row. */
  saveTotals(): void {
    const rows = this.rowsWritten + 1
    this.#sql.run('UPDATE hub SET totals = ? WHERE id = 1', JSON.stringify({ ...this.totals, rows_written: rows }))
    this.totals.rows_written = rows
    this.#counted = this.#sql.rowsWritten
  }

  request(requestId: string): RequestRow | null {
    const row = this.#sql.run('SELECT * FROM requests WHERE request_id = ?', requestId)[0]
    return row === undefined ? null : requestSchema.parse(row)
  }

  /** Requests that run, or ran when an earlier instance died, in the order in which they began. */
  runningRequests(): readonly RequestRow[] {
    return this.#rowsOf(this.#knownSince(Number.MAX_SAFE_INTEGER).running)
      .filter(({ status }) => status === 'running')
      .toSorted((a, b) => a.start_seq - b.start_seq)
  }

  addRequest(row: Omit<RequestRow, 'status' | 'ended_at' | 'chars' | 'end_seq' | 'unseen' | 'deleted'>): void {
    this.#sql.run(
      `INSERT INTO requests (request_id, conversation_id, target, start_seq, started_at, deadline, status, retry_key,
        message_id, goes_on, agent)
       VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)`,
      row.request_id,
      row.conversation_id,
      row.target,
      row.start_seq,
      row.started_at,
      row.deadline,
      row.retry_key,
      row.message_id,
      row.goes_on,
      row.agent,
    )
    this.#known?.requests.began(row.request_id, row.retry_key)
  }

  endRequest(
    requestId: string,
    end: { status: RequestStatus; now: number; chars: number; seq: number; seen: boolean },
  ): void {
    const [ended] = this.#sql.run(
      'UPDATE requests SET status = ?, ended_at = ?, chars = ?, end_seq = ?, unseen = ? WHERE request_id = ? RETURNING retry_key',
      end.status,
      end.now,
      end.chars,
      end.seq,
      end.seen ? 0 : 1,
      requestId,
    )
    if (this.#known === null) return
    const { requests, since } = this.#known
    const retryKey = ended?.['retry_key']
    requests.ended(requestId, typeof retryKey === 'string' ? retryKey : null, end.now)
    // Twice as long as a retry looks back, in case that the clock does.
    const before = end.now - 2 * LIMITS.retryJoinMs
    requests.forgetBefore(before)
    this.#known = { ...this.#known, since: Math.max(since, before) }
  }

  /** Requests that a retry could mean (GE11), newest first: each runs, or ended not before `since` (ms). */
  withRetryKey(retryKey: string, since: number): readonly RequestRow[] {
    return this.#rowsOf(this.#knownSince(since).withKey(retryKey))
      .filter(({ retry_key, ended_at }) => retry_key === retryKey && (ended_at === null || ended_at >= since))
      .toSorted((a, b) => b.start_seq - a.start_seq)
  }

  /**
   * Where the newest ended requests begin that a reader may see, so that a state need not be made of the whole log (RS3).
   * @param limit how many of them
   * @returns `count`: of all that are kept; `from`: the number of the first event of the oldest of the newest, or null
   */
  newestEnded(
    filter: { readonly conversation_id: string | null; readonly client_id: string },
    firstSeq: number,
    limit: number,
  ): { readonly count: number; readonly from: number | null } {
    const sql = `SELECT start_seq, count(*) OVER () n FROM requests
      WHERE status <> 'running' AND deleted = 0 AND start_seq >= ?1 AND (target IS NULL OR target = ?2)
        AND (?3 IS NULL OR conversation_id = ?3)
      ORDER BY start_seq DESC LIMIT ?4`
    const rows = this.#sql.run(sql, firstSeq, filter.client_id, filter.conversation_id, limit)
    const last = rows.at(-1)
    return last === undefined ? { count: 0, from: null } : { count: Number(last['n']), from: Number(last['start_seq']) }
  }

  /** Somebody has come to see the end of a request. */
  seen(requestId: string): void {
    this.#sql.run('UPDATE requests SET unseen = 0 WHERE request_id = ? AND unseen = 1', requestId)
  }

  /** Requests that began since (ms), and all that run: what a user's limits count (RL1, RL2). */
  starts(since: number): readonly PastStart[] {
    return this.#read(since)
      .rows.filter(({ started_at, status }) => started_at > since || status === 'running')
      .map((row) => {
        const isRunning = row.status === 'running'
        return { requestId: row.request_id, agent: row.agent ?? ASSISTANT, at: row.started_at, isRunning }
      })
  }

  /** The newest running request of a conversation. */
  runningIn(conversationId: string): RequestRow | null {
    return this.runningRequests().findLast(({ conversation_id }) => conversation_id === conversationId) ?? null
  }

  /**
   * Takes a conversation off its requests: that they were, and how they ended, stays (CV6). Nobody joins one of them any
   * more: the same words are a new request then (GE11).
   */
  detach(conversationId: string): void {
    const sql =
      'UPDATE requests SET conversation_id = NULL, retry_key = NULL, unseen = 0, deleted = 1 WHERE conversation_id = ?'
    this.#sql.run(sql, conversationId)
  }

  /** Forgets requests whose first event is no longer kept: their ids mean nothing any more (GE3). */
  forgetBefore(firstSeq: number): void {
    this.#sql.run("DELETE FROM requests WHERE start_seq < ? AND status <> 'running'", firstSeq)
  }

  /** What runs, and what ended since (ms), as it was noted; at first, and after what was rolled back, by a look. */
  #knownSince(since: number): KnownRequests {
    const known = this.#known
    if (known !== null && known.since <= since && known.rollbacks === this.#sql.rollbacks) return known.requests
    return this.#read(since).requests
  }

  /** Looks through the table for what runs, and what began or ended since (ms). */
  #read(since: number): { readonly rows: readonly RequestRow[]; readonly requests: KnownRequests } {
    const sql = `SELECT * FROM requests
      WHERE status = 'running' OR started_at > ?1 OR (retry_key IS NOT NULL AND ended_at >= ?1) ORDER BY ended_at`
    const rows = this.#sql.run(sql, since).map((row) => requestSchema.parse(row))
    const requests = new KnownRequests()
    for (const { request_id, retry_key, ended_at } of rows) {
      if (ended_at === null) requests.began(request_id, retry_key)
      else requests.ended(request_id, retry_key, ended_at)
    }
    this.#known = { requests, since, rollbacks: this.#sql.rollbacks }
    return { rows, requests }
  }

  #rowsOf(requestIds: readonly string[]): readonly RequestRow[] {
    return requestIds.flatMap((requestId) => this.request(requestId) ?? [])
  }
}
