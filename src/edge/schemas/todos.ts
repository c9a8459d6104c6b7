import * as z from 'zod'
import { clientIdSchema, optionalIdSchema } from '../../core/commands.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import { limitDetailsSchema } from '../../core/limit-details.ts'
import { TODO_LIMITS } from '../../core/limits.ts'
import { timeZoneSchema } from '../../core/time-zone.ts'
import { importanceSchema, itemSchema, statusSchema, tagsSchema, todoSchema } from '../../core/todo.ts'
import { batchingFields, todoBodySchema } from '../../dialects/todo-request.ts'
import { logData } from './log-data.ts'
import { cursorHeaders, cursorQuery, idQuery, userInBody } from './parts.ts'
import { keyHeaders } from './requests.ts'
import { streamResponse } from './responses.ts'

const ZONE = 'An IANA time zone: times in words are read in it, and times are told in it.'
const zoneName = timeZoneSchema

/** The caller's zone as a header, for all addresses of D5. */
export const zoneHeaders = {
  'X-Time-Zone': zoneName.optional().meta({ description: 'The same as `time_zone`, which wins over it.' }),
}
const zoneQuery = { time_zone: zoneName.optional().meta({ description: ZONE }) }
const inBody = {
  time_zone: zoneName.nullish().meta({ description: ZONE }),
  ...userInBody,
}

const SESSION = 'For callers without a name: a session of theirs, which leads to their todos.'

/** A time as callers may write it; the hub reads the words. */
const timeWords = z.string().trim().min(1).max(200)
const WORDS = 'ISO 8601, or words: "tomorrow at 2pm", "next Friday", "on Monday from 9 to 11".'
const END = 'Likewise, or how long it takes: "2 hours".'
const tags = tagsSchema.meta({ description: 'Words to filter by, each once.' })

export const todoHeaders = z.object(zoneHeaders)
export const todoQuery = z.object(zoneQuery)
export const todoParams = z.object({ todo_id: clientIdSchema })

export const todosQuery = z.object({
  status: statusSchema.optional(),
  importance: importanceSchema.optional(),
  tag: z.string().trim().min(1).max(TODO_LIMITS.tagChars).optional(),
  query: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Words of the item or of a tag; all of them.' }),
  from: timeWords.optional().meta({
    description: `Those that are not over then. ${WORDS} A day or a period without \`to\` stands for all of it.`,
  }),
  to: timeWords.optional().meta({ description: 'Those that begin before; a day or a period counts with its end.' }),
  session_id: idQuery(SESSION),
  ...zoneQuery,
})

export const newTodoBody = z
  .object({
    item: itemSchema.meta({ description: 'What is to be done.' }),
    start_time: timeWords
      .nullish()
      .transform((words) => words ?? undefined)
      .meta({ description: `${WORDS} Left out: the next full hour, after 18:00 the next morning.` }),
    end_time: timeWords.nullish().meta({ description: END }),
    importance: importanceSchema.nullish().transform((given) => given ?? ('medium' as const)),
    tags: tags.nullish().transform((given) => given ?? []),
    session_id: optionalIdSchema.meta({ description: SESSION }),
    ...inBody,
  })
  .meta({
    id: 'NewTodo',
    examples: [{ item: 'Buy milk', start_time: 'tomorrow at 2pm', importance: 'low', tags: ['home'] }],
  })

export const todoChangesBody = z
  .object({
    item: itemSchema.optional(),
    start_time: timeWords
      .optional()
      .meta({ description: `${WORDS} A day alone keeps the time of day, a time alone keeps the day.` }),
    end_time: timeWords.nullish().meta({ description: `${END} Null: it has no end.` }),
    importance: importanceSchema.optional(),
    tags: tags.optional(),
    add_tags: tagsSchema.optional(),
    remove_tags: tagsSchema.optional(),
    status: statusSchema.optional(),
    ...inBody,
  })
  .meta({ id: 'TodoChanges', examples: [{ status: 'completed' }] })

export const todoAnswer = todoSchema.meta({ id: 'Todo' })
export const todosAnswer = z
  .object({ todos: z.array(todoAnswer).meta({ description: 'By their beginning.' }) })
  .meta({ id: 'Todos' })
export const todoDeletedAnswer = z.object({ deleted: todoAnswer }).meta({ id: 'TodoDeleted' })

const { $schema: _, ...askSchema } = z.toJSONSchema(todoBodySchema.extend(userInBody), { io: 'input' })

/**
 * The body of the stream. It is read by the dialect's parser, since what does not fit is told in the stream: so anything
 * is let through here, and the document tells what the parser takes.
 */
export const todoAskBody = z.unknown().meta({
  ...askSchema,
  id: 'TodoAsk',
  examples: [{ messages: [{ role: 'user', content: 'Add buy milk tomorrow at 2pm and call mom on Friday at 10' }] }],
})

export const todoAskQuery = z.object({ ...batchingFields, ...cursorQuery })
export const todoAskHeaders = z.object({ ...keyHeaders.shape, ...cursorHeaders, ...zoneHeaders })

/** Asks for nothing new: which answer is read. */
export const todoWatchQuery = z.object({
  request_id: idQuery('The request that is read.'),
  session_id: idQuery('The session whose running request is read.'),
  ...batchingFields,
  ...cursorQuery,
})

const content = z.string()
const said = z.object({ role: z.enum(['user', 'assistant']), content })
const call = { tool_name: z.string(), call_id: z.string() }

const EVENTS = {
  session_initialized: z.object({ session_id: z.string(), request_id: z.string() }).meta({ id: 'TodoSession' }),
  agent_updated: z
    .object({ name: z.string(), status: logData('specialist').shape['status']?.optional() ?? z.never() })
    .meta({ id: 'TodoAgent' }),
  message_delta: z.object({ content }).meta({ id: 'TodoDelta' }),
  tool_call: z
    .object({ ...call, arguments: z.record(z.string(), z.json()), by: z.string() })
    .meta({ id: 'TodoToolCall' }),
  tool_result: z
    .object({ ...call, ...logData('tool_result').pick({ output: true, status: true }).shape })
    .meta({ id: 'TodoToolResult' }),
  message: z.object({ content }).meta({ id: 'TodoMessage', description: 'The whole answer.' }),
  completed: z.object({ final_message: z.string() }).meta({ id: 'TodoCompleted' }),
  history: z
    .array(said)
    .meta({ id: 'TodoHistory', description: 'What was said, this answer included. The last event.' }),
  error: z
    .object({ status: z.literal('error'), message: z.string(), code: z.enum([...ERROR_CODES, 'cancelled']) })
    .meta({ id: 'TodoError' }),
  rate_limit_exceeded: limitDetailsSchema.shape.usage
    .unwrap()
    .extend({ message: z.string() })
    .meta({ id: 'TodoRateLimit', description: 'A limit is reached: nothing was begun.' }),
}

/** Each by its name, as it would have come alone. */
const batchSchema = z
  .array(z.object({ event: z.enum(Object.keys(EVENTS)), data: z.unknown() }))
  .meta({ id: 'TodoBatch', description: 'Small events, in order, for who asked for `batch`.' })

const EXAMPLE = `id: n5f0c2d7e9a1b3c4d-12
event: message_delta
data: {"content":"Added"}

`

/** The event stream of contract D5. */
export const todoStream = streamResponse({
  description: 'One request, from where its reader is to its end.',
  events: { ...EVENTS, batch: batchSchema },
  example: EXAMPLE,
})
