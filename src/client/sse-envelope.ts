import type { EventSourceMessage } from 'eventsource-parser'
import { type Envelope, envelopeSchema } from '../core/wire.ts'
import { textField } from './fields.ts'

/** Events of contract D2 by the name that they have in the D1 envelope. */
const ENVELOPE_NAME: Readonly<Record<string, string>> = {
  connection: 'connection_status',
  stream_start: 'stream_start',
  chunk: 'chunk',
  token: 'token',
  progress: 'progress',
  stream_complete: 'stream_end',
  stream_error: 'error',
  resync: 'resync',
  // The stream's own error is of no request: with an id it moves the cursor, so that what could not be written is passed.
  error: 'fault',
}

/** Events that make up a request and end it: without an id they can only be part of a snapshot (RS6). */
const OF_A_REQUEST: ReadonlySet<string> = new Set(['stream_start', 'chunk', 'token', 'stream_end', 'error'])

/**
 * A D2 event as the D1 envelope, so that one fold serves both transports.
 * @param at now, seconds since 1970: D2 events carry no time of their own.
 * @returns null for events that are not about a request (heartbeats, dashboards).
 * @throws SyntaxError or z.ZodError when the data is not a JSON object.
 */
export function envelopeOfSse(message: EventSourceMessage, at: number): Envelope | null {
  const eventType = ENVELOPE_NAME[message.event ?? 'message']
  if (eventType === undefined) return null
  const data = envelopeSchema.shape.data.parse(JSON.parse(message.data))
  // The id of `connection` says where a live reader starts; it is not the id of an event of the log.
  const id = eventType === 'connection_status' || !message.id ? null : message.id
  const requestId = textField(data, 'request_id')
  return {
    id,
    event_type: eventType,
    data,
    timestamp: at,
    request_id: requestId,
    session_id: textField(data, 'client_id') ?? '',
    metadata: id === null && requestId !== null && OF_A_REQUEST.has(eventType) ? { snapshot: true } : {},
  }
}
