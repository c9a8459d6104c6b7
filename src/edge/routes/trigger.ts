import { Hono } from 'hono'
import * as z from 'zod'
import {
  checkPrompt,
  clientIdSchema,
  plainCommand,
  requestConfigSchema,
  streamConfigSchema,
} from '../../core/commands.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import type { EdgeEnv } from '../context.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { opsCallerOf } from '../identity.ts'
import { jsonBody, nameIn, parseInput } from '../input.ts'
import { problem } from '../problem.ts'

const bodySchema = z.object({
  prompt: z.string({
    error: ({ input }) =>
      input === undefined ? 'is missing. Send the text to answer, as a string' : 'must be a string',
  }),
  config: requestConfigSchema,
  stream_config: streamConfigSchema,
  client_id: clientIdSchema.nullish(),
  request_id: clientIdSchema.nullish(),
  conversation_id: clientIdSchema.nullish(),
})

/** The header of the IETF draft of that name; the same as `request_id`. */
const keySchema = z.object({ 'Idempotency-Key': clientIdSchema }).transform((headers) => headers['Idempotency-Key'])
const errorCodeSchema = z.enum(ERROR_CODES)

/** D2: `POST /api/sse/trigger-stream`: begins a generation whose events go out over the user's connections. */
export const triggerRoutes = new Hono<EdgeEnv>().post('/api/sse/trigger-stream', async (c) => {
  const raw = await jsonBody(c.req.raw)
  const caller = opsCallerOf(nameIn(c, raw))
  const body = parseInput(bodySchema, raw)
  const key = c.req.header('idempotency-key')
  const hub = hubOf(c.env, caller)
  const started = unwrap(
    await hub.start(caller, {
      ...plainCommand(checkPrompt(body.prompt)),
      requestId: body.request_id ?? (key === undefined ? null : parseInput(keySchema, { 'Idempotency-Key': key })),
      config: body.config,
      streamConfig: body.stream_config,
      conversationId: body.conversation_id ?? null,
      target: body.client_id ?? null,
    }),
  )
  const answer = {
    status: 'streaming_started',
    message: started.duplicate
      ? 'This request_id is known: nothing new was started.'
      : 'The answer is being streamed to your connections.',
    request_id: started.requestId,
    duplicate: started.duplicate,
  }
  if (c.req.query('wait') !== 'true') return c.json(answer)
  const { status, chars, errorType } = unwrap(await hub.outcome(caller, started.requestId))
  if (status !== 'error') return c.json({ ...answer, response_length: chars, outcome: status })
  const code = errorCodeSchema.catch('internal').parse(errorType)
  return problem(code, 'The answer ended in an error; what there is of it is in the log.', {
    request_id: started.requestId,
    response_length: chars,
  })
})
