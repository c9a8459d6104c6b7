import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  aNewUser,
  begun,
  chat,
  chatResponse,
  connected,
  ended,
  headersOf,
  ofType,
  post,
  requestOf,
  textOf,
  turn,
} from './chat-support.ts'
import { call, debug, type Seen, Socket, Stream, seqOf, trigger, wholeLog } from './support.ts'

const QUESTION = 'I sleep five hours a night and my blood pressure is 150 over 95. What should I do?'

/** Neighbouring text made one: how it was cut into pieces says nothing. */
function folded(events: readonly Seen[]): readonly unknown[] {
  const out: { text: string | null; rest: unknown; id: string | null }[] = []
  for (const { id, type, data } of events) {
    const { timestamp: _, content, ...rest } = data
    const last = out.at(-1)
    if (data['type'] !== 'text') out.push({ text: null, rest: [type, data], id })
    else if (last?.text != null) {
      last.text += String(content)
      last.id = id
    } else out.push({ text: String(content), rest, id })
  }
  return out
}

async function starts(user: string): Promise<number> {
  return (await wholeLog(user)).filter(({ type }) => type === 'stream_start').length
}

/** What a user's hub has done so far: events, and calls of providers. */
async function done(user: string): Promise<unknown> {
  const { last_seq } = await debug(user)
  const calls = await runInDurableObject(env.SESSION_HUB.getByName(`user:${user}`), (_, state) =>
    Number(state.storage.sql.exec('SELECT count(*) n FROM ledger').one()['n']),
  )
  return { last_seq, calls }
}

test('[DI5] D3: connected, updates, done; each with an id, over GET and POST alike, and then the stream ends', async () => {
  const user = 'd3'
  const get = await chat(user, { message: 'Hello', agent: 'assistant' })
  await get.over()
  const fetched = await post('/api/chat/message', user, { message: 'Hello', agent: 'assistant' })
  await fetched.over()
  for (const { response, all } of [get, fetched]) {
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(all.map(({ type }) => type).filter((type, i, types) => type !== types[i - 1])).toEqual([
      'connected',
      'message',
      'done',
    ])
    expect(all.every(({ id }) => id !== null)).toBe(true)
    expect(all[0]?.data).toMatchObject({ status: 'connected' })
    expect(all.at(-1)?.data).toEqual({ status: 'complete' })
    expect(all[1]?.data).toEqual({ type: 'text', content: expect.any(String), timestamp: expect.any(String) })
  }
  expect(textOf(get.all)).toBe(textOf(fetched.all))
  expect(requestOf(get)).not.toBe(requestOf(fetched))
})

test('[DI5] the first event leaves with the head of the answer', async () => {
  const response = await chatResponse('d3-head', { message: 'Hello', model: 'paced' })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let piece = 0; piece < 2; piece++) text += (await reader?.read())?.value ?? ''
  expect(text).toMatch(/^retry: 2000\n\nid: \S+-1\nevent: connected\n/)
  await reader?.cancel()
})

test('[DI2][DI4] cut at every event, the resume gives the rest, once, in order; after the end it is 204', async () => {
  const user = 'd3-cuts'
  const whole = await chat(user, { message: QUESTION })
  await whole.over()
  expect(ofType(whole.all, 'specialist_update').length).toBeGreaterThan(3)
  const before = await done(user)
  const last = whole.all.at(-1)
  for (const [i, { id }] of whole.all.entries()) {
    if (id === last?.id) break
    const back =
      i % 2 === 0
        ? await chat(user, { message: QUESTION }, id)
        : await post(`/api/chat/message?last_event_id=${id}`, user, { message: QUESTION })
    await back.over()
    expect(folded([...whole.all.slice(0, i + 1), ...back.all])).toEqual(folded(whole.all))
    expect(back.all.every((event) => seqOf(event.id) > seqOf(id))).toBe(true)
  }
  const over = await chatResponse(user, { message: QUESTION }, last?.id)
  expect([over.status, await over.text()]).toEqual([204, ''])
  expect(await done(user)).toEqual(before)
})

