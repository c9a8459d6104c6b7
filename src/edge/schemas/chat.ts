import * as z from 'zod'
import { optionalIdSchema } from '../../core/commands.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { timeZoneSchema } from '../../core/time-zone.ts'
import { logData } from './log-data.ts'
import { cursorQuery, idQuery, userInBody } from './parts.ts'
import { streamResponse } from './responses.ts'

const nameSchema = z.string().max(LIMITS.idChars)

const WORDS = {
  message: 'What is asked. Beside a cursor it is not run.',
  session_id: 'The conversation that it is said in.',
  request_id: 'The same one twice is one generation. Without a message: watches that request.',
  agent: 'Who answers.',
  model: 'A provider or model that is asked first.',
  time_zone: 'An IANA time zone, for dates in words.',
}

/** What D3 and D4 take in a JSON body. Old Python clients send null for what they leave out. */
export const chatBody = z.object({
  message: z.string().nullish().meta({ description: WORDS.message }),
  session_id: optionalIdSchema.meta({ description: WORDS.session_id }),
  request_id: optionalIdSchema.meta({ description: WORDS.request_id }),
  agent: nameSchema.nullish().meta({ description: WORDS.agent }),
  model: nameSchema.nullish().meta({ description: WORDS.model }),
  time_zone: timeZoneSchema.nullish().meta({ description: WORDS.time_zone }),
  ...userInBody,
})

/** The same in a query. */
export const chatQuery = z.object({
  message: z.string().optional().meta({ description: WORDS.message }),
  session_id: idQuery(WORDS.session_id),
  request_id: idQuery(WORDS.request_id),
  agent: nameSchema.optional().meta({ description: WORDS.agent }),
  model: nameSchema.optional().meta({ description: WORDS.model }),
  time_zone: timeZoneSchema.optional().meta({ description: WORDS.time_zone }),
  ...cursorQuery,
})

/** Asks for nothing new: which request is read. */
export const watchQuery = z.object({
  request_id: idQuery('The request that is read.'),
  session_id: idQuery('The conversation whose running request is read.'),
  ...cursorQuery,
})

const timestamp = z.iso.datetime().meta({ description: 'ISO 8601.' })

/** One update of D3's `message`. */
const updateSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), content: z.string(), timestamp }),
  z.object({
    type: z.literal('tool_call'),
    tool: z.string(),
    arguments: z.record(z.string(), z.json()),
    call_id: z.string(),
    timestamp,
  }),
  z.object({
    type: z.literal('tool_result'),
    ...logData('tool_result').pick({ tool: true, call_id: true, status: true, output: true }).shape,
    timestamp,
  }),
  z.object({
    type: z.literal('specialist_update'),
    ...logData('specialist').pick({ specialist: true, status: true, run_id: true }).shape,
    content: z.string().nullable().optional().meta({ description: 'The finding, at the end.' }),
    duration: z.number().nullable().optional().meta({ description: 'Seconds, at the end.' }),
    cost: z.number().optional().meta({ description: 'Dollars, at the end.' }),
    timestamp,
  }),
])

const EVENTS = {
  connected: z
    .object({ status: z.literal('connected'), request_id: z.string(), session_id: z.string().optional() })
    .meta({ id: 'ChatConnected' }),
  message: updateSchema.meta({ id: 'ChatUpdate' }),
  done: z.object({ status: z.enum(['complete', 'cancelled']) }).meta({ id: 'ChatDone' }),
  error: z.object({ error: z.string(), code: z.enum(ERROR_CODES) }).meta({ id: 'ChatError' }),
}

const EXAMPLE = `id: n5f0c2d7e9a1b3c4d-12
event: message
data: {"type":"text","content":"Hello","timestamp":"2026-11-20T10:00:00.000Z"}

`

/** The event stream of contract D3. */
export const chatStream = streamResponse({
  description: 'One request, from where its reader is to its end.',
  events: EVENTS,
  example: EXAMPLE,
})

/** There is nothing to tell (DI2): an EventSource stops by it. */
export const nothingToTell = {
  description: 'The request has ended and was told, nothing runs, or it is no longer kept.',
}
