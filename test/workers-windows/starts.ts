import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { call, type Socket } from '../workers/support.ts'

/** How a call that asks for a generation came out. */
export interface Start {
  readonly dialect: string
  readonly began: boolean
  /** 101 for a prompt over a socket. */
  readonly status: number
  readonly headers: Headers
  /** What came, whole: a body, or the socket's event. */
  readonly text: string
}

export interface Asked {
  readonly prompt: string
  /** A `request_id`, where one is given. */
  readonly id?: string
  /** A conversation that the caller names. */
  readonly session?: string
}

type Begin = (user: string, asked: Asked, more?: object) => Promise<Start>

function overHttp(dialect: string, path: string, bodyOf: (asked: Asked) => object): Begin {
  return async (user, asked, more = {}) => {
    const body = JSON.stringify({ ...bodyOf(asked), ...(asked.id !== undefined && { request_id: asked.id }), ...more })
    const response = await call(path, { method: 'POST', headers: { 'x-user-id': user }, body })
    const text = await response.text()
    const began = response.status === 200 && !/^event: (rate_limit_exceeded|error)\n/.test(text)
    return { dialect, began, status: response.status, headers: response.headers, text }
  }
}

function said(prompt: string) {
  return [{ role: 'user', content: prompt }]
}

let chats = 0

/** Every way in which a generation is begun over HTTP. */
export const OVER_HTTP: Readonly<Record<string, Begin>> = {
  d2: overHttp('d2', '/api/sse/trigger-stream?wait=true', ({ prompt, session }) => {
    return { prompt, conversation_id: session }
  }),
  d3: overHttp('d3', '/api/chat/message', ({ prompt, session }) => {
    return { message: prompt, session_id: session, agent: 'assistant' }
  }),
  'd3 by GET': async (user, { prompt, id, session }) => {
    const given = { message: prompt, agent: 'assistant', request_id: id ?? '', session_id: session ?? '' }
    const path = `/api/chat/stream?${new URLSearchParams(given).toString()}`
    const { status, headers, text } = await answered(path, user)
    return { dialect: 'd3 by GET', began: status === 200, status, headers, text }
  },
  d4: overHttp('d4', '/chat/stream', ({ prompt, session }) => ({ message: prompt, session_id: session })),
  d5: overHttp('d5', '/api/todos/agent-create/stream', ({ prompt, session }) => {
    return { messages: said(prompt), session_id: session }
  }),
  d6: overHttp('d6', '/v1/chat/completions', ({ prompt, session }) => {
    return { model: 'freshet', messages: said(prompt), conversation_id: session }
  }),
  'd6 streamed': overHttp('d6 streamed', '/v1/chat/completions', ({ prompt, session }) => {
    return { model: 'freshet', messages: said(prompt), conversation_id: session, stream: true }
  }),
  d7: overHttp('d7', '/api/chat', ({ prompt, session }) => {
    chats += 1
    const id = session ?? `chat-of-windows-${chats}`
    return { id, messages: [{ id: `m-${chats}`, role: 'user', parts: [{ type: 'text', text: prompt }] }] }
  }),
}

async function answered(path: string, user: string): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await call(path, { headers: { 'x-user-id': user } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** The same over a socket: waits until it has begun, or was refused. */
export async function overSocket(socket: Socket, { prompt, id = 'none', session }: Asked): Promise<Start> {
  socket.say({ type: 'ai_request', prompt, request_id: id, conversation_id: session })
  const isAnswer = ({ event_type, request_id, metadata }: Socket['all'][number]): boolean =>
    (event_type === 'stream_start' && request_id === id) ||
    (event_type === 'error' && metadata['about_request_id'] === id)
  const answer = (await socket.until((all) => all.some(isAnswer))).find(isAnswer)
  const began = answer?.event_type === 'stream_start'
  return { dialect: 'd1', began, status: 101, headers: new Headers(), text: JSON.stringify(answer) }
}

/** Ends a user's hub, as a crash or a deploy does. */
export async function kill(user: string): Promise<void> {
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub, (_, state) => state.abort('as a deploy does')).catch(() => undefined)
}

/** All that a refused start could have left behind. */
export async function stateOf(user: string) {
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  const { last_seq, rows_written, active_requests } = await hub.debug()
  const report = await hub.refresh()
  const page = await hub.conversations(null, 50)
  const { requests, conversations } = report?.totals ?? {}
  return { last_seq, rows_written, active_requests, totals: { requests, conversations }, page: JSON.stringify(page) }
}

/** Resolves when nothing of the user runs. */
export async function settled(user: string) {
  for (;;) {
    const state = await stateOf(user)
    if (state.active_requests === 0) return state
  }
}
