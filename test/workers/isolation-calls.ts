import { CHANNELS } from '../../src/core/channels.ts'
import type { Actor } from './isolation-actor.ts'
import { Socket, Stream } from './support.ts'

/** Connections that an actor keeps open. */
export interface Open {
  readonly sockets: Socket[]
  readonly streams: Stream[]
}

type Call = (a: Actor, open: Open) => Promise<unknown>

const said = (content: string) => [{ role: 'user', content }]
const query = (fields: Record<string, string | undefined>): string => {
  const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return new URLSearchParams(given).toString()
}

function maybe<T>(a: Actor, share: number, value: () => T): T | undefined {
  return a.chance(share) ? value() : undefined
}

function key(a: Actor): Record<string, string> {
  return a.chance(0.3) ? { 'idempotency-key': a.id('request') } : {}
}

function cursor(a: Actor, share = 0.2): Record<string, string> {
  return a.chance(share) ? { 'last-event-id': a.id('cursor') } : {}
}

async function openSocket(a: Actor, { sockets }: Open): Promise<void> {
  a.calls += 1
  const fields = {
    user_id: a.name ?? undefined,
    conversation_id: maybe(a, 0.2, () => a.id('session')),
    last_event_id: maybe(a, 0.5, () => a.id('cursor')),
    model_preference: maybe(a, 0.2, () => a.secret),
  }
  const socket = await Socket.open(query(fields))
  socket.socket.addEventListener('message', ({ data }) => a.hear(String(data), 'socket'))
  a.count('socket', 101)
  sockets.push(socket)
  if (sockets.length > 2) sockets.shift()?.close()
}

function frameOf(a: Actor): object {
  const own = {
    request_id: maybe(a, 0.7, () => a.id('request')),
    conversation_id: maybe(a, 0.4, () => a.id('session')),
  }
  return a.pick([
    { type: 'ai_request', prompt: a.words(), ...own },
    { type: 'ai_request', prompt: a.words(), ...own },
    { type: 'cancel_request', request_id: a.id('request') },
    { type: 'update_preferences', preferences: { [a.secret]: a.secret } },
    { type: 'ping', timestamp: a.secret },
    { type: a.secret },
  ])
}

async function frame(a: Actor, open: Open): Promise<void> {
  const socket = open.sockets.at(-1)
  if (socket === undefined) return openSocket(a, open)
  a.calls += 1
  const pongs = socket.bare.length
  socket.say(frameOf(a))
  socket.say({ type: 'ping' })
  await socket.until(() => socket.bare.length > pongs)
  a.count('frame', 200)
}

async function openStream(a: Actor, { streams }: Open): Promise<void> {
  a.calls += 1
  const fields = {
    user_id: a.name ?? undefined,
    subscriptions: CHANNELS.join(),
    client_id: maybe(a, 0.3, () => a.id('client')),
    conversation_id: maybe(a, 0.2, () => a.id('session')),
  }
  const stream = await Stream.open(`/sse/ai-stream?${query(fields)}`, cursor(a, 0.6))
  a.hear([...stream.response.headers].join('\n'), 'event stream')
  await stream.until((all) => all.length > 0)
  a.count('event stream', 200)
  streams.push(stream)
  if (streams.length > 2) close(a, streams.shift())
}

/** What has come over a stream is searched when it is closed. */
function close(a: Actor, stream: Stream | undefined): void {
  if (stream === undefined) return
  stream.close()
  for (const event of stream.all) a.hear(JSON.stringify(event), 'event stream')
}

export function closeAll(a: Actor, { sockets, streams }: Open): void {
  for (const socket of sockets) socket.close()
  for (const stream of streams) close(a, stream)
}

function trigger(a: Actor): Promise<unknown> {
  const body = {
    prompt: a.words(),
    request_id: maybe(a, 0.4, () => a.id('request')),
    client_id: maybe(a, 0.2, () => a.id('client')),
    conversation_id: maybe(a, 0.3, () => a.id('session')),
  }
  const path = `/api/sse/trigger-stream${a.pick(['', '?wait=true'])}`
  return a.http('trigger', 'POST', path, { body, headers: key(a) })
}

/** Fields of D3 and D4. */
function chatFields(a: Actor): Record<string, string | undefined> {
  return {
    message: maybe(a, 0.8, () => a.words()),
    session_id: maybe(a, 0.5, () => a.id('session')),
    request_id: maybe(a, 0.4, () => a.id('request')),
    agent: a.chance(0.03) ? 'health' : 'assistant',
    model: maybe(a, 0.1, () => a.secret),
  }
}

function todoAgent(a: Actor): Promise<unknown> {
  const messages = said(
    a.pick([`Add ${a.secret} tomorrow at 2pm`, 'Show my todos', `Find ${a.words()}`, 'Delete all my todos']),
  )
  const body = {
    messages,
    session_id: maybe(a, 0.4, () => a.id('session')),
    request_id: maybe(a, 0.3, () => a.id('request')),
  }
  return a.http('todo agent', 'POST', '/api/todos/agent-create/stream', {
    body,
    headers: { ...key(a), ...cursor(a, 0.1) },
  })
}

