import { vi } from 'vitest'
import { LIMITS, TODO_LIMITS } from '../../src/core/limits.ts'
import { call, Socket } from '../workers/support.ts'
import { aUser, type Code, codeOf, frame, get, post, withRows } from './asking.ts'

/** A bound on what a stranger may send, keep or do. */
export interface Bound {
  /** Its name in `LIMITS`, `TODO_LIMITS` or the configuration, or where it stands beside its own data. */
  readonly name: string
  /** The last that is taken, and the first that is not. */
  readonly at: number
  readonly beyond: number
  readonly code: string
  /** Asks for so much. */
  readonly ask: (n: number) => Promise<Code>
}

const x = (n: number): string => 'x'.repeat(n)
const list = <T>(n: number, item: (i: number) => T): readonly T[] => Array.from({ length: n }, (_, i) => item(i))

/** A text with something in its middle, padded to a length. */
function padded(before: string, after: string, n: number): string {
  return before + x(n - before.length - after.length) + after
}

function user(content: string) {
  return { role: 'user', content }
}

function completion(more: object): Promise<Code> {
  return post('/v1/chat/completions', { model: 'freshet', messages: [user('Hello')], ...more })
}

function tool(i: number, parameters: object) {
  return { type: 'function', function: { name: `tool_${i}`, parameters } }
}

function todo(more: object): Promise<Code> {
  return post('/api/todos', { item: 'Buy milk', ...more })
}

/** The last code of so many calls, one after another. */
async function times(n: number, ask: (i: number) => Promise<Code>): Promise<Code> {
  let code: Code = null
  for (let i = 0; i < n; i++) code = await ask(i)
  return code
}

function trigger(as: string, i = 0): Promise<Code> {
  return post('/api/sse/trigger-stream?wait=true', { prompt: `Number ${i}` }, as)
}

function agent(as: string, i: number): Promise<Code> {
  return post('/api/todos/agent-create/stream', { messages: [user(`Number ${i}`)] }, as)
}

/** A full month, of which no minute has too many. */
async function month(n: number): Promise<Code> {
  const as = aUser()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 4, 1) })
  try {
    return await times(n, (i) => {
      vi.setSystemTime(Date.UTC(2027, 4, 1) + i * 60_000)
      return agent(as, i)
    })
  } finally {
    vi.useRealTimers()
  }
}

async function connections(n: number): Promise<Code> {
  const as = aUser()
  const sockets = await Promise.all(list(n, () => Socket.open(`user_id=${as}`)))
  await sockets[0]?.until((all) => all.length > 0)
  await Promise.all(sockets.map((socket) => Promise.race([socket.over(), socket.until((all) => all.length > 0)])))
  const code = sockets.some(({ closed }) => closed?.code === 4429) ? 'too_many_connections' : null
  for (const socket of sockets) socket.close()
  return code
}

async function active(n: number): Promise<Code> {
  const as = aUser()
  const socket = await Socket.open(`user_id=${as}&model_preference=endless`)
  for (let i = 0; i < n; i++) socket.say({ type: 'ai_request', prompt: `Number ${i}`, request_id: `a-${i}` })
  await socket.until((all) => all.filter(({ event_type }) => /^(stream_start|error)$/.test(event_type)).length === n)
  const error = socket.events.find(({ event_type }) => event_type === 'error')
  expectAbout(error?.metadata['about_request_id'], error === undefined ? undefined : `a-${n - 1}`)
  socket.close()
  return error === undefined ? null : String(error.data['error_type'])
}

function expectAbout(said: unknown, wanted: string | undefined): void {
  if (said !== wanted) throw new Error(`the refusal is about ${String(said)}, not ${wanted ?? 'nothing'}`)
}

const CONVERSATION = "INSERT INTO conversations (conversation_id, created_at) VALUES ('c-' || ?, 0)"
const TODO_ROW = `INSERT INTO todos SELECT 't-' || ?, json_object('todo_id', 't', 'item', 'i', 'start_time', '2027-01-01T00:00:00Z',
  'end_time', null, 'importance', 'low', 'tags', json_array(), 'status', 'pending', 'created_at', '2027-01-01T00:00:00Z',
  'updated_at', '2027-01-01T00:00:00Z')`

function bound(name: string, at: number, code: string, ask: Bound['ask'], beyond = at + 1): Bound {
  return { name, at, beyond, code, ask }
}

const L = LIMITS
const T = TODO_LIMITS
const PLAN = '/api/todos/agent-create/stream'

