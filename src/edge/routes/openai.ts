import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import * as z from 'zod'
import { AGENT_NAMES } from '../../core/agent-names.ts'
import { ASSISTANT, clientIdSchema } from '../../core/commands.ts'
import { FreshetError } from '../../core/errors.ts'
import { openAiChat } from '../../dialects/openai-chat.ts'
import { completionOf, requestIdOf } from '../../dialects/openai-completion.ts'
import { modelBody, modelList, ROUTED_MODEL } from '../../dialects/openai-models.ts'
import { requestOf } from '../../dialects/openai-request.ts'
import type { HubCaller } from '../../hub/protocol.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint, type Route } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { identify } from '../identify.ts'
import { callerWith } from '../identity.ts'
import { cursorIn, nameIn } from '../input.ts'
import { withLimits } from '../limit-headers.ts'
import { readerOf, rejoined } from '../nameless.ts'
import { openAiFailure, openAiRefusal } from '../openai-refusal.ts'
import { resultFor } from '../request-result.ts'
import { type RequestStream, streamRequest } from '../request-stream.ts'
import { nothingToTell } from '../schemas/chat.ts'
import {
  completionBody,
  completionResponse,
  modelListSchema,
  modelSchema,
  noSuchModel,
  openAiErrorSchema,
} from '../schemas/openai.ts'
import { cursorHeaders, cursorQuery } from '../schemas/parts.ts'
import { keyHeaders } from '../schemas/requests.ts'
import { ANSWER_CODES, CONNECT_CODES, jsonResponse, problems, START_CODES } from '../schemas/responses.ts'

const refusals: Route['refusals'] = {
  schema: openAiErrorSchema,
  answer: (error) => withLimits(openAiRefusal(error.code, error.message), error),
}

/** D6: OpenAI's chat completions, for its official clients by their base URL alone. */
export const openAiRoutes = new Hono<EdgeEnv>()

endpoint(
  openAiRoutes,
  {
    method: 'post',
    path: '/v1/chat/completions',
    tag: 'D6 OpenAI',
    summary: 'Answers a chat, as OpenAI does',
    description: `\`freshet\` lets the router choose, \`freshet/<agent>\` asks an agent, every other model is a wish.
The answer goes on when its caller leaves; it is found again by its id. A retry of OpenAI's clients joins what it repeats.`,
    refusals,
    request: {
      headers: z.object({
        ...keyHeaders.shape,
        ...cursorHeaders,
        'X-Stainless-Retry-Count': z
          .string()
          .optional()
          .meta({ description: "Sent by OpenAI's clients: above 0, the call is a retry." }),
      }),
      body: completionBody,
    },
    responses: {
      200: completionResponse,
      204: nothingToTell,
      404: noSuchModel,
      ...problems('too_many_conversations', ...START_CODES, ...CONNECT_CODES, ...ANSWER_CODES),
    },
  },
  async (c, { headers, body }) => {
    // The hub knows its agents, and refuses the others.
    const { command, stream, includeUsage, model } = requestOf(body, () => true)
    const { conversationId } = command
    const cursor = cursorIn(c)
    const key = command.requestId ?? headers['Idempotency-Key'] ?? null
    const caller = callerWith(nameIn(c, body), [cursor, conversationId, key], conversationId ?? key)
    const options = { model, includeUsage, batching: false }
    if (cursor !== null) return answerByStream(c, { caller, options, requestId: key, cursor })
    const asked = {
      ...command,
      requestId: key,
      retryKey: key === null ? retryKeyOf(body) : null,
      // Two calls with the same words are two answers, unless the client says that one of them is a retry (GE11).
      isRetry: Number(headers['X-Stainless-Retry-Count'] ?? 0) > 0,
    }
    const begun = (await rejoined(c, asked, caller)) ?? {
      caller,
      requestId: unwrap(await hubOf(c.env, caller).start(caller, asked, stream)).requestId,
    }
    return stream ? answerByStream(c, { ...begun, options, cursor: null }) : answerWhole(c, { ...begun, model })
  },
)

