import { EventSourceParserStream } from 'eventsource-parser/stream'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { uiStream } from '../../src/edge/schemas/ui-chat.ts'
import { call, debug, Socket, Stream, wholeLog } from './support.ts'

const chunkSchema = z.looseObject({ type: z.string() })
type Chunk = z.output<typeof chunkSchema>

/** One stream of D7, read as it comes. */
class Answer {
  readonly response: Response
  readonly ids: string[] = []
  readonly chunks: Chunk[] = []
  /** True once `[DONE]` has come. */
  done = false
  readonly #events

  private constructor(response: Response) {
    this.response = response
    const text = response.body?.pipeThrough(new TextDecoderStream())
    this.#events = text?.pipeThrough(new EventSourceParserStream()).getReader()
  }

  static async of(answer: Promise<Response>): Promise<Answer> {
    const response = await answer
    if (response.status !== 200) throw new Error(`no stream: ${response.status} ${await response.text()}`)
    return new Answer(response)
  }

  /** Reads on until a chunk of a type has come, or to the end. */
  async until(type: string | null = null): Promise<this> {
    while (type === null || !this.chunks.some((chunk) => chunk.type === type)) {
      const next = await this.#events?.read()
      if (next === undefined || next.done) {
        if (type !== null) throw new Error(`no ${type}: ${JSON.stringify(this.chunks).slice(-600)}`)
        return this
      }
      const { id, data } = next.value
      if (id !== undefined) this.ids.push(id)
      if (data === '[DONE]') this.done = true
      else this.chunks.push(chunkSchema.parse(JSON.parse(data)))
    }
    return this
  }

  async leave(): Promise<void> {
    await this.#events?.cancel()
  }

  get types(): readonly string[] {
    return this.chunks.map(({ type }) => type)
  }

  /** Its text, a blank line between the parts of it. */
  get text(): string {
    const texts = Map.groupBy(
      this.chunks.filter(({ type }) => type === 'text-delta'),
      (chunk) => chunk['id'],
    )
    return [...texts.values()].map((deltas) => deltas.map((chunk) => chunk['delta']).join('')).join('\n\n')
  }

  get requestId(): string {
    return startSchema.parse(this.chunks[0]).messageMetadata.request_id
  }
}

const startSchema = z.object({
  type: z.literal('start'),
  messageId: z.string(),
  messageMetadata: z.object({ request_id: z.string(), conversation_id: z.string() }),
})

const user = (text: string, id = 'm1') => ({ id, role: 'user', parts: [{ type: 'text', text }] })

function post(name: string | null, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const named: Record<string, string> = name === null ? {} : { 'x-user-id': name }
  return call('/api/chat', { method: 'POST', headers: { ...named, ...headers }, body: JSON.stringify(body) })
}

function get(name: string | null, id: string, headers: Record<string, string> = {}): Promise<Response> {
  const named: Record<string, string> = name === null ? {} : { 'x-user-id': name }
  return call(`/api/chat/${id}/stream`, { headers: { ...named, ...headers } })
}

async function stop(name: string | null, id: string): Promise<unknown> {
  const headers: Record<string, string> = name === null ? {} : { 'x-user-id': name }
  const response = await call(`/api/chat/${id}/stream`, { method: 'DELETE', headers })
  expect(response.status).toBe(200)
  return response.json()
}

const whole = async (answer: Promise<Response>) => (await Answer.of(answer)).until()

/** What is kept of a conversation. */
async function kept(name: string | null, id: string): Promise<readonly { role: string; content: string }[]> {
  const headers: Record<string, string> = name === null ? {} : { 'x-user-id': name }
  const response = await call(`/sessions/${id}`, { headers })
  const schema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) })
  return schema.parse(await response.json()).messages
}

/** Begins an answer that does not end by itself. */
async function endless(name: string, conversation_id: string, request_id: string): Promise<Socket> {
  const socket = await Socket.open(`user_id=${name}&model_preference=endless`)
  socket.say({ type: 'ai_request', prompt: `Never ending ${request_id}`, request_id, conversation_id })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  return socket
}

const starts = async (name: string) => (await wholeLog(name)).filter(({ type }) => type === 'stream_start').length

const WHERE = [
  {
    name: 'get_location',
    description: 'Finds the location of the user.',
    inputSchema: { type: 'object', properties: {} },
  },
]