test('[DI2] D3 resumes while the answer is written, cut anywhere, as often as it likes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(6), { minLength: 1, maxLength: 6 }), async (cuts) => {
      const user = aNewUser('d3-live')
      const seen: Seen[] = []
      const fields = { message: `A long one, please, for ${user}`, agent: 'assistant', model: 'paced' }
      for (const cut of cuts) {
        const stream = await chat(user, fields, seen.at(-1)?.id)
        await stream.until((all) => all.length > cut || all.some(({ type }) => type === 'done'))
        seen.push(...stream.all.slice(0, cut + 1))
        stream.close()
        if (seen.at(-1)?.type === 'done') break
      }
      if (seen.at(-1)?.type !== 'done') {
        const rest = await chat(user, fields, seen.at(-1)?.id)
        await rest.over()
        seen.push(...rest.all)
      }
      expect(seen.filter(({ type }) => type === 'connected')).toHaveLength(1)
      expect(seen.filter(({ type }) => type === 'done')).toHaveLength(1)
      const again = await post('/api/chat/message', user, { request_id: requestOf({ all: seen }) })
      await again.over()
      expect(textOf(seen)).toBe(textOf(again.all))
      expect(await starts(user)).toBe(1)
    }),
    { numRuns: 4 },
  )
})

test('[DI2] an EventSource whose page never closes it stops by itself, with one generation', async () => {
  const user = 'event-source'
  const texts: string[] = []
  let cursor: string | null = null
  let opened = 0
  for (; ; opened++) {
    const response: Response = await chatResponse(user, { message: 'Once only', agent: 'assistant' }, cursor)
    if (response.status === 204) break
    const text = await response.text()
    texts.push(text)
    cursor = [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? cursor
  }
  expect(opened).toBe(1)
  expect(texts[0]).toMatch(/^retry: \d+$/m)
  expect(await starts(user)).toBe(1)
})

test('[DI4] a prompt beside a cursor is never run, whatever the cursor is', async () => {
  const user = 'never-run'
  const whole = await chat(user, { message: 'Hello', agent: 'assistant' })
  await whole.over()
  const { epoch } = await debug(user)
  const before = await done(user)
  const end = seqOf(whole.all.at(-1)?.id ?? null)
  const odd = fc.oneof(
    fc.string({ minLength: 1 }).filter((text) => /^[\x21-\x7e]+$/.test(text)),
    fc.nat(end + 3).map((n) => `${epoch}-${n}`),
    fc.constantFrom('0-0', `${epoch}-999999999`, 'nother-5', 'x'.repeat(500), `${epoch}-${end}`),
  )
  await fc.assert(
    fc.asyncProperty(odd, fc.boolean(), async (cursor, inQuery) => {
      const response = inQuery
        ? await chatResponse(user, { message: 'And this?', last_event_id: cursor })
        : await chatResponse(user, { message: 'And this?' }, cursor)
      expect([200, 204]).toContain(response.status)
      await response.text()
      expect(await done(user)).toEqual(before)
    }),
    { numRuns: 40 },
  )
  // Nor does a hub that holds nothing begin to be one.
  const none = await call('/chat/stream', {
    method: 'POST',
    headers: headersOf('never-was', `${epoch}-1`),
    body: JSON.stringify({ message: 'And this?' }),
  })
  expect(none.status).toBe(204)
  const tables = await runInDurableObject(env.SESSION_HUB.getByName('user:never-was'), (_, state) =>
    state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'hub'").toArray(),
  )
  expect(tables).toEqual([])
})

test('[GE11] a retry joins the request that nobody reads any more, and has it whole', async () => {
  const user = 'retry'
  const fields = { message: 'Tell me at length', agent: 'assistant', model: 'paced' }
  const first = await chat(user, fields)
  await first.until((all) => all.length > 2)
  first.close()
  await connected(user, 0)
  const second = await chat(user, fields)
  await second.over()
  expect(requestOf(second)).toBe(requestOf(first))
  expect(second.all.at(-1)?.type).toBe('done')
  expect(textOf(second.all).startsWith(textOf(first.all))).toBe(true)
  expect(await starts(user)).toBe(1)
  // Its end was seen, so the same words are a new question.
  const third = await chat(user, { ...fields, model: 'embedded' })
  await third.over()
  expect(requestOf(third)).not.toBe(requestOf(first))
})

test('[GE11] while a reader is on, after a seen end, and in other words or places, a new one runs', async () => {
  const user = 'no-retry'
  const fields = { message: 'Tell me at length', agent: 'assistant', model: 'paced' }
  const first = await chat(user, fields)
  await first.until((all) => all.length > 2)
  const beside = await chat(user, fields)
  expect(await begun(beside)).not.toBe(requestOf(first))
  await Promise.all([first.over(), beside.over()])
  const cut = await chat(user, fields)
  await cut.until((all) => all.length > 2)
  cut.close()
  await connected(user, 0)
  const others = [
    { ...fields, message: 'Tell me at lengths' },
    { ...fields, session_id: 'another-place' },
    { ...fields, agent: 'health' },
    { ...fields, request_id: 'named-by-me' },
  ]
  const ids = new Set([requestOf(cut)])
  for (const other of others) {
    const stream = await chat(user, other)
    ids.add(await begun(stream))
    stream.close()
  }
  expect(ids.size).toBe(5)
})

test('[GE11] an end that nobody saw is told to who asks again, each time, over D4 as over D3', async () => {
  const user = 'unseen'
  const body = { message: 'Tell me at length', model: 'paced' }
  const first = await turn(user, body)
  await first.until((all) => ofType(all, 'chunk').length > 1)
  first.close()
  await connected(user, 0)
  expect(await ended(user, requestOf(first))).toBe('complete')
  const second = await turn(user, body)
  await second.over()
  expect(second.all[0]?.data).toEqual(first.all[0]?.data)
  expect(textOf(second.all).startsWith(textOf(first.all))).toBe(true)
  // That one may have been cut before its first id, too.
  const third = await turn(user, body)
  await third.over()
  expect(textOf(third.all)).toBe(textOf(second.all))
  // Who has an id of it has it whole, or can have it: the same words are a new question then.
  const id = second.all.findLast((event) => event.id !== null)?.id
  const resumed = await call('/chat/stream', { headers: { ...headersOf(user), 'last-event-id': id ?? '' } })
  await resumed.text()
  const fourth = await turn(user, body)
  expect(await begun(fourth)).not.toBe(requestOf(first))
  fourth.close()
})

test('[GE11] an answer that was over before its reader came was told to it: the same words are a new question', async () => {
  const user = 'at-once'
  const ids = new Set<unknown>()
  for (let i = 0; i < 3; i++) {
    const stream = await turn(user, { message: 'At once', session_id: 'here' })
    await stream.over()
    ids.add(stream.all[0]?.data['request_id'])
  }
  expect(ids.size).toBe(3)
  expect(await starts(user)).toBe(3)
})

test('[GE3] request_id and Idempotency-Key: the same one twice is one generation', async () => {
  const user = 'd3-key'
  const message = 'Only once'
  const a = await chat(user, { message, request_id: 'key-1' })
  await a.over()
  const b = await Stream.open(
    '/api/chat/message',
    { ...headersOf(user), 'idempotency-key': 'key-1' },
    {
      method: 'POST',
      body: JSON.stringify({ message }),
    },
  )
  await b.over()
  expect([requestOf(a), requestOf(b)]).toEqual(['key-1', 'key-1'])
  expect(textOf(a.all)).toBe(textOf(b.all))
  expect(await starts(user)).toBe(1)
  const reused = await chatResponse(user, { message: 'Other words', request_id: 'key-1' })
  expect([reused.status, await reused.json()]).toMatchObject([422, { code: 'request_id_reused' }])
})

test('[DI6] request_id without a message watches that request; an unknown one is a 404', async () => {
  const user = 'd3-watch'
  const stream = await chat(user, { message: 'Watch me', agent: 'assistant', model: 'paced' })
  await stream.until((all) => all.length > 2)
  const id = requestOf(stream)
  const watchers = [
    await chat(user, { request_id: id }),
    await post('/api/chat/message', user, { request_id: id }),
    await turn(user, { request_id: id }),
    await Stream.open(`/chat/stream?request_id=${id}`, headersOf(user)),
  ]
  await Promise.all([stream, ...watchers].map((watcher) => watcher.over()))
  for (const watcher of watchers) expect(textOf(watcher.all)).toBe(textOf(stream.all))
  expect(await starts(user)).toBe(1)
  for (const caller of [user, 'has-nothing', null]) {
    const response = await chatResponse(caller, { request_id: 'never-was-there' })
    expect([caller, response.status, await response.json()]).toMatchObject([caller, 404, { code: 'request_not_found' }])
  }
})

test('[ID2][ID6] a nameless caller finds its hub by request, conversation and cursor, and nobody else does', async () => {
  const first = await chat(null, { message: 'Mine alone', agent: 'assistant' })
  await first.over()
  const id = requestOf(first)
  const again = await chat(null, { request_id: id })
  await again.over()
  expect(textOf(again.all)).toBe(textOf(first.all))
  const rest = await chat(null, { message: 'Mine alone' }, first.all[0]?.id)
  await rest.over()
  expect(textOf(rest.all)).toBe(textOf(first.all))
  // Two nameless callers are not told from each other by their words: each has a hub of its own.
  const other = await chat(null, { message: 'Mine alone', agent: 'assistant' })
  await other.over()
  expect(requestOf(other).slice(0, 33)).not.toBe(id.slice(0, 33))
  const stranger = await chatResponse('stranger', { request_id: id })
  expect(stranger.status).toBe(404)
  // An id of its own making, long enough not to be guessed, leads back too.
  const own = 'my-own-conversation-4711'
  const begun = await chat(null, { message: 'In mine', session_id: own, agent: 'assistant' })
  await begun.over()
  expect((await call(`/sessions/${own}`)).status).toBe(200)
  expect((await call(`/sessions/${own}x`)).status).toBe(404)
  expect((await call(`/sessions/${own}`, { headers: { 'x-user-id': 'stranger' } })).status).toBe(404)
})

test('[ER2] what cannot be asked is a problem with a code that says what to do, and nothing has begun', async () => {
  const user = 'd3-wrong'
  const cases: [Record<string, string>, number, string][] = [
    [{}, 400, 'bad_request'],
    [{ message: ' ' }, 400, 'empty_prompt'],
    [{ message: '' }, 400, 'empty_prompt'],
    [{ message: 'Hi', agent: 'nobody' }, 400, 'unknown_agent'],
    [{ message: 'Hi', session_id: 'a b' }, 400, 'bad_request'],
    [{ message: 'x'.repeat(200_001) }, 413, 'prompt_too_long'],
  ]
  for (const [fields, status, code] of cases) {
    for (const path of ['/api/chat/message', '/chat/stream']) {
      const response = await call(path, { method: 'POST', headers: headersOf(user), body: JSON.stringify(fields) })
      expect([path, response.status]).toEqual([path, status])
      expect(await response.json()).toMatchObject({ code })
    }
    if (code === 'prompt_too_long') continue
    const response = await chatResponse(user, fields)
    expect([response.status, await response.json()]).toMatchObject([status, { code }])
  }
  expect(await (await chatResponse(user, { message: ' ' })).json()).toMatchObject({
    detail: expect.stringContaining('`message`'),
  })
  expect((await debug(user)).last_seq).toBe(0)
})

test('[ER2] HEAD asks for nothing to be done', async () => {
  const user = 'd3-only-head'
  const response = await call('/api/chat/stream?message=Hello', { method: 'HEAD', headers: headersOf(user) })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  expect((await debug(user)).last_seq).toBe(0)
})

test('[ID4][ID5] D3 by CORS: an allowed origin, any header, all headers exposed; a foreign one starts nothing', async () => {
  const origin = 'http://localhost:5173'
  for (const [path, method] of [
    ['/api/chat/stream', 'GET'],
    ['/api/chat/message', 'POST'],
  ] as const) {
    const preflight = await call(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,x-user-id,last-event-id,x-of-mine',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-methods')).toContain(method)
    for (const name of ['content-type', 'x-user-id', 'last-event-id', 'x-of-mine']) {
      expect(preflight.headers.get('access-control-allow-headers')).toContain(name)
    }
    const ask = (from: string) =>
      call(`${path}${method === 'GET' ? '?message=Hello' : ''}`, {
        method,
        headers: { origin: from, 'x-user-id': 'd3-cors' },
        ...(method === 'POST' && { body: '{"message":"Hello"}' }),
      })
    const foreign = await ask('https://evil.example')
    expect([foreign.status, await foreign.json()]).toMatchObject([403, { code: 'origin_not_allowed' }])
    const { last_seq } = await debug('d3-cors')
    expect(last_seq).toBe(method === 'GET' ? 0 : last_seq)
    const response = await ask(origin)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-expose-headers')).toBe('*')
    await response.text()
  }
})

