import { Hono } from 'hono'
import * as z from 'zod'
import { FreshetError, shown } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Connect } from '../../hub/protocol.ts'
import { closedSocket } from '../closed-socket.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { connectHub } from '../hubs.ts'
import { callerWith } from '../identity.ts'
import { cursorIn, nameIn } from '../input.ts'
import { checkOrigin } from '../origins.ts'
import { cursorHeaders, cursorQuery, idQuery } from '../schemas/parts.ts'
import { problems } from '../schemas/responses.ts'
import { CLIENT_FRAMES, SERVER_FRAMES } from '../schemas/socket-frames.ts'

/** The WebSocket subprotocol that is echoed when a client offers it (contract, "Who is calling"). */
const SUBPROTOCOL = 'freshet.v1'

const querySchema = z.object({
  model_preference: z.string().max(200).optional().meta({ description: 'A provider or model that is asked first.' }),
  language: z.string().max(35).default('en').meta({ description: 'A BCP 47 tag.' }),
  conversation_id: idQuery('Only this conversation; prompts are asked in it.'),
  ...cursorQuery,
})

const DESCRIPTION = `Connect with \`Upgrade: websocket\`. Frames are JSON text, at most ${LIMITS.frameBytes} bytes: those of
the client have a \`type\`, those of the service are envelopes with an \`event_type\`.

Close codes: 1011 the service cannot serve, 4401 the token has ended, 4408 the client reads too slowly, 4429 too many
connections. The text frame \`ping\` is answered \`pong\`.`

/** D1: `GET /ws/ai-stream`. The client's socket ends in the hub itself; the Worker only passes it on. */
export const wsRoutes = new Hono<EdgeEnv>()

endpoint(
  wsRoutes,
  {
    method: 'get',
    path: '/ws/ai-stream',
    tag: 'D1 WebSocket',
    summary: 'Prompts and answers over a WebSocket',
    description: DESCRIPTION,
    request: { query: querySchema, headers: z.object(cursorHeaders) },
    responses: {
      101: {
        description: 'A WebSocket. `x-messages` has the schema of each frame by its type.',
        headers: { 'Sec-WebSocket-Protocol': `\`${SUBPROTOCOL}\`, when the client offers it.` },
        messages: { client: CLIENT_FRAMES, server: SERVER_FRAMES },
      },
      ...problems('upgrade_required', 'origin_not_allowed'),
    },
  },
  async (c, { query }) => {
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      throw new FreshetError('upgrade_required', 'This is a WebSocket. Connect with `Upgrade: websocket`.')
    }
    checkOrigin(c.req.raw, c.get('config').allowedOrigins)
    const connect = connectOf(c, query)
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
  },
)

function connectOf(c: EdgeContext, query: z.output<typeof querySchema>): Connect {
  const cursor = cursorIn(c)
  const conversationId = query.conversation_id ?? null
  const preferences: Connect['preferences'] = { language: query.language }
  if (query.model_preference !== undefined) preferences['model_preference'] = query.model_preference
  return {
    ...callerWith(nameIn(c), [cursor, conversationId], conversationId),
    kind: 'socket',
    channels: ['ai_response', 'progress_update'],
    progressEvery: 10,
    conversationId,
    clientId: null,
    cursor,
    preferences,
    expiresAt: c.get('identity')?.expiresAt ?? null,
  }
}