test('[D7][UI1] an answer is a UI message stream, with ids and the headers of the protocol', async () => {
  const answer = await whole(post('ui-plain', { id: 'c1', messages: [user('What is a freshet?')] }))
  const { headers } = answer.response
  expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(headers.get('x-vercel-ai-ui-message-stream')).toBe('v1')
  expect(headers.get('cache-control')).toBe('no-cache, no-transform')
  const { requestId } = answer
  expect(answer.chunks[0]).toEqual({
    type: 'start',
    messageId: requestId,
    messageMetadata: { request_id: requestId, conversation_id: 'c1' },
  })
  expect(answer.types.filter((type) => type !== 'text-delta')).toEqual([
    'start',
    'start-step',
    'text-start',
    'text-end',
    'finish-step',
    'finish',
  ])
  expect(answer.chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'stop' })
  expect(answer.done).toBe(true)
  const { epoch, last_seq } = await debug('ui-plain')
  expect(answer.ids.at(-1)).toBe(`${epoch}-${last_seq}`)
  expect(await kept('ui-plain', 'c1')).toMatchObject([
    { role: 'user', content: 'What is a freshet?' },
    { role: 'assistant', content: answer.text },
  ])
})

test('[D7][DO2] every chunk is as the documentation has it', async () => {
  const events = uiStream.content?.['text/event-stream']?.events ?? {}
  const answers = await Promise.all([
    whole(post('ui-doc-a', { id: 'c1', agent: 'health', message: user('My BMI: I am 180 cm tall and weigh 80 kg.') })),
    whole(post('ui-doc-b', { id: 'c1', tools: WHERE, message: user('What is my location?') })),
  ])
  const socket = await endless('ui-doc-c', 'c1', 'r1')
  const cancelled = await Answer.of(get('ui-doc-c', 'c1'))
  await stop('ui-doc-c', 'c1')
  answers.push(await cancelled.until())
  const chunks = answers.flatMap((answer) => answer.chunks)
  for (const chunk of chunks) {
    const schema = events[chunk.type]
    if (!(schema instanceof z.ZodObject)) throw new Error(`${chunk.type} is not told`)
    expect({ chunk, faults: schema.strict().safeParse(chunk).error?.issues ?? [] }).toEqual({ chunk, faults: [] })
  }
  expect(new Set(chunks.map(({ type }) => type))).toEqual(
    new Set(Object.keys(events).filter((type) => !/error/.test(type))),
  )
  socket.close()
})

test.each<readonly [string, object, number, string]>([
  ['no id', { message: user('Hi') }, 400, 'bad_request'],
  ['an id that is none', { id: 'a b', message: user('Hi') }, 400, 'bad_request'],
  ['no message', { id: 'c1' }, 400, 'bad_request'],
  ['an empty message', { id: 'c1', message: user(' ') }, 400, 'empty_prompt'],
  ['an answer at the end', { id: 'c1', messages: [user('Hi'), { role: 'assistant', parts: [] }] }, 400, 'bad_request'],
  ['an agent that is not there', { id: 'c1', message: user('Hi'), agent: 'nobody' }, 400, 'unknown_agent'],
  ['a name that is none', { id: 'c1', message: user('Hi'), user_id: 'x'.repeat(129) }, 400, 'invalid_user_id'],
])('[D7][ER2] %s is a problem before any stream, and nothing is begun', async (what, body, status, code) => {
  const name = `ui-bad ${what}`
  const response = await post(code === 'invalid_user_id' ? null : name, body)
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(await response.json()).toMatchObject({ status, code, detail: expect.any(String) })
  expect((await debug(name)).last_seq).toBe(0)
})

test('[D7][GE3] the same submit is one generation, while it runs and when it is over', async () => {
  const name = 'ui-twice'
  const body = { id: 'c1', messages: [user('Only once')], trigger: 'submit-message' }
  const [a, b] = await Promise.all([whole(post(name, body)), whole(post(name, body))])
  const again = await whole(post(name, body))
  expect([b.requestId, again.requestId]).toEqual([a.requestId, a.requestId])
  expect([b.text, again.text]).toEqual([a.text, a.text])
  expect(again.types).toEqual(['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish'])
  expect(await starts(name)).toBe(1)
  const byKey = await whole(post(name, { id: 'c1', messages: [user('Two', 'm2')] }, { 'idempotency-key': 'k-1' }))
  const byId = await whole(post(name, { id: 'c1', messages: [user('Two', 'm2')], request_id: 'k-1' }))
  expect([byKey.requestId, byId.requestId]).toEqual(['k-1', 'k-1'])
  const other = await post(name, { id: 'c1', messages: [user('Three', 'm3')], request_id: 'k-1' })
  expect(await other.json()).toMatchObject({ status: 422, code: 'request_id_reused' })
  expect(await starts(name)).toBe(2)
})

