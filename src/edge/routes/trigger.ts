import { Hono } from 'hono'
import * as z from 'zod'
import { ASSISTANT, checkPrompt, plainCommand } from '../../core/commands.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import type { EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { opsCallerOf } from '../identity.ts'
import { nameIn } from '../input.ts'
import { problem } from '../problem.ts'
import { endOf } from '../request-result.ts'
import { keyHeaders, triggerBody, triggeredSchema } from '../schemas/requests.ts'
import { ANSWER_CODES, jsonResponse, problems, START_CODES } from '../schemas/responses.ts'

const errorCodeSchema = z.enum(ERROR_CODES)

/** D2: `POST /api/sse/trigger-stream`: begins a generation whose events go out over the user's connections. */
export const triggerRoutes = new Hono<EdgeEnv>()

endpoint(
  triggerRoutes,
  {
    method: 'post',
    path: '/api/sse/trigger-stream',
    tag: 'D2 Events',
    summary: "Begins an answer that is streamed to the user's connections",
    description: 'It answers at once; with `wait=true` when the answer is over, with 5xx when it ended in an error.',
    request: {
      query: z.object({ wait: z.string().optional().meta({ description: '`true` waits for the end.' }) }),
      headers: keyHeaders,
      body: triggerBody,
    },
    responses: {
      200: jsonResponse(triggeredSchema, 'It was begun, or is over when that was waited for.'),
      ...problems(...START_CODES, ...ANSWER_CODES),
    },
  },
  async (c, { query, headers, body }) => {
    const requestId = body.request_id ?? headers['Idempotency-Key'] ?? null
    const caller = opsCallerOf(nameIn(c, body), [body.conversation_id, requestId])
    const started = unwrap(
      await hubOf(c.env, caller).start(caller, {
        ...plainCommand(checkPrompt(body.prompt)),
        requestId,
        config: body.config,
        streamConfig: body.stream_config,
        conversationId: body.conversation_id ?? null,
        agent: body.agent || ASSISTANT,
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
    if (query.wait !== 'true') return c.json(answer)
    const { status, chars, errorType } = await endOf(c, caller, started.requestId, (hub) =>
      hub.outcome(started.requestId),
    )
    if (status !== 'error') return c.json({ ...answer, response_length: chars, outcome: status })
    const code = errorCodeSchema.catch('internal').parse(errorType)
    return problem(code, 'The answer ended in an error; what there is of it is in the log.', {
      request_id: started.requestId,
      response_length: chars,
    })
  },
)
