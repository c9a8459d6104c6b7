import * as z from 'zod'
import {
  agentNameSchema,
  clientIdSchema,
  optionalIdSchema,
  requestConfigSchema,
  streamConfigSchema,
} from '../../core/commands.ts'
import { secondsSchema, userInBody } from './parts.ts'

const statusSchema = z.enum(['running', 'complete', 'cancelled', 'error'])

/** The request that an address names. */
export const requestParams = z.object({
  id: clientIdSchema.meta({ description: 'A `request_id`, given by the caller or by the service.' }),
})

export const requestStatusSchema = z
  .object({
    request_id: z.string(),
    status: statusSchema,
    conversation_id: z.string().nullable(),
    started_at: secondsSchema,
    ended_at: secondsSchema.nullable(),
  })
  .meta({ id: 'RequestStatus' })

export const cancelledSchema = z
  .object({ request_id: z.string(), status: statusSchema.meta({ description: 'How it ended, now or before.' }) })
  .meta({ id: 'RequestCancelled' })

/** The body of `POST /api/sse/trigger-stream` (contract D2). */
export const triggerBody = z
  .object({
    prompt: z.string({
      error: ({ input }) =>
        input === undefined ? 'is missing. Send the text to answer, as a string' : 'must be a string',
    }),
    config: requestConfigSchema,
    stream_config: streamConfigSchema,
    client_id: optionalIdSchema.meta({ description: 'Narrows the stream to that client.' }),
    request_id: optionalIdSchema.meta({ description: 'The same one twice is one generation.' }),
    conversation_id: optionalIdSchema,
    agent: agentNameSchema.meta({ description: 'Who answers.' }),
    ...userInBody,
  })
  .meta({ id: 'TriggerStream', examples: [{ prompt: 'Explain event streams in three sentences' }] })

/** Of the IETF draft's structured string the quotes are no part of the key; most clients send none. */
const keySchema = z.preprocess(
  (given) => (typeof given === 'string' ? given.replace(/^"(.*)"$/, '$1') : given),
  clientIdSchema.optional(),
)

/** The header of the IETF draft of that name; the same as `request_id`, which wins over it. */
export const keyHeaders = z.object({
  'Idempotency-Key': keySchema.meta({ description: 'The same as `request_id`, which wins over it.' }),
})

export const triggeredSchema = z
  .object({
    status: z.literal('streaming_started'),
    message: z.string(),
    request_id: z.string(),
    duplicate: z.boolean().meta({ description: 'True when the id was known: nothing new was started.' }),
    response_length: z.int().min(0).optional().meta({ description: 'Characters, with `wait=true`.' }),
    outcome: statusSchema.optional().meta({ description: 'How it ended, with `wait=true`.' }),
  })
  .meta({ id: 'StreamTriggered' })
