import { Hono } from 'hono'
import * as z from 'zod'
import { CHANNELS, type Channel, isChannel } from '../../core/channels.ts'
import { FreshetError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { type OpsReader, opsConnection, opsEvent, opsFault, opsHeartbeat } from '../../dialects/ops-events.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { connectHub } from '../hubs.ts'
import { opsCallerOf } from '../identity.ts'
import { cursorIn, nameIn } from '../input.ts'
import { checkOrigin } from '../origins.ts'
import { ALL_OPS_EVENTS, type OpsEventName, opsStream } from '../schemas/ops-stream.ts'
import { cursorHeaders, cursorQuery, idQuery } from '../schemas/parts.ts'
import { CONNECT_CODES, problems } from '../schemas/responses.ts'
import { type BridgeDialect, bridgeResponse, SSE_HEADERS } from '../sse-bridge.ts'

const readerQuery = z.object({
  client_id: idQuery("The reader's own name, by which a stream can be narrowed to it."),
  conversation_id: idQuery('Only this conversation.'),
  ...cursorQuery,
})
const querySchema = readerQuery.extend({
  subscriptions: z
    .string()
    .default('ai_response,progress_update')
    .meta({ description: `Channels, comma-separated: ${CHANNELS.join(', ')}.` }),
})

/** D2: events of the user over SSE. */
export const sseRoutes = new Hono<EdgeEnv>()

endpoint(
  sseRoutes,
  {
    method: 'get',
    path: '/sse/ai-stream',
    tag: 'D2 Events',
    summary: 'Events of the user, by channel',
    description: 'An id-less event moves no cursor. Callers without a name are all the user `anonymous`.',
    request: { query: querySchema, headers: z.object(cursorHeaders) },
    responses: {
      200: opsStream(ALL_OPS_EVENTS, 'Everything after the cursor, once and in order, then live.'),
      ...problems('unknown_channel', ...CONNECT_CODES),
    },
  },
  (c, { query }) => stream(c, query, channelsOf(query.subscriptions)),
)

/** Streams of contract D2 whose channels are settled, with the events that these carry. */
const SETTLED = [
  {
    path: '/sse/dashboard',
    summary: 'What a dashboard shows',
    channels: ['system_status', 'provider_health', 'cache_stats', 'error_alert'],
    events: ['status_update', 'health_update', 'cache_update', 'stream_error'],
  },
  {
    path: '/sse/monitoring',
    summary: 'What operations watch',
    channels: ['provider_health', 'system_status', 'error_alert', 'cost_update'],
    events: ['health_update', 'status_update', 'stream_error', 'cost_update'],
  },
] as const satisfies readonly {
  path: string
  summary: string
  channels: readonly Channel[]
  events: readonly OpsEventName[]
}[]

for (const { path, summary, channels, events } of SETTLED) {
  endpoint(
    sseRoutes,
    {
      method: 'get',
      path,
      tag: 'D2 Events',
      summary,
      description: `The channels ${channels.join(', ')}: of each that is periodic the first event comes at once.`,
      request: { query: readerQuery, headers: z.object(cursorHeaders) },
      responses: {
        200: opsStream(events, 'Live, and after a cursor what is of the log.'),
        ...problems(...CONNECT_CODES),
      },
    },
    (c, { query }) => stream(c, query, channels),
  )
}

/** `subscriptions`: comma-separated channels. @throws FreshetError `unknown_channel`, which names all of them */
function channelsOf(subscriptions: string): readonly Channel[] {
  const names = subscriptions
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const channels = names.filter(isChannel)
  if (channels.length > 0 && channels.length === names.length) return [...new Set(channels)]
  const words = `\`subscriptions\` takes these channels, comma-separated: ${CHANNELS.join(', ')}.`
  throw new FreshetError('unknown_channel', words)
}

function stream(c: EdgeContext, query: z.output<typeof readerQuery>, channels: readonly Channel[]): Promise<Response> {
  const { allowedOrigins, heartbeatMs } = c.get('config')
  checkOrigin(c.req.raw, allowedOrigins)
  // HEAD comes here too; nobody would read its body, nor ever close it.
  if (c.req.method === 'HEAD') return Promise.resolve(new Response(null, { headers: SSE_HEADERS }))
  const given = cursorIn(c)
  const caller = opsCallerOf(nameIn(c), [given, query.conversation_id])
  return bridgeResponse({
    connect: (cursor, clientId) =>
      connectHub(c.env, {
        ...caller,
        kind: 'bridge',
        channels: [...channels],
        progressEvery: 5,
        conversationId: query.conversation_id ?? null,
        clientId: clientId ?? query.client_id ?? null,
        cursor: cursor ?? given,
        preferences: {},
      }),
    dialect: opsDialect(channels, given === null),
    heartbeatMs,
    expiresAt: c.get('identity')?.expiresAt ?? null,
    commentMs: LIMITS.sseCommentMs,
    retryMs: LIMITS.sseRetryMs,
    signal: c.req.raw.signal,
  })
}

/** @param isNew the reader brought no cursor, so its first event gives it one (CU5) */
function opsDialect(subscriptions: readonly Channel[], isNew: boolean): BridgeDialect {
  let reader: OpsReader = { clientId: '', subscriptions }
  return {
    opened(clientId, cursor, now) {
      reader = { clientId, subscriptions }
      return opsConnection(reader, isNew ? cursor : null, now)
    },
    event: (envelope) => opsEvent(envelope, reader),
    heartbeat: opsHeartbeat,
    fault: (code, message, _now, id) => opsFault(code, message, id),
  }
}
