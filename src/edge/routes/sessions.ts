import { Hono } from 'hono'
import type { ConversationInfo } from '../../core/conversation.ts'
import { LIMITS } from '../../core/limits.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { checkOperator } from '../identify.ts'
import { callerOf, callerWith } from '../identity.ts'
import { nameIn } from '../input.ts'
import {
  conversationSchema,
  listQuery,
  newSessionBody,
  readQuery,
  renameBody,
  sessionDoneSchema,
  sessionParams,
  sessionSchema,
  sessionsSchema,
} from '../schemas/chat-turns.ts'
import { jsonResponse, problems } from '../schemas/responses.ts'

/** D4: conversations (contract D4, SPEC CV). */
export const sessionRoutes = new Hono<EdgeEnv>()

const tag = 'D4 Conversations'

endpoint(
  sessionRoutes,
  {
    method: 'post',
    path: '/sessions/new',
    tag,
    summary: 'Makes a conversation',
    request: { body: newSessionBody },
    responses: { 200: jsonResponse(sessionSchema, 'It is there.'), ...problems('too_many_conversations') },
  },
  async (c, { body }) => {
    const caller = callerOf(nameIn(c, body), [])
    const made = await hubOf(c.env, caller).createConversation(caller, null, body?.title ?? null)
    return c.json(sessionOf(c, unwrap(made)))
  },
)

endpoint(
  sessionRoutes,
  {
    method: 'get',
    path: '/sessions',
    tag,
    summary: "The caller's conversations",
    description:
      'Newest first, in pages. `scope=all`, for the operator: those that were used within the last half hour, of all users.',
    request: { query: listQuery },
    responses: { 200: jsonResponse(sessionsSchema, 'A page.') },
  },
  async (c, { query: { scope, next, before: mark = next ?? null, limit } }) => {
    if (scope === 'all') checkOperator(c)
    if (scope === 'all') return c.json(await activeSessions(c, mark, limit))
    const caller = callerOf(nameIn(c), [])
    const page = unwrap(await hubOf(c.env, caller).conversations(mark, limit))
    return c.json({ sessions: page.conversations.map((one) => sessionOf(c, one)), next: page.next })
  },
)

endpoint(
  sessionRoutes,
  {
    method: 'get',
    path: '/sessions/{id}',
    tag,
    summary: 'A conversation with its messages',
    description: `All that is kept of it, or where that is more than ${LIMITS.conversationBytes / 1_000_000} MB the newest messages, one exchange at least; older ones by \`before\`.`,
    request: { params: sessionParams, query: readQuery },
    responses: {
      200: jsonResponse(conversationSchema, 'Its messages.'),
      ...problems('conversation_not_found'),
    },
  },
  async (c, { params: { id }, query: { before = null } }) => {
    const conversation = unwrap(await hubWith(c, id).conversation(id, before))
    const messages = conversation.messages.map(({ role, content, at, status, requestId }) => {
      return { role, content, timestamp: timeOf(at), status, request_id: requestId }
    })
    const { omitted, next } = conversation
    return c.json({ ...sessionOf(c, conversation), messages, omitted, next: next === null ? null : String(next) })
  },
)

endpoint(
  sessionRoutes,
  {
    method: 'patch',
    path: '/sessions/{id}',
    tag,
    summary: 'Gives a conversation a title',
    request: { params: sessionParams, body: renameBody },
    responses: { 200: jsonResponse(sessionSchema, 'It has it.'), ...problems('conversation_not_found') },
  },
  async (c, { params: { id }, body }) =>
    c.json(sessionOf(c, unwrap(await hubWith(c, id, body).renameConversation(id, body.title)))),
)

endpoint(
  sessionRoutes,
  {
    method: 'post',
    path: '/sessions/{id}/clear',
    tag,
    summary: 'Forgets what was said in a conversation',
    description: 'What runs in it is cancelled. No word of it stays, in the log neither.',
    request: { params: sessionParams },
    responses: { 200: jsonResponse(sessionDoneSchema, 'It is empty.'), ...problems('conversation_not_found') },
  },
  async (c, { params: { id } }) => {
    unwrap(await hubWith(c, id).clearConversation(id))
    return c.json({ session_id: id, status: 'cleared', message: 'The conversation is empty.' })
  },
)

endpoint(
  sessionRoutes,
  {
    method: 'delete',
    path: '/sessions/{id}',
    tag,
    summary: 'Deletes a conversation',
    description: 'What runs in it is cancelled. No word of it stays, in the log neither.',
    request: { params: sessionParams },
    responses: { 200: jsonResponse(sessionDoneSchema, 'It is gone.'), ...problems('conversation_not_found') },
  },
  async (c, { params: { id } }) => {
    unwrap(await hubWith(c, id).deleteConversation(id))
    return c.json({ session_id: id, status: 'deleted', message: 'The conversation is deleted.' })
  },
)

/** The hub that holds a conversation, if it is the caller's (ID2, ID6). */
function hubWith(c: EdgeContext, id: string, body?: unknown) {
  return hubOf(c.env, callerWith(nameIn(c, body), [id], id))
}

async function activeSessions(c: EdgeContext, before: string | null, limit: number) {
  const { modelName: model } = c.get('config')
  const page = await c.env.MONITOR.getByName('monitor').conversations(before, limit)
  const sessions = page.conversations.map(({ id, user_id, created_at, updated_at, message_count }) => {
    const times = { created_at: timeOf(created_at), updated_at: timeOf(updated_at) }
    return { session_id: id, model, ...times, message_count, user_id }
  })
  return { sessions, next: page.next }
}

function sessionOf(c: EdgeContext, info: ConversationInfo) {
  return {
    session_id: info.conversationId,
    title: info.title,
    model: c.get('config').modelName,
    created_at: timeOf(info.createdAt),
    updated_at: timeOf(info.updatedAt),
    message_count: info.messageCount,
  }
}

/** ISO 8601. @param at ms since 1970 */
function timeOf(at: number): string {
  return new Date(at).toISOString()
}
