import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { textOf } from './owned.ts'
import { bearer, tokenOf } from './tokens.ts'
import { call, openStream } from './witness.ts'

/** How a dialect reads a request, what it says at its token's end, and where the answer's text is in its events. */
interface Kind {
  readonly method?: 'POST'
  path(request: string, chat: string): string
  body?(request: string): object
  /** Its last events, as they are parsed. */
  fault(chat: string): readonly object[]
  textIn(data: Record<string, unknown>): string | null
  /** It begins anew when it is resumed (DI3). */
  readonly fromStart?: true
}

/** A field that is text, where it is there. */
const field = (name: string) => (data: Record<string, unknown>) => {
  const value = data[name]
  return typeof value === 'string' ? value : null
}
const message = expect.stringMatching(/^The token has expired\. .+\.$/)
const code = 'token_expired'
const d3 = {
  fault: () => [{ event: 'error', data: { error: message, code } }],
  textIn: field('content'),
}
const d4 = {
  fault: (session_id: string) => [{ data: { type: 'error', message, session_id, code } }],
  textIn: field('text'),
}
const d5 = {
  fault: () => [{ event: 'error', data: { status: 'error', message, code } }],
  textIn: field('content'),
}
const choices = z.tuple([z.object({ delta: z.object({ content: z.string().optional() }) })])
const todos = '/api/todos/agent-create/stream'

const KINDS: Readonly<Record<string, Kind>> = {
  D2: {
    path: () => '/sse/ai-stream?last_event_id=0-0',
    fault: () => [{ event: 'error', data: { error: message, error_type: code } }],
    textIn: field('chunk'),
  },
  'D3 by GET': { ...d3, path: (request) => `/api/chat/stream?request_id=${request}` },
  'D3 by POST': {
    ...d3,
    method: 'POST',
    path: () => '/api/chat/message',
    body: (request_id) => ({ request_id }),
  },
  'D4 by GET': { ...d4, path: (request) => `/chat/stream?request_id=${request}` },
  'D4 by POST': { ...d4, method: 'POST', path: () => '/chat/stream', body: (request_id) => ({ request_id }) },
  D5: { ...d5, path: (request) => `${todos}?request_id=${request}` },
  'D5 in batches': { ...d5, path: (request) => `${todos}?request_id=${request}&batch=true` },
  D6: {
    path: (request) => `/v1/chat/completions/chatcmpl-${request}?stream=true`,
    // No [DONE]: the answer is not over.
    fault: () => [{ data: { error: { message, type: expect.any(String), param: null, code } } }],
    textIn: (data) => choices.safeParse(data['choices']).data?.[0].delta.content ?? null,
    fromStart: true,
  },
  D7: {
    path: (_, chat) => `/api/chat/${chat}/stream`,
    fault: () => [
      { data: { type: 'text-end', id: 't1' } },
      { data: { type: 'finish-step' } },
      { data: { type: 'error', errorText: message } },
      { data: '[DONE]' },
    ],
    textIn: field('delta'),
    fromStart: true,
  },
}

function eventsOf(text: string): readonly EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  createParser({ onEvent: (event) => events.push(event) }).feed(text)
  return events
}

const record = z.record(z.string(), z.unknown())

function parsed({ data }: EventSourceMessage): unknown {
  return data === '[DONE]' ? data : JSON.parse(data)
}

/** The answer's text in a stream; the one that it begins with is left to who reads a state. */
function answerIn(kind: Kind, events: readonly EventSourceMessage[]): string {
  return events
    .flatMap((event) => {
      const data: unknown = parsed(event)
      // A batch is a list of what would have come alone.
      const all = Array.isArray(data) && event.event === 'batch' ? data.map((one) => record.parse(one)['data']) : [data]
      return all.map((one) => kind.textIn(record.catch({}).parse(one)) ?? '')
    })
    .join('')
}

function open(kind: Kind, request: string, chat: string, token: string, cursor?: string): Promise<Response> {
  return call(kind.path(request, chat), {
    method: kind.method ?? 'GET',
    headers: { ...bearer(token), ...(cursor !== undefined && { 'last-event-id': cursor }) },
    ...(kind.body !== undefined && { body: JSON.stringify(kind.body(request)) }),
  })
}

const conversation = z.object({ messages: z.array(z.object({ content: z.string() })) })