const BEGIN: Record<string, (user: string, id: string) => Promise<unknown>> = {
  async D1(user, id) {
    const socket = await Socket.open(`user_id=${user}&model_preference=paced`)
    socket.say({ type: 'ai_request', prompt: 'For all to see', request_id: id })
    await socket.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  },
  // D2 chooses no provider: the answer is there at once.
  D2: (user, id) => trigger(user, 'For all to see', { request_id: id }),
  async D3(user, request_id) {
    const stream = await chat(user, { message: 'For all to see', request_id, agent: 'assistant', model: 'paced' })
    await stream.until((all) => all.length > 2)
  },
  async D4(user, request_id) {
    const stream = await turn(user, { message: 'For all to see', request_id, model: 'paced' })
    await stream.until((all) => all.length > 3)
  },
}

test.each(Object.keys(BEGIN))('[DI1] a request begun by %s is read whole in D3, D4 and over WebSocket', async (how) => {
  const user = `pair-${how}`
  await BEGIN[how]?.(user, 'pair-1')
  const readers = [
    await chat(user, { request_id: 'pair-1' }),
    await turn(user, { request_id: 'pair-1' }),
    await Stream.open('/chat/stream?request_id=pair-1', headersOf(user)),
  ]
  await Promise.all(readers.map((reader) => reader.over()))
  const log = await wholeLog(user)
  const text = log.flatMap(({ type, data }) => (type === 'chunk' ? [String(data['chunk'])] : [])).join('')
  expect(text.length).toBeGreaterThan(100)
  for (const reader of readers) expect(textOf(reader.all)).toBe(text)
})

