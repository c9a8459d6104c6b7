import { Hono } from 'hono'
import * as z from 'zod'
import { chatEvents } from '../../dialects/chat-events.ts'
import { answerChat, type ChatKind } from '../command.ts'
import type { EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { nameIn } from '../input.ts'
import { chatBody, chatQuery, chatStream, nothingToTell } from '../schemas/chat.ts'
import { cursorHeaders } from '../schemas/parts.ts'
import { keyHeaders } from '../schemas/requests.ts'
import { CONNECT_CODES, problems, START_CODES } from '../schemas/responses.ts'

/** Behind D3 stands the lead health analyst with its team (contract D3). */
const KIND: ChatKind = { dialect: chatEvents, agent: 'health', makesConversation: false }

const headers = z.object({ ...keyHeaders.shape, ...cursorHeaders })
const responses = {
  200: chatStream,
  204: nothingToTell,
  ...problems('request_not_found', 'unknown_agent', 'too_many_conversations', ...START_CODES, ...CONNECT_CODES),
}

/** D3: chat over EventSource, and over fetch. */
export const chatRoutes = new Hono<EdgeEnv>()

endpoint(
  chatRoutes,
  {
    method: 'get',
    path: '/api/chat/stream',
    tag: 'D3 Chat',
    summary: 'Asks a question, for EventSource',
    description:
      'An EventSource that comes back brings the id of its last event and goes on: the message is not run again.',
    request: { query: chatQuery, headers },
    responses,
  },
  (c, { query, headers: given }) => answerChat(c, query, KIND, { name: nameIn(c), key: given['Idempotency-Key'] }),
)

endpoint(
  chatRoutes,
  {
    method: 'post',
    path: '/api/chat/message',
    tag: 'D3 Chat',
    summary: 'Asks a question, for fetch',
    description: 'The same stream as that of `GET /api/chat/stream`.',
    request: {
      headers,
      body: chatBody.meta({ id: 'ChatMessage', examples: [{ message: 'How much sleep is enough?' }] }),
    },
    responses,
  },
  (c, { body, headers: given }) => answerChat(c, body, KIND, { name: nameIn(c, body), key: given['Idempotency-Key'] }),
)
