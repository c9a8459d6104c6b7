import { connectionState } from '../core/connection.ts'
import { LIMITS } from '../core/limits.ts'
import type { ActiveConversation, ConnectionInfo, Report, Totals } from '../core/report.ts'
import { mergeSpending } from '../core/spending.ts'

/** What the monitor knows: the last report of every hub, and the totals of hubs that are no more. */
export interface Known {
  readonly reports: readonly Report[]
  readonly retired: Totals
  /** Seconds: 0.9 old + 0.1 new (contract D1). */
  readonly meanStreamSeconds: number
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)

function total(known: Known, pick: (totals: Totals) => number): number {
  return pick(known.retired) + sum(known.reports.map((report) => pick(report.totals)))
}

function connections(known: Known, kind: ConnectionInfo['kind']): readonly ConnectionInfo[] {
  return known.reports.flatMap((report) => report.connections.filter((connection) => connection.kind === kind))
}

/** `sessions` of `GET /api/streaming/stats` (contract D1). Durations in seconds. */
export function sessionStats(known: Known, now: number) {
  const live = connections(known, 'socket')
  return {
    total_sessions: live.length + total(known, (totals) => totals.sockets_closed),
    active_sessions: live.length,
    active_session_details: Object.fromEntries(
      live.map((session) => [
        session.id,
        {
          user_id: session.user_id,
          state: connectionState(session.active_at, session.active_requests.length, now),
          duration: secondsSince(session.connected_at, now),
          active_requests: session.active_requests.length,
        },
      ]),
    ),
  }
}

/** `GET /api/streaming/stats` (contract D1). */
export function streamingStats(known: Known, now: number) {
  const live = connections(known, 'socket')
  const closed = total(known, (totals) => totals.sockets_closed)
  const users = new Set(live.map((session) => session.user_id)).size
  return {
    sessions: sessionStats(known, now),
    streams: {
      total_streams: total(known, (totals) => totals.requests),
      active_streams: sum(known.reports.map((report) => report.running)),
      avg_stream_duration: known.meanStreamSeconds,
      bytes_streamed: total(known, (totals) => totals.bytes_sent),
    },
    performance: {
      avg_session_duration: closed === 0 ? 0 : total(known, (totals) => totals.socket_seconds) / closed,
      sessions_per_user: users === 0 ? 0 : live.length / users,
    },
  }
}

/** `GET /api/sse/stats` (contract D2); event types by their names in the log. */
export function readerStats(known: Known, now: number) {
  const live = connections(known, 'bridge')
  // Users choose their names, so they are counted where no name means anything.
  const byUser = new Map<string, number>()
  for (const { user_id } of live) byUser.set(user_id, (byUser.get(user_id) ?? 0) + 1)
  const byType: Record<string, number> = {}
  for (const { reader_events } of [known.retired, ...known.reports.map((report) => report.totals)]) {
    for (const [type, count] of Object.entries(reader_events)) byType[type] = (byType[type] ?? 0) + count
  }
  return {
    connections: {
      total: live.length + total(known, (totals) => totals.readers_closed),
      active: live.length,
      by_user: Object.fromEntries(byUser),
    },
    events: { total_sent: sum(Object.values(byType)), by_type: byType },
    active_clients: Object.fromEntries(
      live.map((client, i) => [
        // Clients may name themselves, so two may have one name.
        live.findIndex(({ id }) => id === client.id) === i ? client.id : `${client.user_id}/${client.id}/${i}`,
        {
          user_id: client.user_id,
          connected_duration: secondsSince(client.connected_at, now),
          subscriptions: client.subscriptions,
          is_connected: true,
        },
      ]),
    ),
  }
}

/** The live figures of `GET /health`. */
export function liveStats(known: Known) {
  return {
    active_streams: sum(known.reports.map((report) => report.running)),
    active_connections: sum(known.reports.map((report) => report.connections.length)),
  }
}

/** `GET /stats` (contract D4), without the model. Times in seconds. @param beganAt since when the totals count, ms */
export function serviceStats(known: Known, beganAt: number, now: number) {
  const ended = total(known, (totals) => totals.completed + totals.failed + totals.cancelled)
  return {
    uptime_seconds: secondsSince(beganAt, now),
    total_requests: total(known, (totals) => totals.requests),
    successful_requests: total(known, (totals) => totals.completed),
    failed_requests: total(known, (totals) => totals.failed),
    active_sessions: conversationsInUse(known, now).length,
    active_streams: sum(known.reports.map((report) => report.running)),
    total_sessions_created: total(known, (totals) => totals.conversations),
    avg_response_time: ended === 0 ? 0 : total(known, (totals) => totals.stream_seconds) / ended,
  }
}

interface UsersConversation extends ActiveConversation {
  readonly user_id: string
  /** Orders those that were used in the same millisecond: a client may choose an id that another user has too. */
  readonly key: string
}

function conversationsInUse(known: Known, now: number): readonly UsersConversation[] {
  return known.reports.flatMap(({ hub, user_id, conversations }) =>
    conversations
      .filter(({ updated_at }) => updated_at >= now - LIMITS.activeMs)
      .map((conversation) => ({ ...conversation, user_id, key: `${conversation.id} ${hub}` })),
  )
}

/**
 * A page of all users' conversations in use, the one that was used last first.
 * @param page `before`: `next` of the page before, or null; anything else is as good as none
 */
export function activeConversations(
  known: Known,
  { before, limit, now }: { readonly before: string | null; readonly limit: number; readonly now: number },
) {
  const [, at, key] = /^([0-9]{1,16})_(.{1,400})$/.exec(before ?? '') ?? []
  const isAfter = (one: UsersConversation): boolean =>
    at === undefined || one.updated_at < Number(at) || (one.updated_at === Number(at) && one.key < (key ?? ''))
  const rest = conversationsInUse(known, now)
    .filter(isAfter)
    .toSorted((a, b) => b.updated_at - a.updated_at || (a.key < b.key ? 1 : -1))
  const conversations = rest.slice(0, limit)
  const last = conversations.at(-1)
  return {
    conversations,
    next: last !== undefined && rest.length > limit ? `${last.updated_at}_${last.key}` : null,
  }
}

/** Totals of a hub that is no more, added to those of the others (MO3). */
export function addTotals(a: Totals, b: Totals): Totals {
  const events: Record<string, number> = { ...a.reader_events }
  for (const [type, count] of Object.entries(b.reader_events)) events[type] = (events[type] ?? 0) + count
  return {
    requests: a.requests + b.requests,
    conversations: a.conversations + b.conversations,
    completed: a.completed + b.completed,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    cache_hits: a.cache_hits + b.cache_hits,
    stream_seconds: a.stream_seconds + b.stream_seconds,
    answer_chars: a.answer_chars + b.answer_chars,
    bytes_sent: a.bytes_sent + b.bytes_sent,
    sockets_closed: a.sockets_closed + b.sockets_closed,
    socket_seconds: a.socket_seconds + b.socket_seconds,
    readers_closed: a.readers_closed + b.readers_closed,
    reader_events: events,
    rows_written: a.rows_written + b.rows_written,
    quota: null,
    // A hub's own mark; two hubs together have none.
    ledger_id: 0,
    spending: mergeSpending(a.spending, b.spending),
  }
}

function secondsSince(at: number, now: number): number {
  return Math.max(0, now - at) / 1000
}