test('[D7][DI4] whoever brings a cursor goes on: a message beside it is never run', async () => {
  const name = 'ui-cursor'
  const body = { id: 'c1', messages: [user('Once')] }
  const first = await whole(post(name, body))
  const end = first.ids.at(-1) ?? ''
  const [begin = ''] = first.ids
  const { last_seq } = await debug(name)
  const again = await whole(post(name, body, { 'last-event-id': begin }))
  expect(again.text).toBe(first.text)
  expect(again.types[0]).toBe('start')
  // A cursor that cannot be used is as good as none for a request that is known (DI3).
  expect((await whole(post(name, body, { 'last-event-id': 'n0-7' }))).text).toBe(first.text)
  const fresh = { id: 'c1', messages: [user('Once'), user('Another', 'm2')] }
  // Of a message that is not known it is the cursor that says what is read (UI13).
  expect((await whole(post(name, fresh, { 'last-event-id': begin }))).text).toBe(first.text)
  const regenerate = { ...body, trigger: 'regenerate-message' }
  for (const [said, cursor] of [
    [body, end],
    [fresh, end],
    [fresh, 'nonsense'],
    [regenerate, end],
    [regenerate, '0-0'],
  ] as const) {
    const response = await post(name, said, { 'last-event-id': cursor })
    expect([said, cursor, response.status, await response.text()]).toEqual([said, cursor, 204, ''])
  }
  expect((await debug(name)).last_seq).toBe(last_seq)
})

test('[D7][DI1][DI6] what another protocol began is read by the id of its chat, from its start, and by its own', async () => {
  const name = 'ui-read'
  expect((await get(name, 'c1')).status).toBe(204)
  const socket = await endless(name, 'c1', 'r-1')
  const byChat = await (await Answer.of(get(name, 'c1'))).until('text-delta')
  const byRequest = await (await Answer.of(get(name, 'r-1'))).until('text-delta')
  for (const answer of [byChat, byRequest]) {
    expect(answer.types.slice(0, 3)).toEqual(['start', 'start-step', 'text-start'])
    expect(answer.requestId).toBe('r-1')
  }
  expect((await get(name, 'c2')).status).toBe(204)
  expect((await get('ui-read-other', 'c1')).status).toBe(204)
  expect((await get('ui-read-other', 'r-1')).status).toBe(204)
  socket.say({ type: 'cancel_request', request_id: 'r-1' })
  await Promise.all([byChat.until(), byRequest.until()])
  expect(byChat.types.at(-1)).toBe('abort')
  expect(byChat.text).toBe(byRequest.text)
  // Over: nothing runs in the chat, and the request is still there to be read.
  expect((await get(name, 'c1')).status).toBe(204)
  const over = await whole(get(name, 'r-1'))
  expect([over.text, over.types.at(-1), over.done]).toEqual([byChat.text, 'abort', true])
  const end = over.ids.at(-1) ?? ''
  expect((await get(name, 'r-1', { 'last-event-id': end })).status).toBe(204)
  expect((await get(name, 'c1', { 'last-event-id': end })).status).toBe(204)
  const early = await whole(get(name, 'c1', { 'last-event-id': byChat.ids[0] ?? '' }))
  expect(early.text).toBe(byChat.text)
  socket.close()
})

test('[D7] the newest answer of a chat is the one that is read', async () => {
  const name = 'ui-newest'
  const older = await endless(name, 'c1', 'r-1')
  const newer = await endless(name, 'c1', 'r-2')
  const answer = await (await Answer.of(get(name, 'c1'))).until('start')
  expect(answer.requestId).toBe('r-2')
  await answer.leave()
  expect(await stop(name, 'r-2')).toEqual({ cancelled: ['r-2'] })
  expect((await (await Answer.of(get(name, 'c1'))).until('start')).requestId).toBe('r-1')
  await stop(name, 'c1')
  older.close()
  newer.close()
})

test('[D7] the address of a chat’s stream leaves D3 its own', async () => {
  const name = 'ui-paths'
  const ours = await endless(name, 'stream', 'r-1')
  expect((await (await Answer.of(get(name, 'stream'))).until('start')).requestId).toBe('r-1')
  const theirs = await call('/api/chat/stream', { headers: { 'x-user-id': name } })
  expect(theirs.headers.get('x-vercel-ai-ui-message-stream')).toBeNull()
  expect(theirs.status).not.toBe(204)
  await stop(name, 'stream')
  ours.close()
})

