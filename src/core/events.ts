import * as z from 'zod'
import { ERROR_CODES } from './errors.ts'

/** Tokens of a model call; null where the provider did not say. */
export const usageSchema = z.object({
  input_tokens: z.number().nullable(),
  output_tokens: z.number().nullable(),
})
export type Usage = z.infer<typeof usageSchema>

/** One change of provider (FB4). */
export const switchSchema = z.object({
  from: z.string(),
  to: z.string(),
  /** Why the first one was left: a code, never its words. */
  reason: z.enum(ERROR_CODES),
  /** Characters of the answer that stood then; 0 before the first token. Beyond 0 the next one was given them to continue. */
  after_chars: z.number(),
})
export type Switch = z.infer<typeof switchSchema>

/** What every event of the log has. `at` is ms since 1970. */
const common = {
  at: z.number(),
  request_id: z.string(),
  /** The conversation it belongs to, or null. */
  conversation_id: z.string().nullable(),
  /** The one client that may see it, or null for all of the user's (contract D2, `client_id`). */
  target: z.string().nullable(),
}

const streamStart = z.object({
  ...common,
  type: z.literal('stream_start'),
  data: z.object({
    request_id: z.string(),
    /** Shown to the user's other devices; more than the old systems sent. */
    prompt: z.string(),
    prompt_length: z.number(),
    /** Seconds: max(2, prompt_length / 50) (contract D1). */
    estimated_duration: z.number(),
  }),
})

const metadata = z.object({
  ...common,
  type: z.literal('metadata'),
  data: z.object({
    task_type: z.string(),
    recommended_provider: z.string(),
    routing_strategy: z.string(),
    /** What went wrong before this provider, in order; absent while nothing has (FB4). */
    switch: z.array(switchSchema).optional(),
    /** True when the answer comes from the cache. */
    cache_hit: z.boolean().optional(),
  }),
})

const chunkData = z.object({
  request_id: z.string(),
  chunk: z.string(),
  /** From 1. */
  chunk_number: z.number(),
  /** Characters of the answer up to and including this chunk. */
  accumulated_length: z.number(),
})

const chunk = z.object({ ...common, type: z.literal('chunk'), data: chunkData })
/** Instead of `chunk` when `stream_config.granularity` is `token`. */
const token = z.object({ ...common, type: z.literal('token'), data: chunkData })

const progress = z.object({
  ...common,
  type: z.literal('progress'),
  data: z.object({
    request_id: z.string(),
    /** 0 to 100, never falling. */
    progress: z.number(),
    chunks_sent: z.number(),
  }),
})

const streamEnd = z.object({
  ...common,
  type: z.literal('stream_end'),
  data: z.object({
    request_id: z.string(),
    total_chunks: z.number(),
    total_length: z.number(),
    /** Seconds. */
    duration: z.number(),
    provider_used: z.string(),
    cache_hit: z.boolean(),
    finish_reason: z.string(),
    usage: usageSchema,
    /** Dollars for all attempts of this request; 0 from the cache, and where no price is configured. */
    cost: z.number(),
    /** True when a part of the cost is not by a provider's figures (MN2). */
    cost_estimated: z.boolean(),
  }),
})

const cancelled = z.object({
  ...common,
  type: z.literal('cancelled'),
  data: z.object({
    request_id: z.string(),
    status: z.literal('cancelled'),
    reason: z.string(),
    total_chunks: z.number(),
    total_length: z.number(),
  }),
})

const failed = z.object({
  ...common,
  type: z.literal('error'),
  data: z.object({ request_id: z.string(), error: z.string(), error_type: z.enum(ERROR_CODES) }),
})

/** What the log holds. */
export const logEventSchema = z.discriminatedUnion('type', [
  streamStart,
  metadata,
  chunk,
  token,
  progress,
  streamEnd,
  cancelled,
  failed,
])
export type LogEvent = z.infer<typeof logEventSchema>
export type LogEventType = LogEvent['type']

/** An event with its number in the log. */
export interface Numbered {
  readonly seq: number
  readonly event: LogEvent
}

const TERMINAL: Record<LogEventType, boolean> = {
  stream_start: false,
  metadata: false,
  chunk: false,
  token: false,
  progress: false,
  stream_end: true,
  cancelled: true,
  error: true,
}

/** True for the one event that ends its request (GE1). */
export function isTerminal(event: LogEvent): boolean {
  return TERMINAL[event.type]
}
