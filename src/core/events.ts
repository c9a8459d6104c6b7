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
    /** Who answers. */
    agent: z.string().default('assistant'),
    /** The answer's own id as a message. */
    message_id: z.string().nullable().default(null),
    /** Earlier messages that the model is given, and those that were left out to fit (CV3). */
    context_messages: z.number().default(0),
    dropped_messages: z.number().default(0),
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

const toolCall = z.object({
  ...common,
  type: z.literal('tool_call'),
  data: z.object({
    request_id: z.string(),
    call_id: z.string(),
    tool: z.string(),
    /** JSON text as the model wrote it. */
    arguments: z.string(),
    /** The agent that calls. */
    by: z.string(),
    /** True for a tool of the caller, who runs it; then no `tool_result` follows. */
    external: z.boolean(),
  }),
})

const toolResult = z.object({
  ...common,
  type: z.literal('tool_result'),
  data: z.object({
    request_id: z.string(),
    call_id: z.string(),
    tool: z.string(),
    by: z.string(),
    status: z.enum(['ok', 'error']),
    /** Cleaned (AG6). */
    output: z.json(),
    /** Seconds. */
    duration: z.number(),
  }),
})

/** A consultation: a generation within the request, told by its start and its end (AG4). */
const specialist = z.object({
  ...common,
  type: z.literal('specialist'),
  data: z.object({
    request_id: z.string(),
    /** The same at its start and its end. */
    run_id: z.string(),
    specialist: z.string(),
    title: z.string(),
    status: z.enum(['started', 'completed', 'failed']),
    question: z.string(),
    /** The finding, at the end. */
    content: z.string().nullable(),
    /** Seconds; null at the start. */
    duration: z.number().nullable(),
    usage: usageSchema.nullable(),
    /** Dollars. */
    cost: z.number(),
    cost_estimated: z.boolean(),
    /** The code when it failed, else null. */
    error_type: z.enum(ERROR_CODES).nullable(),
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
    /** Messages of the conversation with this answer; null without one. */
    message_count: z.number().nullable().default(null),
    /** For a dialect whose end repeats the answer and what led to it (D5). */
    closing: z
      .object({
        final_message: z.string(),
        history: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.string() })),
      })
      .optional(),
  }),
})

/** What a deleted conversation leaves in the log, so that numbers stay as they are: nothing (CV6). */
const deleted = z.object({ ...common, type: z.literal('deleted'), data: z.object({ request_id: z.string() }) })

const cancelled = z.object({
  ...common,
  type: z.literal('cancelled'),
  data: z.object({
    request_id: z.string(),
    status: z.literal('cancelled'),
    reason: z.string(),
    total_chunks: z.number(),
    total_length: z.number(),
    /** Seconds. */
    duration: z.number().default(0),
    message_count: z.number().nullable().default(null),
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
  toolCall,
  toolResult,
  specialist,
  deleted,
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
  tool_call: false,
  tool_result: false,
  specialist: false,
  deleted: false,
  stream_end: true,
  cancelled: true,
  error: true,
}

/** True for the one event that ends its request (GE1). */
export function isTerminal(event: LogEvent): boolean {
  return TERMINAL[event.type]
}
