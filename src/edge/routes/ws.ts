import { Hono } from 'hono'
import * as z from 'zod'
import { FreshetError, shown } from '../../core/errors.ts'
import type { Connect } from '../../hub/protocol.ts'
import { closedSocket } from '../closed-socket.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { connectHub } from '../hubs.ts'
import { callerOf } from '../identity.ts'
import { cursorIn, idIn, nameIn, parseInput } from '../input.ts'
import { checkOrigin } from '../origins.ts'

/** The WebSocket subprotocol that is echoed when a client offers it (contract, "Who is calling"). */
const SUBPROTOCOL = 'freshet.v1'

const querySchema = z.object({
  model_preference: z.string().max(200).optional(),
  language: z.string().max(35).default('en'),
})

/** D1: `GET /ws/ai-stream`. The client's socket ends in the hub itself; the Worker only passes it on. */
export const wsRoutes = new Hono<EdgeEnv>().get('/ws/ai-stream', async (c) => {
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    throw new FreshetError('upgrade_required', 'This is a WebSocket. Connect with `Upgrade: websocket`.')
  }
  checkOrigin(c.req.raw, c.get('config').allowedOrigins)
  const connect = connectOf(c)
  const headers = new Headers()
  const offered = c.req
    .header('sec-websocket-protocol')
    ?.split(',')
    .map((name) => name.trim())
  if (offered?.includes(SUBPROTOCOL) === true) headers.set('sec-websocket-protocol', SUBPROTOCOL)
  try {
    return new Response(null, { status: 101, webSocket: await connectHub(c.env, connect), headers })
  } catch (error) {
    // A browser cannot see why an upgrade failed, so the socket is opened and closed with the reason.
    return closedSocket(shown(error), headers)
  }
})

function connectOf(c: EdgeContext): Connect {
  const cursor = cursorIn(c)
  const conversationId = idIn(c, 'conversation_id')
  const query = parseInput(querySchema, c.req.query())
  const preferences: Connect['preferences'] = { language: query.language }
  if (query.model_preference !== undefined) preferences['model_preference'] = query.model_preference
  return {
    ...callerOf(nameIn(c), [cursor, conversationId]),
    kind: 'socket',
    channels: ['ai_response', 'progress_update'],
    progressEvery: 10,
    conversationId,
    clientId: null,
    cursor,
    preferences,
  }
}
