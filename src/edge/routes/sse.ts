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
import { ALL_OPS_EVENTS, opsStream } from '../schemas/ops-stream.ts'
import { cursorHeaders, cursorQuery, idQuery } from '../schemas/parts.ts'
import { CONNECT_CODES, problems } from '../schemas/responses.ts'
import { type BridgeDialect, bridgeResponse, SSE_HEADERS } from '../sse-bridge.ts'

const querySchema = z.object({
  subscriptions: z
    .string()
    .default('ai_response,progress_update')
    .meta({ description: `Channels, comma-separated: ${CHANNELS.join(', ')}.` }),
  client_id: idQuery("The reader's own name, by which a stream can be narrowed to it."),
  conversation_id: idQuery('Only this conversation.'),
  ...cursorQuery,
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

function stream(c: EdgeContext, query: z.output<typeof querySchema>, channels: readonly Channel[]): Promise<Response> {
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
