import { Hono } from 'hono'
import * as z from 'zod'
import { FreshetError } from '../../core/errors.ts'
import { todoEvents, todoRateLimited, todoRefusal } from '../../dialects/todo-events.ts'
import { asksForBatching, newSession, type TodoRequest, todoRequestOf } from '../../dialects/todo-request.ts'
import { retryKey } from '../command.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { callerWith } from '../identity.ts'
import { cursorIn, nameIn } from '../input.ts'
import { withLimits } from '../limit-headers.ts'
import { readerOf } from '../nameless.ts'
import { startAndStream, streamRequest } from '../request-stream.ts'
import { nothingToTell } from '../schemas/chat.ts'
import { cursorHeaders } from '../schemas/parts.ts'
import { CONNECT_CODES, problems, START_CODES } from '../schemas/responses.ts'
import { todoAskBody, todoAskHeaders, todoAskQuery, todoStream, todoWatchQuery } from '../schemas/todos.ts'
import { SSE_HEADERS } from '../sse-bridge.ts'

/** D5: the stream of the todo agent (contract D5, SPEC TR). */
export const todoAgentRoutes = new Hono<EdgeEnv>()

const tag = 'D5 Todo agent'
const path = '/api/todos/agent-create/stream'

endpoint(
  todoAgentRoutes,
  {
    method: 'post',
    path,
    tag,
    summary: 'Asks the todo agent',
    description: [
      'Says in plain words what is to be planned, found, changed or done. What does not fit in the body is told in a',
      'stream of one `error` event. A request with the id of an event goes on with that answer, and runs nothing.',
    ].join(' '),
    request: { headers: todoAskHeaders, query: todoAskQuery, body: todoAskBody },
    responses: {
      200: todoStream,
      204: nothingToTell,
      ...problems('too_many_conversations', ...START_CODES, ...CONNECT_CODES),
    },
  },
  (c, { headers, query, body }) => {
    const name = nameIn(c, body)
    const given = requestIn(body, name)
    const key = headers['Idempotency-Key'] ?? null
    const batching = asksForBatching(query)
    if (cursorIn(c) !== null) {
      // Whoever brings a cursor wants to go on (DI4), whatever else it says.
      const said = given instanceof FreshetError ? null : given
      const requestId = said?.command.requestId ?? key
      return read(c, name, { requestId, sessionId: null, batching: batching || said?.batching === true })
    }
    if (given instanceof FreshetError) return refusal(given)
    return ask(c, name, given, { key, batching, timeZone: headers['X-Time-Zone'] || null })
  },
)

endpoint(
  todoAgentRoutes,
  {
    method: 'get',
    path,
    tag,
    summary: "Reads the todo agent's answer, or goes on with it",
    description: 'For EventSource, and for a second window. Nothing is asked by it.',
    request: { query: todoWatchQuery, headers: z.object(cursorHeaders) },
    responses: { 200: todoStream, 204: nothingToTell, ...problems('request_not_found', ...CONNECT_CODES) },
  },
  (c, { query: { request_id = null, session_id = null, ...query } }) => {
    if (cursorIn(c) === null && request_id === null && session_id === null) {
      throw new FreshetError(
        'bad_request',
        'Send the `request_id` of the answer to read, or the `session_id` it is in.',
      )
    }
    return read(c, nameIn(c), { requestId: request_id, sessionId: session_id, batching: asksForBatching(query) })
  },
)

/** What a body asks for, or what is wrong with it. */
function requestIn(body: unknown, name: string | null): TodoRequest | FreshetError {
  try {
    return todoRequestOf(body, name)
  } catch (error) {
    if (error instanceof FreshetError) return error
    throw error
  }
}

/** Begins a request, or finds the one that it repeats. What no body told is in the headers and the query. */
async function ask(
  c: EdgeContext,
  name: string | null,
  { command, batching }: TodoRequest,
  more: { readonly key: string | null; readonly batching: boolean; readonly timeZone: string | null },
): Promise<Response> {
  const { prompt, history, model, conversationId } = command
  const requestId = command.requestId ?? more.key
  const caller = callerWith(name, [conversationId, requestId], conversationId ?? requestId)
  const said = [model, JSON.stringify(history), prompt]
  try {
    return await startAndStream(
      c,
      {
        ...command,
        requestId,
        conversationId: conversationId ?? newSession(name, caller.privateKey),
        retryKey: requestId === null ? retryKey(todoEvents, conversationId, said) : null,
        timeZone: command.timeZone ?? more.timeZone,
      },
      { caller, dialect: todoEvents, options: optionsOf(batching || more.batching) },
    )
  } catch (error) {
    if (!(error instanceof FreshetError) || error.limit?.usage == null) throw error
    return withLimits(oneEvent(todoRateLimited(error.message, error.limit.usage)), error)
  }
}

/** Reads a request from where its reader is (DI2, DI6). */
async function read(
  c: EdgeContext,
  name: string | null,
  what: { readonly requestId: string | null; readonly sessionId: string | null; readonly batching: boolean },
): Promise<Response> {
  const { requestId, sessionId, batching } = what
  const cursor = cursorIn(c)
  return streamRequest(c, {
    caller: await readerOf(c, name, [cursor, sessionId, requestId], sessionId ?? requestId, requestId),
    dialect: todoEvents,
    options: optionsOf(batching),
    requestId,
    conversationId: sessionId,
    cursor,
  })
}

function optionsOf(batching: boolean) {
  return { model: '', includeUsage: false, batching }
}

/** What is wrong with a body is told where this dialect's clients read: in the stream. */
function refusal({ message, code }: FreshetError): Response {
  return oneEvent(todoRefusal(message, code))
}

function oneEvent(text: string): Response {
  return new Response(text, { headers: SSE_HEADERS })
}
