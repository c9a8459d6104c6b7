import * as z from 'zod'
import { CHANNELS } from '../../core/channels.ts'

const count = z.int().min(0)
const seconds = z.number().min(0).meta({ description: 'Seconds.' })

/** The `sessions` part of D1's statistics: a session is a WebSocket. */
export const sessionStatsSchema = z
  .object({
    total_sessions: count,
    active_sessions: count,
    active_session_details: z.record(
      z.string(),
      z.object({
        user_id: z.string(),
        state: z.enum(['connecting', 'connected', 'processing', 'idle', 'disconnecting', 'disconnected']),
        duration: seconds,
        active_requests: count,
      }),
    ),
  })
  .meta({ id: 'SessionStats' })

export const streamingStatsSchema = z
  .object({
    sessions: sessionStatsSchema,
    streams: z.object({
      total_streams: count,
      active_streams: count,
      avg_stream_duration: seconds.meta({ description: 'Seconds: 0.9 of the old mean and 0.1 of the newest.' }),
      bytes_streamed: count,
    }),
    performance: z.object({ avg_session_duration: seconds, sessions_per_user: z.number().min(0) }),
  })
  .meta({ id: 'StreamingStats' })

export const readerStatsSchema = z
  .object({
    connections: z.object({ total: count, active: count, by_user: z.record(z.string(), count) }),
    events: z.object({ total_sent: count, by_type: z.record(z.string(), count) }),
    active_clients: z.record(
      z.string(),
      z.object({
        user_id: z.string(),
        connected_duration: seconds,
        subscriptions: z.array(z.enum(CHANNELS)),
        is_connected: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'ReaderStats' })

export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'degraded']),
    version: z.string(),
    degraded: z
      .array(z.string())
      .meta({ description: 'What is not at its best: `monitor`, or `provider <name>` that fails.' }),
    active_streams: count.nullable().meta({ description: 'null while the monitor does not answer.' }),
    active_connections: count.nullable(),
  })
  .meta({ id: 'Health' })

export const hubDebugSchema = z
  .object({
    instance_id: z.string().meta({ description: 'New each time the hub wakes.' }),
    connections: count,
    epoch: z.string().meta({ description: 'Of its log; empty while the hub holds nothing.' }),
    first_seq: count,
    last_seq: count,
    rows_written: count,
    storage_bytes: count,
    active_requests: count,
  })
  .meta({ id: 'HubDebug' })
