import * as z from 'zod'
import { attemptSchema } from './health.ts'
import { quotaSchema } from './quota.ts'

/** Spending on one model of one provider on one day. */
export const spendSchema = z.object({
  /** Dollars. */
  cost: z.number(),
  /** Dollars that answers from the cache would have cost. */
  saved: z.number(),
  attempts: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  /** Attempts whose tokens were estimated. */
  estimated: z.number(),
})
export type Spend = z.infer<typeof spendSchema>

/** By day (UTC, `2026-11-20`), then `provider model`. Cumulative, so a report replaces the one before. */
export const spendingSchema = z.record(z.string(), z.record(z.string(), spendSchema))
export type Spending = z.infer<typeof spendingSchema>

/** A hub's totals since its tables were made; they only grow, so a report replaces the one before (MO1). */
export const totalsSchema = z.object({
  requests: z.number().default(0),
  /** Conversations that were made. */
  conversations: z.number().default(0),
  completed: z.number().default(0),
  failed: z.number().default(0),
  cancelled: z.number().default(0),
  /** Completed requests that were answered from the cache. */
  cache_hits: z.number().default(0),
  /** Seconds that ended requests took, all together. */
  stream_seconds: z.number().default(0),
  /** Characters of answer text. */
  answer_chars: z.number().default(0),
  /** Bytes (UTF-8) handed to readers as frames, envelope included. */
  bytes_sent: z.number().default(0),
  /** Client WebSockets that have ended, and how long they lived. Those that live are in `connections`. */
  sockets_closed: z.number().default(0),
  socket_seconds: z.number().default(0),
  /** SSE readers that have ended. */
  readers_closed: z.number().default(0),
  /** Events handed to SSE readers, by type. */
  reader_events: z.record(z.string(), z.number()).default({}),
  rows_written: z.number().default(0),
  /** What of the month's quota has ended and counts; null before there was any (RL2). */
  quota: quotaSchema.nullable().default(null),
  /** The last row of the hub's ledger that `spending` counts. */
  ledger_id: z.number().default(0),
  spending: spendingSchema.default({}),
})
export type Totals = z.infer<typeof totalsSchema>

export const connectionInfoSchema = z.object({
  id: z.string(),
  kind: z.enum(['socket', 'bridge']),
  user_id: z.string(),
  /** ms since 1970. */
  connected_at: z.number(),
  active_at: z.number(),
  subscriptions: z.array(z.string()),
  active_requests: z.array(z.string()),
})
export type ConnectionInfo = z.infer<typeof connectionInfoSchema>

/** A conversation in use: no word of it, so that deleting it leaves none here (CV6). Times in ms since 1970. */
export const activeConversationSchema = z.object({
  id: z.string(),
  created_at: z.number(),
  /** When it was last used. */
  updated_at: z.number(),
  message_count: z.number(),
})
export type ActiveConversation = z.infer<typeof activeConversationSchema>

/** What a hub tells the monitor after a change. */
export const reportSchema = z.object({
  /** The hub's name in its namespace. */
  hub: z.string(),
  epoch: z.string(),
  user_id: z.string(),
  /** ms since 1970. */
  at: z.number(),
  /** True for the last word of a hub that wipes itself (MO3). */
  retired: z.boolean(),
  running: z.number(),
  connections: z.array(connectionInfoSchema),
  totals: totalsSchema,
  /** Which instance of the hub speaks; numbers of reports, `ended` and `attempts` are its own, from 1. */
  instance: z.string(),
  serial: z.number(),
  /** Requests that ended and were not yet told: seconds each, for the moving average of contract D1. */
  ended: z.array(z.object({ n: z.number(), seconds: z.number() })),
  /** Attempts at providers that were not yet told (HE1). */
  attempts: z.array(z.object({ n: z.number(), attempt: attemptSchema })),
  /** What the hub's cache holds. */
  cache: z.object({ entries: z.number(), max_entries: z.number() }),
  /** Conversations in use, the one that was used last first. */
  conversations: z.array(activeConversationSchema).default([]),
})
export type Report = z.infer<typeof reportSchema>
