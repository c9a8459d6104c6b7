import * as z from 'zod'
import { CHANNELS, type Channel } from './channels.ts'
import type { LogEvent, LogEventType } from './events.ts'

/** What a connection wants to see of the log (SPEC FL). */
export const filterSchema = z.object({
  channels: z.array(z.enum(CHANNELS)),
  /** Only this conversation, or null for all. */
  conversation_id: z.string().nullable(),
  /** Only this request, or null for all: a stream that is made for one (FL5). */
  request_id: z.string().nullable().default(null),
  /** The connection's own name, to which a stream may be narrowed. */
  client_id: z.string(),
  /** `progress` events at multiples of this many chunks: 5 in D2, 10 in D1 (FL3). */
  progress_every: z.number().int().positive(),
})
export type Filter = z.infer<typeof filterSchema>

/** The channels on which a type of event goes out; one of them is enough. */
const CHANNELS_OF: Record<LogEventType, readonly Channel[]> = {
  stream_start: ['ai_response'],
  metadata: ['ai_response'],
  chunk: ['ai_response'],
  token: ['ai_response'],
  progress: ['progress_update'],
  tool_call: ['ai_response'],
  tool_result: ['ai_response'],
  specialist: ['ai_response'],
  deleted: [],
  stream_end: ['ai_response'],
  cancelled: ['ai_response'],
  error: ['ai_response', 'error_alert'],
}

/** True when the connection with this filter gets the event (FL1, FL2, FL3). */
export function admits(filter: Filter, event: LogEvent): boolean {
  if (event.target !== null && event.target !== filter.client_id) return false
  if (filter.conversation_id !== null && event.conversation_id !== filter.conversation_id) return false
  if (filter.request_id !== null && event.request_id !== filter.request_id) return false
  // What a deleted conversation leaves tells a stream of that one request that its end will not come any more (CV6).
  if (event.type === 'deleted') return filter.request_id !== null
  if (event.type === 'progress' && event.data.chunks_sent % filter.progress_every !== 0) return false
  return CHANNELS_OF[event.type].some((channel) => filter.channels.includes(channel))
}

/** True when the connection would see the text of a request: such a connection makes it watched (GA2). */
export function watches(
  filter: Filter,
  request: { requestId: string; conversationId: string | null; target: string | null },
): boolean {
  if (filter.request_id !== null && request.requestId !== filter.request_id) return false
  if (request.target !== null && request.target !== filter.client_id) return false
  if (filter.conversation_id !== null && request.conversationId !== filter.conversation_id) return false
  return filter.channels.includes('ai_response') || filter.channels.includes('progress_update')
}