endpoint(
  openAiRoutes,
  {
    method: 'get',
    path: '/v1/chat/completions/{id}',
    tag: 'D6 OpenAI',
    summary: 'An answer by its id',
    description: 'Waits for its end, or streams it: from its start, and live while it is written.',
    refusals,
    request: {
      params: z.object({ id: z.string().meta({ description: 'As a completion says it, or a request id.' }) }),
      query: z.object({
        stream: z.string().optional().meta({ description: '`true`: as a stream of chunks.' }),
        include_usage: z.string().optional().meta({ description: '`true`: the stream ends with the usage.' }),
        ...cursorQuery,
      }),
      headers: z.object(cursorHeaders),
    },
    responses: {
      200: completionResponse,
      204: nothingToTell,
      ...problems('request_not_found', ...CONNECT_CODES, ...ANSWER_CODES),
    },
  },
  async (c, { params, query }) => {
    const parsed = clientIdSchema.safeParse(requestIdOf(params.id))
    if (!parsed.success) throw new FreshetError('request_not_found', 'There is no completion with this id.')
    const requestId = parsed.data
    const cursor = cursorIn(c)
    const caller = await readerOf(c, nameIn(c), [requestId, cursor], requestId, requestId)
    if (query.stream !== 'true') return answerWhole(c, { caller, requestId, model: ROUTED_MODEL })
    const options = { model: ROUTED_MODEL, includeUsage: query.include_usage === 'true', batching: false }
    return answerByStream(c, { caller, options, requestId, cursor })
  },
)

endpoint(
  openAiRoutes,
  {
    method: 'get',
    path: '/v1/models',
    tag: 'D6 OpenAI',
    summary: 'What can be asked for as a model',
    refusals,
    responses: { 200: jsonResponse(modelListSchema, 'The router, the agents, the models of providers.') },
  },
  (c) => c.json(modelList(modelsOf(c))),
)

endpoint(
  openAiRoutes,
  {
    method: 'get',
    path: '/v1/models/{id}',
    tag: 'D6 OpenAI',
    summary: 'One model',
    refusals,
    request: { params: z.object({ id: z.string().meta({ description: 'It may have slashes, encoded or not.' }) }) },
    responses: { 200: jsonResponse(modelSchema, 'It can be asked for.'), 404: noSuchModel },
  },
  (c, { params }) => answerModel(c, params.id),
)

// Python's client leaves slashes in a model's name as they are; OpenAPI has no word for such a path.
openAiRoutes.use('/v1/models/:first/:rest{.+}', async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next()
  await identify(c, 'caller')
  nameIn(c)
  return answerModel(c, `${c.req.param('first')}/${c.req.param('rest')}`)
})

async function answerByStream(
  c: EdgeContext,
  stream: Pick<RequestStream, 'caller' | 'options' | 'requestId' | 'cursor'>,
): Promise<Response> {
  const response = await streamRequest(c, { ...stream, dialect: openAiChat, conversationId: null })
  if (stream.requestId !== null) response.headers.set('x-request-id', stream.requestId)
  return response
}

/** The whole answer, when it has ended. @throws FreshetError `request_not_found` */
async function answerWhole(
  c: EdgeContext,
  { caller, requestId, model }: { caller: HubCaller; requestId: string; model: string },
): Promise<Response> {
  const result = await resultFor(c, caller, requestId)
  const response =
    result.error === null
      ? Response.json(completionOf(result, model), { headers: { 'cache-control': 'no-store' } })
      : openAiFailure(result.error.code, result.error.message)
  response.headers.set('x-request-id', requestId)
  return response
}

function answerModel(c: EdgeContext, id: string): Response {
  if (modelsOf(c).includes(id)) return c.json(modelBody(id))
  throw new FreshetError('unknown_agent', 'There is no model of this name. `GET /v1/models` lists them.')
}

function modelsOf(c: EdgeContext): readonly string[] {
  const { providers, genaiModelId } = c.get('config')
  const agents = AGENT_NAMES.filter((name) => name !== ASSISTANT).map((name) => `${ROUTED_MODEL}/${name}`)
  // Only a `google` provider may name none.
  return [...new Set([ROUTED_MODEL, ...agents, ...providers.map(({ model }) => model ?? genaiModelId)])]
}

/** What a retry has in common with what it repeats: all that was sent. A hash: no word outlives its log. */
function retryKeyOf(body: object): string {
  return `d6:${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32)}`
}
