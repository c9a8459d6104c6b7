import { Hono } from 'hono'
import * as z from 'zod'
import { ASSISTANT } from '../../core/commands.ts'
import { chatTurns } from '../../dialects/chat-turns.ts'
import { answerChat, type ChatFields, type ChatKind } from '../command.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { nameIn } from '../input.ts'
import { chatBody, nothingToTell, watchQuery } from '../schemas/chat.ts'
import { turnStream } from '../schemas/chat-turns.ts'
import { cursorHeaders } from '../schemas/parts.ts'
import { keyHeaders } from '../schemas/requests.ts'
import { CONNECT_CODES, problems, START_CODES } from '../schemas/responses.ts'
import { streamLog } from '../stream-log.ts'

const KIND: ChatKind = { dialect: chatTurns, agent: ASSISTANT, makesConversation: true }

/** D4: the stream of a multi-turn chat. */
export const chatTurnsRoutes = new Hono<EdgeEnv>()

endpoint(
  chatTurnsRoutes,
  {
    method: 'post',
    path: '/chat/stream',
    tag: 'D4 Conversations',
    summary: 'Says something in a conversation',
    description: 'Without a `session_id` a conversation is made; `session_info` names it.',
    request: {
      headers: z.object({ ...keyHeaders.shape, ...cursorHeaders }),
      body: chatBody.meta({ id: 'ChatTurn', examples: [{ message: 'Hello' }] }),
    },
    responses: {
      200: turnStream,
      204: nothingToTell,
      ...problems('request_not_found', 'unknown_agent', 'too_many_conversations', ...START_CODES, ...CONNECT_CODES),
    },
  },
  (c, { body, headers }) => answer(c, body, nameIn(c, body), headers['Idempotency-Key']),
)

endpoint(
  chatTurnsRoutes,
  {
    method: 'get',
    path: '/chat/stream',
    tag: 'D4 Conversations',
    summary: 'Reads an answer, or goes on with it',
    description: 'For EventSource, and for a second window. Nothing is asked by it.',
    request: { query: watchQuery, headers: z.object(cursorHeaders) },
    responses: { 200: turnStream, 204: nothingToTell, ...problems('request_not_found', ...CONNECT_CODES) },
  },
  (c, { query }) => answer(c, query, nameIn(c), undefined),
)

function answer(c: EdgeContext, fields: ChatFields, name: string | null, key: string | undefined): Promise<Response> {
  const address = c.req.header('cf-connecting-ip') ?? null
  const observer = streamLog('d4', { address, nameless: name === null })
  return answerChat(c, fields, KIND, { name, key, observer })
}