test('[D7][GE4] stop ends all that runs in the chat, for everyone, and nothing else', async () => {
  const name = 'ui-stop'
  const sockets = [await endless(name, 'c1', 'r-1'), await endless(name, 'c1', 'r-2'), await endless(name, 'c2', 'r-3')]
  const watcher = await (await Answer.of(get(name, 'c1'))).until('text-delta')
  expect(await stop(name, 'c1')).toEqual({ cancelled: ['r-1', 'r-2'] })
  await watcher.until()
  expect(watcher.types.slice(-3)).toEqual(['text-end', 'finish-step', 'abort'])
  expect(watcher.done).toBe(true)
  expect(await stop(name, 'c1')).toEqual({ cancelled: [] })
  expect(await stop('ui-stop-other', 'c2')).toEqual({ cancelled: [] })
  const other = await (await Answer.of(get(name, 'c2'))).until('start')
  expect(other.requestId).toBe('r-3')
  expect(await stop(name, 'r-3')).toEqual({ cancelled: ['r-3'] })
  expect(await stop(name, 'r-3')).toEqual({ cancelled: [] })
  await other.until()
  // The text so far is kept.
  const messages = await kept(name, 'c2')
  expect(messages.map(({ content }) => content)).toEqual(['Never ending r-3', other.text])
  expect(other.text).not.toBe('')
  for (const socket of sockets) socket.close()
})

test('[D7][CV7] a new answer takes the place of the old one; an edited message also of what came after it', async () => {
  const name = 'ui-anew'
  const asked = { id: 'c1', messages: [user('First')] }
  const first = await whole(post(name, asked))
  const second = await whole(post(name, { ...asked, trigger: 'regenerate-message' }))
  expect(second.requestId).not.toBe(first.requestId)
  expect(await kept(name, 'c1')).toHaveLength(2)
  const answer = { id: second.requestId, role: 'assistant', parts: [{ type: 'text', text: second.text }] }
  const third = await whole(post(name, { id: 'c1', messages: [user('First'), answer, user('Second', 'm2')] }))
  expect((await kept(name, 'c1')).map(({ content }) => content)).toEqual(['First', second.text, 'Second', third.text])
  const edited = await whole(post(name, { id: 'c1', messages: [user('Other')] }))
  expect(edited.requestId).not.toBe(first.requestId)
  expect((await kept(name, 'c1')).map(({ content }) => content)).toEqual(['Other', edited.text])
})

test('[D7][CV7][AG5] an answer that goes on after tools of the client keeps its texts, as one message', async () => {
  const name = 'ui-tools'
  const asked = user('What is my location?')
  const rounds: Answer[] = []
  const parts: object[] = []
  for (const place of [null, 'Zürich']) {
    if (place !== null) parts.push(called(rounds[0], { city: place }))
    const said = { id: rounds[0]?.requestId, role: 'assistant', parts }
    const messages = place === null ? [asked] : [asked, said]
    const round = await whole(post(name, { id: 'c1', messages, tools: WHERE }))
    parts.push({ type: 'step-start' }, { type: 'text', text: round.text })
    rounds.push(round)
  }
  const [first, second] = rounds
  if (first === undefined || second === undefined) throw new Error('no rounds')
  expect(first.chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'tool-calls' })
  expect(first.chunks.find(({ type }) => type === 'tool-input-available')).toMatchObject({ toolName: 'get_location' })
  expect(second.chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'stop' })
  expect(second.chunks[0]).toMatchObject({
    messageId: first.requestId,
    messageMetadata: { request_id: second.requestId },
  })
  expect(second.requestId).not.toBe(first.requestId)
  expect(second.text).toContain('Zürich')
  expect(first.text).not.toBe('')
  expect(await kept(name, 'c1')).toMatchObject([
    { role: 'user', content: 'What is my location?' },
    { role: 'assistant', content: `${first.text}\n\n${second.text}` },
  ])
  // Sent again, the results run nothing.
  const said = { id: first.requestId, role: 'assistant', parts: parts.slice(0, 3) }
  const again = await whole(post(name, { id: 'c1', messages: [asked, said], tools: WHERE }))
  expect(again.requestId).toBe(second.requestId)
  expect(await starts(name)).toBe(2)
})