test('[DI1] a stream of one dialect is resumed in the other, at every event', async () => {
  const user = 'across'
  const whole = await chat(user, { message: QUESTION })
  await whole.over()
  for (const [i, { id }] of whole.all.slice(0, -1).entries()) {
    const back = await Stream.open('/chat/stream', headersOf(user, id))
    await back.over()
    expect(textOf(whole.all.slice(0, i + 1)) + textOf(back.all)).toBe(textOf(whole.all))
    expect(back.all.at(-1)?.data).toMatchObject({ type: 'complete', status: 'complete' })
  }
})

test('[GE11][CV6] what was cleared is not joined: the same words are a new question', async () => {
  const user = 'cleared-retry'
  const body = { message: 'Tell me at length', model: 'paced', session_id: 'cleared' }
  const first = await turn(user, body)
  const id = await begun(first)
  first.close()
  await connected(user, 0)
  expect(await ended(user, id)).toBe('complete')
  expect((await call('/sessions/cleared/clear', { method: 'POST', headers: headersOf(user) })).status).toBe(200)
  const second = await turn(user, { ...body, model: 'paced' })
  expect(await begun(second)).not.toBe(id)
  second.close()
})

/** The private hub of a stream that nobody named, by the ids that it gave. */
function hubBehind(stream: Stream) {
  const key = /^p[0-9a-f]{32}/.exec(stream.logged.at(-1)?.id ?? '')?.[0]
  return env.SESSION_HUB.getByName(`private:${key ?? ''}`)
}