export const BOUNDS: readonly Bound[] = [
  bound('frameBytes', L.frameBytes, 'frame_too_large', (n) => frame(padded('{"type":"ping","timestamp":"', '"}', n))),
  bound('jsonDepth', L.jsonDepth, 'bad_json', (n) =>
    frame(`{"type":"ping","timestamp":${'['.repeat(n - 1)}${']'.repeat(n - 1)}}`),
  ),
  bound('jsonDepth', L.jsonDepth, 'bad_json', (n) =>
    post('/chat/stream', `{"message":"Hello","more":${'['.repeat(n - 1)}${']'.repeat(n - 1)}}`),
  ),
  bound('bodyBytes', L.bodyBytes, 'body_too_large', (n) =>
    post('/chat/stream', padded('{"message":"Hello","more":"', '"}', n)),
  ),
  bound('promptChars', L.promptChars, 'prompt_too_long', (n) =>
    frame(JSON.stringify({ type: 'ai_request', prompt: x(n) })),
  ),
  ...[
    (n: number) => post('/api/sse/trigger-stream', { prompt: x(n) }),
    (n: number) => post('/api/chat/message', { message: x(n), agent: 'assistant' }),
    (n: number) => post('/chat/stream', { message: x(n) }),
    (n: number) => completion({ messages: [user(x(n))] }),
    (n: number) => post('/api/chat', { id: 'c', messages: [{ role: 'user', parts: [{ type: 'text', text: x(n) }] }] }),
  ].map((ask) => bound('promptChars', L.promptChars, 'prompt_too_long', ask)),
  bound('userIdChars', L.userIdChars, 'invalid_user_id', (n) => get('/sessions', { 'x-user-id': x(n) })),
  ...[
    (n: number) => post('/chat/stream', { message: 'Hello', request_id: x(n) }),
    (n: number) => post('/chat/stream', { message: 'Hello', session_id: x(n) }),
    (n: number) => post('/api/chat/message', { message: 'Hello', agent: 'assistant', model: x(n) }),
    (n: number) => post('/api/sse/trigger-stream', { prompt: 'Hello', client_id: x(n) }),
    (n: number) => completion({ conversation_id: x(n) }),
    (n: number) => completion({ model: x(n) }),
    (n: number) => post('/api/chat', { id: x(n), messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }] }),
    (n: number) => get(`/api/todos?session_id=${x(n)}`),
    (n: number) => frame(JSON.stringify({ type: 'ai_request', prompt: 'Hello', request_id: x(n) })),
  ].map((ask) => bound('idChars', L.idChars, 'bad_request', ask)),
  bound('preferencesBytes', L.preferencesBytes, 'bad_request', (n) => {
    const a = x(n - JSON.stringify({ language: 'en', a: '' }).length)
    return frame(JSON.stringify({ type: 'update_preferences', preferences: { a } }))
  }),
  bound('timeoutS', L.timeoutS, 'bad_request', (timeout) =>
    post('/api/sse/trigger-stream', { prompt: 'Hello', config: { timeout } }),
  ),
  bound('urlChars', L.urlChars, 'url_too_long', (n) =>
    get(padded('/sessions?a=', '', n - 'http://freshet.test'.length)),
  ),
  bound('headerChars', L.headerChars, 'headers_too_large', (n) =>
    get('/sessions', { 'x-user-id': 'u', 'x-more': x(n - 'x-user-id'.length - 1 - 'x-more'.length) }),
  ),
  bound('tickets', L.tickets, 'too_many_requests', (n) => {
    const as = aUser()
    return times(n, () => post('/api/tickets', '', as))
  }),
  bound('conversations', L.conversations, 'too_many_conversations', async (n) => {
    // One is there when rows are put beside it, and one is asked for.
    const as = await withRows(n - 2, CONVERSATION)
    const codes = await Promise.all([
      post('/sessions/new', '', as),
      ...(n > L.conversations ? [post('/chat/stream', { message: 'Hello' }, as)] : []),
    ])
    return codes.every((code) => code === codes[0]) ? (codes[0] ?? null) : codes.join()
  }),
  bound('conversationsPage', L.conversationsPage, 'bad_request', (n) => get(`/sessions?limit=${n}`)),
  bound('titleChars', L.titleChars * 4, 'bad_request', (n) => post('/sessions/new', { title: x(n) })),
  bound('messages', L.messages, 'bad_request', (n) => completion({ messages: list(n, () => user('Hi')) })),
  bound('callerTools', L.callerTools, 'bad_request', (n) => completion({ tools: list(n, (i) => tool(i, {})) })),
  bound('toolSchemaChars', L.toolSchemaChars, 'bad_request', (n) =>
    completion({ tools: [tool(1, { a: x(n - JSON.stringify({ a: '' }).length) })] }),
  ),
  bound('itemChars', T.itemChars, 'bad_request', (n) => todo({ item: x(n) })),
  bound('tags', T.tags, 'bad_request', (n) => todo({ tags: list(n, (i) => `t${i}`) })),
  bound('tagChars', T.tagChars, 'bad_request', (n) => todo({ tags: [x(n)] })),
  bound('todos', T.todos, 'too_many_todos', async (n) =>
    post('/api/todos', { item: 'One more' }, await withRows(n - 1, TODO_ROW)),
  ),
  bound('firstYear', T.firstYear, 'bad_request', (n) => todo({ start_time: `${n}-06-01T12:00:00Z` }), T.firstYear - 1),
  bound('lastYear', T.lastYear, 'bad_request', (n) => todo({ start_time: `${n}-06-01T12:00:00Z` })),
  // Of the configuration.
  bound('RATE_LIMIT_PER_MINUTE', 40, 'rate_limited', (n) => {
    const as = aUser()
    return times(n, (i) => trigger(as, i))
  }),
  bound('AGENT_RATE_LIMIT_PER_MINUTE', 6, 'rate_limit_exceeded', (n) => {
    const as = aUser()
    return times(n, (i) => agent(as, i))
  }),
  bound('AGENT_MONTHLY_QUOTA', 8, 'rate_limit_exceeded', month),
  bound('MAX_ACTIVE_REQUESTS_PER_USER', 8, 'too_many_requests', active),
  bound('MAX_CONNECTIONS_PER_USER', 20, 'too_many_connections', connections),
  bound('MAX_CONNECTIONS_PER_USER', 20, 'too_many_connections', async (n) => {
    const as = aUser()
    const open = await Promise.all(list(n - 1, () => Socket.open(`user_id=${as}`)))
    const response = await call(`/sse/ai-stream?user_id=${as}`)
    const code = response.status === 200 ? null : await codeOf(response)
    if (code === null) await response.body?.cancel()
    for (const socket of open) socket.close()
    return code
  }),
  // Beside their own data.
  bound('todoMessages', L.todoMessages, 'bad_request', (n) => post(PLAN, { messages: list(n, () => user('Hello')) })),
  bound('todoMessageChars', L.todoMessageChars, 'bad_request', (n) =>
    post(PLAN, { messages: [user('Hello'), user(x(n).replaceAll('xx', 'x '))] }),
  ),
  bound('D5 session_id', L.idChars, 'forbidden', (n) => post(PLAN, { messages: [user('Hello')], session_id: x(n) })),
  bound('D6 all messages', 4 * L.promptChars, 'prompt_too_long', (n) =>
    completion({ messages: [user(x(n - L.promptChars)), user(x(L.promptChars))] }),
  ),
  bound('D6 tool name', 64, 'bad_request', (n) =>
    completion({ tools: [{ type: 'function', function: { name: x(n) } }] }),
  ),
  bound('D6 stop', 4, 'bad_request', (n) => completion({ stop: list(n, (i) => `s${i}`) })),
  bound('words of a time', 200, 'bad_request', (n) =>
    todo({ start_time: padded('tomorrow', 'at 2pm', n).replaceAll('x', ' ') }),
  ),
  bound('words to find a todo', 200, 'bad_request', (n) => get(`/api/todos?query=${x(n)}`)),
  bound('D1 language', 35, 'bad_request', (n) => socketQuery(`language=${x(n)}`)),
  bound('D1 model_preference', 200, 'bad_request', (n) => socketQuery(`model_preference=${x(n)}`)),
]

