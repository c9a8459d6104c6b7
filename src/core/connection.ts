import * as z from 'zod'
import { filterSchema } from './filter.ts'

/** What a hub keeps of a connection in its socket's attachment: it outlives instance and deploy, so it is versioned (HB2). */
export const attachmentSchema = z.object({
  v: z.literal(1),
  /** `session_id` in D1, `client_id` in D2. */
  id: z.string(),
  /** A client's own socket, or the edge's for an SSE reader. */
  kind: z.enum(['socket', 'bridge']),
  user_id: z.string(),
  filter: filterSchema,
  preferences: z.record(z.string(), z.json()),
  /** ms since 1970. */
  connected_at: z.number(),
  /** Last heard from, or written to for a request, ms. */
  active_at: z.number(),
  /** The log's end when it connected, or its cursor: what is after it, this connection has seen or will see. */
  from_seq: z.number(),
  /** When its token ends, ms: it is closed then; null without one (ID10). */
  expires_at: z.number().nullable().default(null),
  /** While it is being paged: the last number it was sent. null when it is live (RS8). */
  behind: z.number().nullable(),
})
export type Attachment = z.infer<typeof attachmentSchema>

/** States of contract D1. */
export type ConnectionState = 'connecting' | 'connected' | 'processing' | 'idle' | 'disconnecting' | 'disconnected'

/** A connection that has been silent for this long is shown as idle, ms. */
const IDLE_AFTER_MS = 60_000

/** The state of a live connection as the statistics show it. */
export function connectionState(activeAt: number, activeRequests: number, now: number): ConnectionState {
  if (activeRequests > 0) return 'processing'
  return now - activeAt > IDLE_AFTER_MS ? 'idle' : 'connected'
}