/** Resolves when it is noticed that everybody has left a hub. */
function left(stream: Stream): Promise<void> {
  const hub = hubBehind(stream)
  return vi.waitFor(async () => expect((await hub.debug()).connections).toBe(0), 5000)
}

function askedBy(client: string, path: string, body: object): Promise<Stream> {
  return Stream.open(path, { 'user-agent': client }, { method: 'POST', body: JSON.stringify(body) })
}

test('[GE11] a retry without a name or an id joins what it repeats, however often, in the hub that it began in; run once', async () => {
  const ask = (client = 'old client 1') =>
    askedBy(client, '/api/chat/message', { message: 'Nameless', agent: 'assistant', model: 'endless' })
  const first = await ask()
  await first.until((all) => all.length > 3)
  const beside = await ask()
  await beside.until((all) => all.length > 1)
  // While the first is read the same words are another's, or a new question.
  expect(requestOf(beside)).not.toBe(requestOf(first))
  first.close()
  await left(first)
  const stranger = await ask('another program')
  await stranger.until((all) => all.length > 1)
  expect(requestOf(stranger)).not.toBe(requestOf(first))
  // More often than starts are remembered: what joins is none.
  for (let i = 0; i < 10; i++) {
    const again = await ask()
    await again.until((all) => all.length > 3)
    expect(requestOf(again)).toBe(requestOf(first))
    expect(textOf(again.all).startsWith(textOf(first.all))).toBe(true)
    again.close()
    await left(again)
  }
  for (const id of [first, beside, stranger].map(requestOf)) {
    expect((await call(`/api/requests/${id}/cancel`, { method: 'POST' })).status).toBe(200)
  }
  await Promise.all([beside, stranger].map((one) => one.over()))
}, 60_000)