/** The part of a call that has its result. */
function called(round: Answer | undefined, output: unknown): object {
  const { toolCallId, input } = callSchema.parse(round?.chunks.find(({ type }) => type === 'tool-input-available'))
  return { type: 'tool-get_location', toolCallId, input, state: 'output-available', output }
}
const callSchema = z.object({ toolCallId: z.string(), input: z.json() })

test('[D7][CV3] a message by itself is answered with what is kept of the chat', async () => {
  const name = 'ui-alone'
  await whole(post(name, { id: 'c1', message: user('One') }))
  await whole(post(name, { id: 'c1', message: user('Two', 'm2') }))
  await whole(post(name, { id: 'c1', messages: [user('Three', 'm3')] }))
  const given = (await wholeLog(name)).flatMap(({ type, data }) =>
    type === 'stream_start' ? [data['context_messages']] : [],
  )
  expect(given).toEqual([0, 2, 4])
})

test('[D7][ID6] a nameless chat is found again by its id, and by that of its request, by nobody else', async () => {
  const id = 'Xb4Tq9LmZ2kVw7Rd'
  const first = await whole(post(null, { id, messages: [user('Who am I?')] }))
  const { requestId } = first
  const again = await whole(post(null, { id, messages: [user('Who am I?')] }))
  expect([again.requestId, again.text]).toEqual([requestId, first.text])
  expect((await kept(null, id)).map(({ content }) => content)).toEqual(['Who am I?', first.text])
  // The request's own id leads to its hub too, so that it can be read and cancelled by it.
  expect((await whole(get(null, requestId))).text).toBe(first.text)
  const cancelled = await call(`/api/requests/${requestId}/cancel`, { method: 'POST' })
  expect(await cancelled.json()).toEqual({ request_id: requestId, status: 'complete' })
  const cursor = first.ids.at(-1) ?? ''
  expect((await get(null, 'whatever', { 'last-event-id': cursor })).status).toBe(204)
  expect((await get(null, 'Xb4Tq9LmZ2kVw7Re')).status).toBe(204)
  expect((await get('somebody', id)).status).toBe(204)
  expect((await get('somebody', requestId)).status).toBe(204)
  expect((await call('/sessions/Xb4Tq9LmZ2kVw7Re')).status).toBe(404)
})

test('[D7][ID6] a nameless chat is found by its own id, however short; so are its requests', async () => {
  const body = { id: 'c1', messages: [user('Who am I?')] }
  const [one, two] = await Promise.all([whole(post(null, body)), whole(post(null, body))])
  // The same message of the same chat is one generation (UI9).
  expect(one.requestId).toBe(two.requestId)
  expect((await get(null, 'c1')).status).toBe(204)
  expect((await get(null, 'c2')).status).toBe(204)
  expect((await whole(get(null, one.requestId))).text).toBe(one.text)
  // So does the id of any of its events.
  const early = await whole(get(null, 'c2', { 'last-event-id': one.ids[0] ?? '' }))
  expect([early.requestId, early.text]).toEqual([one.requestId, one.text])
  const again = await whole(post(null, { ...body, request_id: two.requestId }))
  expect([again.requestId, again.text]).toEqual([two.requestId, two.text])
})

test('[UI13] a POST with the cursor of another dialect’s answer has that answer, whatever is in its body', async () => {
  const stream = await Stream.open(
    '/chat/stream',
    { 'x-user-id': 'ui-cursor-d4' },
    { method: 'POST', body: '{"message":"Hello"}' },
  )
  await stream.over()
  const cursor = stream.logged[0]?.id ?? ''
  for (const message of [user('Something else'), { id: 'm-9', role: 'user', parts: [] }]) {
    const answer = await whole(post('ui-cursor-d4', { id: 'c-9', messages: [message] }, { 'last-event-id': cursor }))
    expect(answer.requestId).toBe(stream.all[0]?.data['request_id'])
    expect(answer.text).toMatch(/\w/)
  }
  expect(await starts('ui-cursor-d4')).toBe(1)
})

test('[D7][ID4] a page of another origin can neither ask nor read', async () => {
  const origin = 'https://elsewhere.example'
  const asked = await post('ui-origin', { id: 'c1', message: user('Hi') }, { origin })
  expect(await asked.json()).toMatchObject({ status: 403, code: 'origin_not_allowed' })
  expect((await get('ui-origin', 'c1', { origin })).status).toBe(403)
  expect((await debug('ui-origin')).last_seq).toBe(0)
})