async function socketQuery(query: string): Promise<Code> {
  const response = await call(`/ws/ai-stream?user_id=${aUser()}&${query}`, { headers: { upgrade: 'websocket' } })
  if (response.webSocket === null) return codeOf(response)
  response.webSocket.accept()
  response.webSocket.close(1000, 'seen')
  return null
}

/** What is no bound on a stranger's input, and why. */
export const INTERNAL: Readonly<Record<string, readonly string[]>> = {
  'of a provider or a model: ends the request or cuts what it says': [
    'deltaChars',
    'answerChars',
    'toolMs',
    'turnCalls',
    'callArgumentsChars',
    'callNameChars',
  ],
  'of a tool’s output, a finding or an end: cut, never refused': [
    'toolOutputChars',
    'toolStringChars',
    'closingAnswerBytes',
    'closingBytes',
    'findingChars',
    'shown',
  ],
  'gathering of text': ['gatherWatchedMs', 'gatherUnwatchedMs', 'gatherChars', 'gatherDeltas'],
  'paging of readers; who does not read is cut off, and resumes': [
    'bridgeWindowBytes',
    'bridgeAckBytes',
    'readerBufferBytes',
    'socketBufferBytes',
    'slowReaderMs',
    'pageBytes',
    'pageEvents',
  ],
  'what is told of more than is kept or shown': [
    'resyncExchanges',
    'resyncChars',
    'historyTokens',
    'historyMessages',
    'conversationExchanges',
    'conversationBytes',
    'activeConversations',
  ],
  'times and retries of our own': [
    'watchdogMs',
    'idleCheckMs',
    'expiredAtOnce',
    'expiryPauseMs',
    'sseCommentMs',
    'requestCommentMs',
    'sseRetryMs',
    'readerGoneMs',
    'batchMs',
    'refusalsKept',
    'firstEventMs',
    'ticketMs',
    'reattachTries',
    'reattachMs',
    'healthFreshMs',
    'healthWaitMs',
    'ownFailureMs',
    'ledgerMs',
    'activeMs',
    'retryJoinMs',
    'retryClaimMs',
    'retryToldMs',
  ],
  'between hubs and the monitor': ['reportedEnds', 'refreshedHubs', 'refreshedAtOnce', 'refreshMs', 'spendDays'],
  'the cache: what does not fit is not kept': ['cacheEntries', 'cacheChars', 'cacheEntryChars', 'cacheMaxAgeMs'],
  'work at a time within a request: the rest waits': ['toolsAtOnce'],
}