test('[GE11][ID2] as many at once with the same words as there are have an answer each, with a name and without', async () => {
  const cases: readonly [string, object][] = [
    ['/api/chat/message', { message: 'All at once', agent: 'assistant', model: 'paced' }],
    ['/chat/stream', { message: 'All at once', model: 'paced' }],
    ['/api/todos/agent-create/stream', { messages: [{ role: 'user', content: 'hello' }], model: 'paced' }],
  ]
  for (const [path, body] of cases) {
    for (const user of [null, 'at-once-with-a-name']) {
      const all = await Promise.all([0, 1, 2, 3].map(() => post(path, user, body)))
      await Promise.all(all.map((stream) => stream.over()))
      expect(new Set(all.map(requestOf)).size).toBe(4)
    }
  }
})

test('[GE11][ID2] a conversation and todos of a nameless caller are found by their ids alone: the same words lead nobody there', async () => {
  const cases: readonly [string, object][] = [
    ['/chat/stream', { message: 'Nameless', model: 'endless' }],
    ['/api/todos/agent-create/stream', { messages: [{ role: 'user', content: 'hello' }], model: 'endless' }],
  ]
  for (const [path, body] of cases) {
    const first = await askedBy('the same client', path, body)
    await first.until((all) => all.length > 3)
    first.close()
    await left(first)
    const second = await askedBy('the same client', path, body)
    await second.until((all) => all.length > 3)
    expect(second.all[0]?.data['session_id']).not.toBe(first.all[0]?.data['session_id'])
    second.close()
    for (const id of [first, second].map(requestOf)) await call(`/api/requests/${id}/cancel`, { method: 'POST' })
  }
})

test('[DI1][ID11] without a name too, what D2 began is read in the others, and what they began in D2', async () => {
  const begunByD2 = await call('/api/sse/trigger-stream?wait=true', { method: 'POST', body: '{"prompt":"Common"}' })
  const { request_id: common } = await begunByD2.json<{ request_id: string }>()
  for (const path of ['/api/chat/stream', '/chat/stream', '/api/todos/agent-create/stream']) {
    const watched = await Stream.open(`${path}?request_id=${common}`)
    await watched.over()
    expect(watched.all.length).toBeGreaterThan(2)
  }
  expect((await call(`/api/chat/${common}/stream`)).status).toBe(200)
  expect((await call(`/v1/chat/completions/${common}`)).status).toBe(200)
  const first = await Stream.open('/chat/stream', {}, { method: 'POST', body: '{"message":"Private"}' })
  await first.over()
  const ops = await Stream.open('/sse/ai-stream', { 'last-event-id': first.logged[0]?.id ?? '' })
  await ops.end()
  expect(ops.logged.at(-1)).toMatchObject({ type: 'stream_complete', data: { request_id: requestOf(first) } })
  ops.close()
})
