import { Hono } from 'hono'
import * as z from 'zod'
import { clientIdSchema } from '../../core/commands.ts'
import { FreshetError } from '../../core/errors.ts'
import { privateKeyOf } from '../../core/ids.ts'
import { uiMessageStream } from '../../dialects/ui-message-stream.ts'
import { commandFrom } from '../../dialects/ui-request.ts'
import type { HubCaller } from '../../hub/protocol.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { callerWith } from '../identity.ts'
import { cursorIn, nameIn } from '../input.ts'
import { readerOf } from '../nameless.ts'
import { startAndStream, streamRequest } from '../request-stream.ts'
import { nothingToTell } from '../schemas/chat.ts'
import { cursorHeaders, cursorQuery } from '../schemas/parts.ts'
import { CONNECT_CODES, jsonResponse, problems, START_CODES } from '../schemas/responses.ts'
import { uiChatBody, uiChatHeaders, uiStoppedSchema, uiStream, uiStreamParams } from '../schemas/ui-chat.ts'

/** D7: the AI SDK's UI message stream. */
export const uiChatRoutes = new Hono<EdgeEnv>()

const tag = 'D7 AI SDK'

endpoint(
  uiChatRoutes,
  {
    method: 'post',
    path: '/api/chat',
    tag,
    summary: 'Answers a chat',
    description: [
      "What `useChat` sends with its defaults. The same body twice is one generation: it is the first one's stream that",
      'comes again. `regenerate-message` is a new one each time, and is also the way to try again what failed or was',
      'stopped. A request with the id of an event goes on with that answer, and runs nothing.',
    ].join(' '),
    request: { headers: uiChatHeaders, body: uiChatBody },
    responses: {
      200: uiStream,
      204: nothingToTell,
      ...problems('unknown_agent', 'too_many_conversations', ...START_CODES, ...CONNECT_CODES),
    },
  },
  (c, { headers, body }) => {
    const cursor = cursorIn(c)
    const given = body.request_id ?? headers['Idempotency-Key'] ?? null
    const stream = streamFor(callerWith(nameIn(c, body), [cursor, given], body.id))
    if (cursor !== null) return replay(c, stream, body, given, cursor)
    const command = commandFrom(body)
    const requestId = given ?? leadingBack(command.requestId, stream.caller)
    return startAndStream(c, { ...command, requestId, isDerivedId: given === null }, stream)
  },
)

endpoint(
  uiChatRoutes,
  {
    method: 'get',
    path: '/api/chat/{id}/stream',
    tag,
    summary: 'Reads the answer that runs in a chat',
    description: [
      "What `useChat` asks with `resume`. By a chat's `id`: the newest answer that runs in it. By a `request_id`: that",
      'answer, also when it is over.',
    ].join(' '),
    request: { params: uiStreamParams, query: z.object(cursorQuery), headers: z.object(cursorHeaders) },
    responses: { 200: uiStream, 204: nothingToTell, ...problems(...CONNECT_CODES) },
  },
  (c, { params: { id } }) => resume(c, id),
)

endpoint(
  uiChatRoutes,
  {
    method: 'delete',
    path: '/api/chat/{id}/stream',
    tag,
    summary: 'Stops what runs in a chat',
    description: [
      '`stop()` of `useChat` only leaves: the answer goes on, so that it is there when the page is opened again. This',
      "ends it for everyone, and so does `POST /api/requests/{id}/cancel` with the `request_id` of the message's",
      'metadata. The text so far is kept.',
    ].join(' '),
    request: { params: uiStreamParams },
    responses: { 200: jsonResponse(uiStoppedSchema, 'Nothing runs in it.'), ...problems(...CONNECT_CODES) },
  },
  async (c, { params: { id } }) => c.json({ cancelled: await stop(c, id) }),
)

function streamFor(caller: HubCaller) {
  const options = { model: '', includeUsage: false, batching: false }
  return { caller, dialect: uiMessageStream, options }
}

/** A made id of a nameless caller's request leads back to its hub, like any id of ours (ID2), where there is room. */
function leadingBack(requestId: string | null, { privateKey }: HubCaller): string | null {
  if (requestId === null || privateKey === null || privateKeyOf(requestId) !== null) return requestId
  const parsed = clientIdSchema.safeParse(`${privateKey}-${requestId}`)
  return parsed.success ? parsed.data : requestId
}

/** Whoever brings a cursor wants to go on (UI13): its request by name, else by the message if that is known, else the cursor's. */
async function replay(
  c: EdgeContext,
  stream: ReturnType<typeof streamFor>,
  body: z.output<typeof uiChatBody>,
  given: string | null,
  cursor: string,
): Promise<Response> {
  const derived = given === null ? derivedIdOf(body, stream.caller) : null
  const isKnown = derived !== null && (await hubOf(c.env, stream.caller).request(derived)).ok
  return streamRequest(c, { ...stream, requestId: given ?? (isKnown ? derived : null), conversationId: null, cursor })
}

/** The id that a message's request would have; null when there is nothing in it to ask: it is not asked here. */
function derivedIdOf(body: z.output<typeof uiChatBody>, caller: HubCaller): string | null {
  try {
    return leadingBack(commandFrom(body).requestId, caller)
  } catch (error) {
    if (error instanceof FreshetError) return null
    throw error
  }
}

/** What runs in a chat; else the request of this id, whether it runs or has ended; else 204. */
async function resume(c: EdgeContext, id: string): Promise<Response> {
  const cursor = cursorIn(c)
  const stream = { ...streamFor(await readerOf(c, nameIn(c), [cursor], id, id)), cursor }
  const running = await streamRequest(c, { ...stream, requestId: null, conversationId: id })
  // With a cursor it is the cursor that says which request is meant.
  if (running.status !== 204 || cursor !== null) return running
  try {
    return await streamRequest(c, { ...stream, requestId: id, conversationId: null })
  } catch (error) {
    if (error instanceof FreshetError && error.code === 'request_not_found') return running
    throw error
  }
}

/** Ends what runs in a chat, or the request of this id. @returns the requests that it ended */
async function stop(c: EdgeContext, id: string): Promise<readonly string[]> {
  const hub = hubOf(c.env, await readerOf(c, nameIn(c), [], id, id))
  const ended = [...unwrap(await hub.cancelIn(id))]
  const known = await hub.request(id)
  if (known.ok && known.value.status === 'running') {
    unwrap(await hub.cancel(id))
    ended.push(id)
  }
  return ended
}
