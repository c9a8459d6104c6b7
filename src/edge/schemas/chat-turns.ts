import * as z from 'zod'
import { clientIdSchema } from '../../core/commands.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { userInBody } from './parts.ts'
import { streamResponse } from './responses.ts'

const count = z.int().min(0)
const seconds = z.number().min(0).meta({ description: 'Seconds.' })
const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC.' })
const model = z.string().meta({ description: 'The model that answers as a rule.' })

const EVENTS = {
  session_info: z
    .object({ type: z.literal('session_info'), session_id: z.string(), model, request_id: z.string() })
    .meta({ id: 'TurnSession' }),
  status: z
    .object({
      type: z.literal('status'),
      message: z.string(),
      context_messages: count.meta({ description: 'Earlier messages that the model is given.' }),
      dropped_messages: count.optional().meta({ description: 'Those that were left out to fit.' }),
      about: z.enum(['tool_call', 'tool_result', 'specialist']).optional(),
      tool: z.string().optional(),
      call_id: z.string().optional(),
      specialist: z.string().optional(),
      run_id: z.string().optional(),
    })
    .meta({ id: 'TurnStatus' }),
  chunk: z
    .object({ type: z.literal('chunk'), text: z.string(), chunk_number: count, is_final: z.boolean() })
    .meta({ id: 'TurnChunk' }),
  complete: z
    .object({
      type: z.literal('complete'),
      total_chunks: count,
      processing_time: seconds,
      message_count: count,
      status: z.enum(['complete', 'cancelled']),
      finish_reason: z.string(),
      request_id: z.string(),
    })
    .meta({ id: 'TurnComplete' }),
  error: z
    .object({ type: z.literal('error'), message: z.string(), session_id: z.string(), code: z.enum(ERROR_CODES) })
    .meta({ id: 'TurnError' }),
}

const EXAMPLE = `id: n5f0c2d7e9a1b3c4d-12
data: {"type":"chunk","text":"Hello","chunk_number":1,"is_final":false}

`

/** The event stream of contract D4. */
export const turnStream = streamResponse({
  description: 'One request, from where its reader is to its end.',
  named: 'type',
  events: EVENTS,
  example: EXAMPLE,
})

/** The conversation that an address names. */
export const sessionParams = z.object({
  id: clientIdSchema.meta({ description: 'A `session_id`.' }),
})

const titleSchema = z
  .string()
  .trim()
  .min(1)
  .max(LIMITS.titleChars * 4)
  .meta({ description: 'Left out: the beginning of the first message.' })

export const newSessionBody = z.object({ title: titleSchema.nullish(), ...userInBody }).optional()

export const renameBody = z.object({ title: titleSchema, ...userInBody }).meta({ id: 'RenameSession' })

const pageSize = z
  .string()
  .regex(/^[0-9]{1,4}$/, { error: 'must be a whole number' })
  .transform(Number)
  .pipe(z.int().min(1).max(LIMITS.conversationsPage))
  .default(LIMITS.conversationsPage)

/** `next` of a page; an empty one is none. */
const pageMark = z.preprocess(
  (given) => (given === '' ? undefined : given),
  z
    .string()
    .max(600)
    .regex(/^[0-9]{1,16}_./, { error: 'is not the `next` of a page' })
    .optional(),
)

export const listQuery = z.object({
  limit: pageSize.meta({ description: 'How many at most.' }),
  next: pageMark.meta({ description: 'The same as `before`.' }),
  before: pageMark.meta({ description: '`next` of the page before.' }),
  scope: z.enum(['mine', 'all']).default('mine').meta({ description: '`all`: those in use, of all users.' }),
})

const listed = { session_id: z.string(), model, created_at: time, updated_at: time, message_count: count }

export const sessionSchema = z.object({ ...listed, title: z.string() }).meta({ id: 'Session' })

const pageOf = (item: z.ZodType, id: string) =>
  z
    .object({
      sessions: z.array(item),
      next: z.string().nullable().meta({ description: 'For `before`; null: the end.' }),
    })
    .meta({ id })

export const sessionsSchema = z.union([
  pageOf(sessionSchema, 'Sessions'),
  // Without titles: another's words stay his.
  pageOf(z.object({ ...listed, user_id: z.string() }).meta({ id: 'ActiveSession' }), 'ActiveSessions'),
])

const messageSchema = z
  .object({
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    timestamp: time,
    status: z.enum(['complete', 'cancelled', 'error']).meta({ description: 'How the answer ended.' }),
    request_id: z.string(),
  })
  .meta({ id: 'SessionMessage' })

export const readQuery = z.object({
  before: z
    .string()
    .regex(/^[0-9]{1,15}$/, { error: 'must be a whole number' })
    .transform(Number)
    .optional()
    .meta({ description: '`next` of the answer before: the messages before those that it had.' }),
})

export const conversationSchema = sessionSchema
  .extend({
    message_count: count.meta({ description: 'All that there are.' }),
    messages: z
      .array(messageSchema)
      .meta({ description: 'Oldest first. The newest of all, or of those before `before`.' }),
    omitted: count.meta({ description: 'How many older ones there are beside these.' }),
    next: z.string().nullable().meta({ description: 'For `before`, to get these; null: there are none.' }),
  })
  .meta({ id: 'Conversation' })

export const sessionDoneSchema = z
  .object({ session_id: z.string(), status: z.enum(['deleted', 'cleared']), message: z.string() })
  .meta({ id: 'SessionDone' })

export const serviceStatsSchema = z
  .object({
    uptime_seconds: seconds.meta({ description: 'Since the service was first used: all counts are from there.' }),
    total_requests: count,
    successful_requests: count,
    failed_requests: count,
    active_sessions: count.meta({ description: 'Conversations used within the last half hour.' }),
    active_streams: count,
    total_sessions_created: count,
    avg_response_time: seconds,
    model,
  })
  .meta({ id: 'ServiceStats' })
