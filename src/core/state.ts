import * as z from 'zod'

/** A finished exchange, or a running request, as a `resync` carries it (RS3). */
export const exchangeSchema = z.object({
  request_id: z.string(),
  conversation_id: z.string().nullable(),
  prompt: z.string(),
  /** The answer, or what there is of it so far. */
  text: z.string(),
  chunks: z.number(),
  status: z.enum(['running', 'complete', 'cancelled', 'error']),
  /** The code when status is `error`, else null. */
  error_type: z.string().nullable(),
  /** Seconds since 1970. */
  started_at: z.number(),
})
export type Exchange = z.infer<typeof exchangeSchema>

/** `data` of a `resync`. */
export const resyncSchema = z.object({
  reason: z.enum(['expired', 'other_epoch', 'ahead', 'not_a_cursor']),
  first_id: z.string(),
  from_id: z.string(),
  /** Conversation messages, oldest first. */
  messages: z.array(
    z.object({
      role: z.enum(['user', 'assistant']),
      content: z.string(),
      request_id: z.string(),
      conversation_id: z.string().nullable(),
      status: z.enum(['complete', 'cancelled', 'error']),
      error_type: z.string().nullable(),
      timestamp: z.number(),
    }),
  ),
  running: z.array(exchangeSchema),
  /** Older exchanges of the kept log that did not fit. */
  omitted: z.number(),
})
export type Resync = z.infer<typeof resyncSchema>
export type ResyncReason = Resync['reason']
