import { Hono } from 'hono'
import { CHANNELS, type Channel, isChannel } from '../../core/channels.ts'
import { FreshetError } from '../../core/errors.ts'
import { type OpsReader, opsConnection, opsEvent, opsHeartbeat } from '../../dialects/ops-events.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { connectHub } from '../hubs.ts'
import { opsCallerOf } from '../identity.ts'
import { cursorIn, idIn, nameIn } from '../input.ts'
import { checkOrigin } from '../origins.ts'
import { type BridgeDialect, bridgeResponse, SSE_HEADERS } from '../sse-bridge.ts'

/** D2: `GET /sse/ai-stream`. */
export const sseRoutes = new Hono<EdgeEnv>().get('/sse/ai-stream', (c) => stream(c, subscriptionsIn(c)))

/** `subscriptions`: comma-separated channels. @throws FreshetError `unknown_channel`, which names all of them */
function subscriptionsIn(c: EdgeContext): readonly Channel[] {
  const given = c.req.query('subscriptions') ?? 'ai_response,progress_update'
  const names = given
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const channels = names.filter(isChannel)
  if (channels.length > 0 && channels.length === names.length) return [...new Set(channels)]
  const words = `\`subscriptions\` takes these channels, comma-separated: ${CHANNELS.join(', ')}.`
  throw new FreshetError('unknown_channel', words)
}

function stream(c: EdgeContext, channels: readonly Channel[]): Promise<Response> {
  const { allowedOrigins, heartbeatMs } = c.get('config')
  checkOrigin(c.req.raw, allowedOrigins)
  // HEAD comes here too; nobody would read its body, nor ever close it.
  if (c.req.method === 'HEAD') return Promise.resolve(new Response(null, { headers: SSE_HEADERS }))
  const given = cursorIn(c)
  const wanted = idIn(c, 'client_id')
  const conversationId = idIn(c, 'conversation_id')
  const caller = opsCallerOf(nameIn(c))
  return bridgeResponse({
    connect: (cursor, clientId) =>
      connectHub(c.env, {
        ...caller,
        kind: 'bridge',
        channels: [...channels],
        progressEvery: 5,
        conversationId,
        clientId: clientId ?? wanted,
        cursor: cursor ?? given,
        preferences: {},
      }),
    dialect: opsDialect(channels, given === null),
    heartbeatMs,
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
  }
}