test('[ID10] every dialect’s stream ends with its error at the token’s end, the request goes on, and a new token resumes it', async () => {
  const user = 'streams'
  const chat = 'streams-chat'
  const request = 'streams-1'
  const long = await tokenOf(user)
  const body = JSON.stringify({ message: 'Never ending', session_id: chat, request_id: request, model: 'endless' })
  const begun = Date.now()
  const life = 2
  const short = await tokenOf(user, { life })
  // Who began it has a short token too.
  const first = await call('/chat/stream', { method: 'POST', headers: bearer(short), body })
  const own = textOf(first)
  const kinds = Object.entries(KINDS)
  const cut = await Promise.all(
    kinds.map(async ([name, kind]) => {
      const response = await open(kind, request, chat, short)
      expect({ name, status: response.status }).toEqual({ name, status: 200 })
      return eventsOf(await textOf(response))
    }),
  )
  expect(eventsOf(await own).at(-1)).toMatchObject({ id: undefined, data: expect.stringContaining(code) })
  expect(Date.now() - begun).toBeGreaterThanOrEqual(life * 1000 - 1)
  const asked = await call(`/api/requests/${request}`, { headers: bearer(long) })
  expect(await asked.json()).toMatchObject({ status: 'running' })

  const cursors = cut.map((events, i) => {
    const [name, kind] = kinds[i] ?? []
    const last = events.findLastIndex(({ id }) => id !== undefined)
    expect(last, name).toBeGreaterThanOrEqual(0)
    const fault = kind?.fault(chat) ?? []
    // Nothing but what it says at the end is without an id after the last event, so nothing is passed over.
    const after = events.slice(last + 1).map((event) => ({ ...event, data: parsed(event) }))
    expect({ name, after: after.slice(-fault.length) }).toMatchObject({ name, after: fault })
    expect(after.slice(0, -fault.length).filter(({ event }) => event !== 'heartbeat')).toEqual([])
    return events[last]?.id ?? ''
  })

  const resumed = kinds.map(async ([, kind], i) =>
    eventsOf(
      await textOf(
        await open(kind, request, chat, long, cursors[i]),
        kind === KINDS['D2'] ? /event: stream_complete[\s\S]*\n\n/ : undefined,
      ),
    ),
  )
  // Each has come back before it ends.
  const watcher = await openStream(`/sse/ai-stream?last_event_id=${cursors[0]}`, bearer(long))
  await watcher.until((all) => all.filter(({ type }) => type === 'chunk').length > 5)
  await call(`/api/requests/${request}/cancel`, { method: 'POST', headers: bearer(long) })
  const rest = await Promise.all(resumed)
  await watcher.end()
  watcher.close()
  const read = await call(`/sessions/${chat}`, { headers: bearer(long) })
  const [, answer] = conversation.parse(await read.json()).messages
  const whole = answer?.content ?? ''
  expect(whole.length).toBeGreaterThan(200)
  for (const [i, [name, kind]] of kinds.entries()) {
    const before = kind.fromStart === true ? '' : textBefore(name, kind, cut[i] ?? [])
    const text = `${before}${answerIn(kind, rest[i] ?? [])}`
    expect({ name, text }).toEqual({ name, text: whole })
  }
})

/** D2 began with the present state, which is the first part of its answer. */
function textBefore(name: string, kind: Kind, events: readonly EventSourceMessage[]): string {
  if (name !== 'D2') return answerIn(kind, events)
  const state = events.find(({ event }) => event === 'resync')
  const running = z.object({ running: z.array(z.object({ text: z.string() })) }).parse(JSON.parse(state?.data ?? '{}'))
  return `${running.running[0]?.text ?? ''}${answerIn(kind, events)}`
}

// Comments and heartbeats are further away than a test may take: it is the end itself that is waited for.
test('[ID10] a stream that has nothing to tell ends at its token’s end too, and leaves the hub', async () => {
  const user = 'quiet'
  const life = 1.2
  const from = Date.now()
  const stream = await openStream('/sse/ai-stream', bearer(await tokenOf(user, { life })))
  await stream.over()
  expect(Date.now() - from).toBeGreaterThanOrEqual(life * 1000 - 1)
  expect(stream.all.map(({ type }) => type)).toEqual(['connection', 'error'])
  expect(stream.all.at(-1)).toEqual({ id: null, type: 'error', data: { error: message, error_type: code } })
  const op = bearer(await tokenOf('the-operator', { scope: 'operator' }))
  const connections = async () => {
    const response = await call(`/debug/hub?user_id=${user}`, { headers: op })
    return z.object({ connections: z.int() }).parse(await response.json()).connections
  }
  while ((await connections()) > 0);
})

test('[ID10] who waits for a whole answer, or begins one, is not cut short by its token’s end', async () => {
  const short = await tokenOf('patient', { life: 1 })
  const post = (path: string, body: object) =>
    call(path, { method: 'POST', headers: bearer(short), body: JSON.stringify(body) })
  const from = Date.now()
  const hello = [{ role: 'user', content: 'Hello' }]
  const [completion, triggered] = await Promise.all([
    post('/v1/chat/completions', { model: 'endless', messages: hello, config: { timeout: 1.5 } }),
    post('/api/sse/trigger-stream?wait=true', { prompt: 'Tell me a story', config: { timeout: 1.5 } }),
  ])
  expect(await completion.json()).toMatchObject({ error: { code: 'timeout' } })
  expect(triggered.status).not.toBe(401)
  expect(Date.now() - from).toBeGreaterThan(1400)
})
