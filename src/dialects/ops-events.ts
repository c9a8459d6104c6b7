import type { Channel } from '../core/channels.ts'
import type { Envelope } from '../core/wire.ts'
import { sseEvent } from './sse-text.ts'

/** What an SSE reader of contract D2 is. */
export interface OpsReader {
  readonly clientId: string
  readonly subscriptions: readonly Channel[]
}

/** Names of contract D2 for events of the hub's wire; what is not here has no place in this dialect. */
const NAMES: Readonly<Record<string, string>> = {
  stream_start: 'stream_start',
  chunk: 'chunk',
  token: 'chunk',
  progress: 'progress',
  stream_end: 'stream_complete',
  error: 'stream_error',
  resync: 'resync',
  status_update: 'status_update',
  health_update: 'health_update',
  cache_update: 'cache_update',
  cost_update: 'cost_update',
}

/** Names of contract D2 for the log's event types, as the statistics show them; null for what D2 does not send. */
export function opsName(type: string): string | null {
  if (type === 'cancelled') return 'stream_complete'
  return (Object.hasOwn(NAMES, type) ? NAMES[type] : undefined) ?? null
}

/**
 * The first event of a stream.
 * @param id the cursor where a reader without one begins, or null when it brought its own (CU5)
 * @param at ms since 1970
 */
export function opsConnection(reader: OpsReader, id: string | null, at: number): string {
  const data = { client_id: reader.clientId, connected_at: at / 1000, subscriptions: reader.subscriptions }
  return sseEvent({ id: id ?? undefined, event: 'connection', data: JSON.stringify(data) })
}

/** After 30 s without an event. @param at ms since 1970 */
export function opsHeartbeat(at: number): string {
  return sseEvent({ event: 'heartbeat', data: JSON.stringify({ timestamp: at / 1000 }) })
}

/** The stream's own error: why it ends. @param id where the reader goes on when it comes again; null: where it was */
export function opsFault(code: string, message: string, id: string | null): string {
  return sseEvent({ id: id ?? undefined, event: 'error', data: JSON.stringify({ error: message, error_type: code }) })
}

/** An event of the hub's wire in this dialect, or null when it has none (`metadata`, typing). */
export function opsEvent(envelope: Envelope, reader: OpsReader): string | null {
  const name = opsName(envelope.event_type)
  // An error without a request is about a command, which SSE readers do not send.
  if (name === null || (envelope.event_type === 'error' && envelope.request_id === null)) return null
  const data: Record<string, unknown> = { ...envelope.data, client_id: reader.clientId }
  if (envelope.metadata['snapshot'] === true) data['snapshot'] = true
  return sseEvent({ id: envelope.id ?? undefined, event: name, data: JSON.stringify(data) })
}