function completion(a: Actor): Promise<unknown> {
  const history = a.chance(0.3) ? [...said(a.words()), { role: 'assistant', content: a.secret }] : []
  const body = {
    model: a.pick(['freshet', 'freshet', a.secret]),
    messages: [...history, ...said(a.words())],
    max_tokens: 20,
    stream: a.chance(0.5),
    request_id: maybe(a, 0.3, () => a.id('request')),
    conversation_id: maybe(a, 0.3, () => a.id('session')),
  }
  const retry: Record<string, string> = a.chance(0.2) ? { 'x-stainless-retry-count': '1' } : {}
  return a.http('completion', 'POST', '/v1/chat/completions', {
    body,
    headers: { ...key(a), ...cursor(a, 0.1), ...retry },
  })
}

function uiChat(a: Actor): Promise<unknown> {
  const parts = [{ type: 'text', text: a.words() }]
  const body = {
    id: a.id('session'),
    messages: [{ id: a.id('request'), role: 'user', parts }],
    trigger: a.pick(['submit-message', 'regenerate-message']),
    request_id: maybe(a, 0.3, () => a.id('request')),
  }
  return a.http('ui chat', 'POST', '/api/chat', { body, headers: { ...key(a), ...cursor(a, 0.1) } })
}

async function ticket(a: Actor): Promise<void> {
  const { status, text } = await a.http('ticket', 'POST', '/api/tickets')
  if (status !== 200) return
  const given: { ticket: string } = JSON.parse(text)
  // Used by its owner, so that the other can only try one that was.
  await a.http('by ticket', 'GET', `/sessions?ticket=${encodeURIComponent(given.ticket)}`)
  a.used(given.ticket)
}

/** Everything that a user can do, each as likely as often it stands here. */
export const CALLS: readonly [Call, ...Call[]] = [
  openSocket,
  frame,
  frame,
  frame,
  openStream,
  trigger,
  trigger,
  (a) => a.http('chat', 'GET', `/api/chat/stream?${query(chatFields(a))}`, { headers: { ...key(a), ...cursor(a) } }),
  (a) => a.http('chat', 'POST', '/api/chat/message', { body: chatFields(a), headers: { ...key(a), ...cursor(a) } }),
  (a) => a.http('turn', 'POST', '/chat/stream', { body: chatFields(a), headers: { ...key(a), ...cursor(a) } }),
  (a) => a.http('turn', 'POST', '/chat/stream', { body: chatFields(a), headers: key(a) }),
  (a) => {
    const fields = {
      session_id: maybe(a, 0.5, () => a.id('session')),
      request_id: maybe(a, 0.7, () => a.id('request')),
    }
    return a.http('watch', 'GET', `/chat/stream?${query(fields)}`, { headers: cursor(a, 0.5) })
  },
  (a) => a.http('new session', 'POST', '/sessions/new', { body: { title: a.secret } }),
  (a) =>
    a.http(
      'sessions',
      'GET',
      `/sessions?${query({ limit: '20', before: maybe(a, 0.3, () => `9_${a.id('session')}`) })}`,
    ),
  (a) => a.http('session', 'GET', `/sessions/${a.id('session', 0.6)}`),
  (a) => a.http('session', 'GET', `/sessions/${a.id('session', 0.6)}`),
  (a) => a.http('rename', 'PATCH', `/sessions/${a.id('session', 0.6)}`, { body: { title: a.secret } }),
  (a) => a.http('clear', 'POST', `/sessions/${a.id('session', 0.6)}/clear`),
  (a) => a.http('delete', 'DELETE', `/sessions/${a.id('session', 0.6)}`),
  todoAgent,
  todoAgent,
  (a) => {
    const fields = { session_id: maybe(a, 0.5, () => a.id('session')), request_id: a.id('request', 0.6) }
    return a.http('watch agent', 'GET', `/api/todos/agent-create/stream?${query(fields)}`, { headers: cursor(a) })
  },
  (a) =>
    a.http(
      'todos',
      'GET',
      `/api/todos?${query({ query: maybe(a, 0.5, () => a.secret), session_id: maybe(a, 0.5, () => a.id('session')) })}`,
    ),
  (a) =>
    a.http('new todo', 'POST', '/api/todos', {
      body: { item: a.words(), tags: [a.secret], session_id: maybe(a, 0.3, () => a.id('session')) },
    }),
  (a) => a.http('todo', 'GET', `/api/todos/${a.id('todo', 0.6)}`),
  (a) => a.http('change todo', 'PATCH', `/api/todos/${a.id('todo', 0.6)}`, { body: { item: a.words() } }),
  (a) => a.http('delete todo', 'DELETE', `/api/todos/${a.id('todo', 0.6)}`),
  completion,
  completion,
  (a) =>
    a.http(
      'completion by id',
      'GET',
      `/v1/chat/completions/chatcmpl-${a.id('request', 0.6)}?${query({ stream: maybe(a, 0.5, () => 'true') })}`,
      { headers: cursor(a) },
    ),
  uiChat,
  uiChat,
  (a) =>
    a.http('ui resume', 'GET', `/api/chat/${a.id(a.pick(['session', 'request']), 0.6)}/stream`, {
      headers: cursor(a, 0.4),
    }),
  (a) => a.http('ui stop', 'DELETE', `/api/chat/${a.id(a.pick(['session', 'request']), 0.6)}/stream`),
  (a) => a.http('request', 'GET', `/api/requests/${a.id('request', 0.6)}`),
  (a) => a.http('cancel', 'POST', `/api/requests/${a.id('request', 0.6)}/cancel`),
  ticket,
  (a) => a.http('used ticket', 'GET', `/sessions?ticket=${encodeURIComponent(a.id('ticket', 0.6))}`),
]
