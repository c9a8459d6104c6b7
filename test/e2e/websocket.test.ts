import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { getJson, hubFacts } from '../support/client-http.ts'
import { polled } from '../support/client-inbox.ts'
import { SseClient } from '../support/client-sse.ts'
import { type Envelope, WsClient } from '../support/client-ws.ts'
import { embedded, type Server, startServer } from '../support/server.ts'

/** D1 over a plain WebSocket, as the old Python service's clients speak it. */
let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: {
      PROVIDERS: embedded({
        main: 'tokens_per_second=100&tokens=240&first_token_ms=50',
        short: 'tokens_per_second=200&tokens=40&first_token_ms=20',
        slow: 'tokens_per_second=40&tokens=4000&first_token_ms=20',
      }),
      MAX_CONNECTIONS_PER_USER: '3',
    },
  })
})
afterAll(() => server.stop())

const address = (query: string) => `${server.url}/ws/ai-stream?${query}`
const typeIs = (type: string) => (event: Envelope) => event.event_type === type

const envelopeSchema = z.object({
  id: z.string().nullable(),
  event_type: z.string(),
  data: z.record(z.string(), z.unknown()),
  timestamp: z.number().refine((seconds) => Math.abs(seconds - Date.now() / 1000) < 60, 'is not seconds'),
  request_id: z.string().nullable(),
  session_id: z.string().min(1),
  metadata: z.record(z.string(), z.unknown()),
})

/** `data` of every event, as the contract's table has it. */
const DATA: Readonly<Record<string, z.ZodType>> = {
  connection_status: z.object({ status: z.literal('connected'), session_id: z.string() }),
  stream_start: z.object({ request_id: z.string(), prompt_length: z.number(), estimated_duration: z.number() }),
  typing_indicator: z.object({ is_typing: z.boolean() }),
  metadata: z.object({ task_type: z.string(), recommended_provider: z.string(), routing_strategy: z.string() }),
  chunk: z.object({ chunk: z.string().min(1), chunk_number: z.int().min(1), accumulated_length: z.int() }),
  token: z.object({ chunk: z.string().min(1), chunk_number: z.int().min(1), accumulated_length: z.int() }),
  progress: z.object({ progress: z.number().min(0).max(100), chunks_sent: z.int() }),
  stream_end: z.object({
    request_id: z.string(),
    total_chunks: z.int(),
    total_length: z.int(),
    duration: z.number(),
    provider_used: z.string(),
    cache_hit: z.boolean(),
  }),
  error: z.object({ error: z.string().min(10), error_type: z.string(), request_id: z.string().nullable() }),
}
const cancelledSchema = z.object({ request_id: z.string(), status: z.literal('cancelled'), reason: z.string() })

function checkShape(event: Envelope): void {
  envelopeSchema.parse(event)
  const cancelled = event.event_type === 'stream_end' && 'status' in event.data
  ;(cancelled ? cancelledSchema : DATA[event.event_type])?.parse(event.data)
  expect(Object.keys(DATA)).toContain(event.event_type)
}

describe.concurrent('an old client', () => {
  it('[D1] sees the exact sequence of an answer, with every field', async () => {
    const client = await WsClient.open(address('user_id=sequence&language=de'))
    const prompt = 'Explain how a tide table is made, in some detail and with an example.'
    client.send({ type: 'ai_request', prompt, config: { routing_strategy: 'cost_optimized', timeout: 20 } })
    const end = await client.until(typeIs('stream_end'))
    client.cut()

    client.events.forEach(checkShape)
    const [status, start, typing, metadata, ...rest] = client.events
    const session = status?.session_id
    expect(status).toMatchObject({ event_type: 'connection_status', id: null, request_id: null })
    expect(status?.data).toMatchObject({ status: 'connected', session_id: session })
    expect(new Set(client.events.map((event) => event.session_id))).toEqual(new Set([session]))
    expect(start?.data).toMatchObject({
      request_id: start?.request_id,
      prompt_length: prompt.length,
      estimated_duration: Math.max(2, prompt.length / 50),
    })
    expect(typing).toMatchObject({ event_type: 'typing_indicator', data: { is_typing: true }, id: null })
    expect(metadata?.data).toMatchObject({ recommended_provider: 'main', routing_strategy: 'cost_optimized' })
    const request = start?.request_id
    expect(new Set(client.events.slice(1).map((event) => event.request_id))).toEqual(new Set([request]))

    const chunks = rest.filter(typeIs('chunk'))
    const expected = chunks.flatMap((_, i) => ((i + 1) % 10 === 0 ? ['chunk', 'progress'] : ['chunk']))
    expect(rest.map((event) => event.event_type)).toEqual([...expected, 'typing_indicator', 'stream_end'])
    expect(rest.at(-2)?.data).toEqual({ is_typing: false })
    expect(chunks.length).toBeGreaterThan(10)
    let length = 0
    for (const [i, { data }] of chunks.entries()) {
      length += String(data['chunk']).length
      expect(data).toMatchObject({ chunk_number: i + 1, accumulated_length: length })
    }
    const progress = rest.filter(typeIs('progress')).map(({ data }) => data)
    expect(progress.map((data) => data['chunks_sent'])).toEqual(progress.map((_, i) => (i + 1) * 10))
    const risen = progress.map((data) => Number(data['progress']))
    expect(risen).toEqual(risen.toSorted((a, b) => a - b))
    expect(end.data).toMatchObject({
      request_id: request,
      total_chunks: chunks.length,
      total_length: length,
      provider_used: 'main',
      cache_hit: false,
    })
    expect(end.data['duration']).toBeGreaterThan(1.5)
    expect(end.data['duration']).toBeLessThan(10)

    const ids = client.events.flatMap(({ id }) => (id === null ? [] : [Number(id.split('-')[1])]))
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    for (const type of ['stream_start', 'metadata', 'chunk', 'progress', 'stream_end']) {
      expect(client.events.filter(typeIs(type)).every(({ id }) => id !== null)).toBe(true)
    }
  })

  it('[D1] gets `token` instead of `chunk` when it asks for that granularity', async () => {
    const client = await WsClient.open(address('user_id=tokens&model_preference=short'))
    client.send({ type: 'ai_request', prompt: 'word by word', stream_config: { granularity: 'token' } })
    const end = await client.until(typeIs('stream_end'))
    client.cut()
    client.events.forEach(checkShape)
    expect(client.events.filter(typeIs('chunk'))).toEqual([])
    expect(client.events.filter(typeIs('token'))).toHaveLength(40)
    expect(end.data).toMatchObject({ total_chunks: 40, provider_used: 'short' })
  })

  it('[D1][GE4] a cancel in the middle ends the stream at once, and nothing follows', async () => {
    const client = await WsClient.open(address('user_id=cancel&model_preference=slow'))
    client.send({ type: 'ai_request', prompt: 'never mind', request_id: 'doomed' })
    await client.until(({ data }) => data['chunk_number'] === 5)
    const asked = Date.now()
    client.send({ type: 'cancel_request', request_id: 'doomed' })
    const end = await client.until(typeIs('stream_end'))
    expect(Date.now() - asked).toBeLessThan(500)
    checkShape(end)
    expect(end.data).toMatchObject({ request_id: 'doomed', status: 'cancelled' })
    expect(client.events.at(-2)).toMatchObject({ event_type: 'typing_indicator', data: { is_typing: false } })
    const text = client.events.filter(typeIs('chunk')).map(({ data }) => data['chunk'])
    expect(text.join('').length).toBe(end.data['total_length'])

    // Another request that runs to some length shows that the first one has fallen silent.
    const from = client.events.length
    client.send({ type: 'ai_request', prompt: 'another', request_id: 'alive' })
    await client.until(({ request_id, data }) => request_id === 'alive' && data['chunk_number'] === 8)
    expect(client.events.slice(from).filter(({ request_id }) => request_id !== 'alive')).toEqual([])
    // [GE5] Ended is ended: the second cancel says nothing and changes nothing.
    client.send({ type: 'cancel_request', request_id: 'doomed' })
    client.send({ type: 'cancel_request', request_id: 'alive' })
    await client.until(({ request_id, event_type }) => request_id === 'alive' && event_type === 'stream_end')
    expect(client.events.filter(typeIs('stream_end'))).toHaveLength(2)
    expect((await getJson(`${server.url}/api/requests/doomed?user_id=cancel`)).body).toMatchObject({
      status: 'cancelled',
    })
    client.cut()
  })

  it('[D1][CM2] ping is answered bare, with the timestamp as it came', async () => {
    const client = await WsClient.open(address('user_id=ping'))
    for (const timestamp of [1_700_000_000.25, '2026-11-20T10:00:00Z', null]) client.send({ type: 'ping', timestamp })
    client.send({ type: 'ping' })
    client.send('ping')
    await client.bare.until(({ text }) => text === 'pong')
    client.cut()
    const pongs = client.bare.items.slice(0, -1)
    expect(pongs.map((pong) => Object.keys(pong).toSorted())).toEqual(
      Array(4).fill(['server_time', 'timestamp', 'type']),
    )
    expect(pongs.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000.25, '2026-11-20T10:00:00Z', null, null])
    for (const { type, server_time } of pongs) {
      expect(type).toBe('pong')
      expect(Math.abs(Number(server_time) - Date.now() / 1000)).toBeLessThan(10)
    }
  })

  it('[D1][CM1] what makes no sense gets an error with a code, and changes nothing', async () => {
    const client = await WsClient.open(address('user_id=nonsense'))
    const before = await hubFacts(server.url, 'nonsense')
    const nonsense: [unknown, string, string | null][] = [
      [{ type: 'ai_request', prompt: '' }, 'empty_prompt', null],
      [{ type: 'ai_request', prompt: ' \n\t ', request_id: 'about-me' }, 'empty_prompt', 'about-me'],
      ['{"type":"ai_request"', 'bad_json', null],
      ['', 'bad_json', null],
      ['null', 'bad_request', null],
      ['[]', 'bad_request', null],
      [{ type: 'make_coffee' }, 'unknown_type', null],
      [{ type: '__proto__' }, 'unknown_type', null],
      [{ type: 'constructor' }, 'unknown_type', null],
      [{ prompt: 'no type' }, 'bad_request', null],
      [{ type: 'ai_request' }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 7 }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 'x', config: { timeout: 'soon' } }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 'x', config: { timeout: -1 } }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 'x', config: { routing_strategy: 'luck' } }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 'x', stream_config: { granularity: 'letter' } }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 'x', request_id: 'with space' }, 'bad_request', null],
      [{ type: 'ai_request', prompt: 'x'.repeat(200_001) }, 'prompt_too_long', null],
      [{ type: 'cancel_request' }, 'bad_request', null],
      [{ type: 'cancel_request', request_id: 'nobody-knows-it' }, 'request_not_found', 'nobody-knows-it'],
      [{ type: 'update_preferences', preferences: 'dark' }, 'bad_request', null],
    ]
    for (const [frame] of nonsense) client.send(frame)
    client.socket.send(Buffer.from([1, 2, 3]))
    await client.until(() => client.events.length === nonsense.length + 2)
    const errors = client.events.slice(1)
    errors.forEach(checkShape)
    expect(errors.map(({ event_type, id, request_id }) => ({ event_type, id, request_id }))).toEqual(
      Array(errors.length).fill({ event_type: 'error', id: null, request_id: null }),
    )
    expect(errors.map(({ data }) => data['error_type'])).toEqual([...nonsense.map(([, code]) => code), 'bad_request'])
    expect(errors.slice(0, -1).map(({ metadata }) => metadata['about_request_id'] ?? null)).toEqual(
      nonsense.map(([, , about]) => about),
    )
    const after = await hubFacts(server.url, 'nonsense')
    expect({ last: after.last_seq, rows: after.rows_written }).toEqual({
      last: before.last_seq,
      rows: before.rows_written,
    })
    // And the connection still serves.
    client.send({ type: 'ping', timestamp: 1 })
    await client.bare.until(({ type }) => type === 'pong')
    client.cut()
  })

  it('[D1][CM3] update_preferences merges, and a preference chooses the model', async () => {
    const client = await WsClient.open(address('user_id=prefers'))
    client.send({ type: 'update_preferences', preferences: { model_preference: 'slow', theme: 'dark' } })
    client.send({ type: 'update_preferences', preferences: { model_preference: 'short', theme: null, size: 2 } })
    const isStatus = typeIs('connection_status')
    await client.until(() => client.events.filter(isStatus).length === 3)
    const last = client.events.filter(isStatus).at(-1)
    expect(last?.data['preferences']).toEqual({ language: 'en', model_preference: 'short', size: 2 })
    client.send({ type: 'ai_request', prompt: 'who are you?' })
    expect((await client.until(typeIs('stream_end'))).data['provider_used']).toBe('short')
    client.cut()
  })

  it('[D1] serves two requests at a time on one connection, each whole', async () => {
    const client = await WsClient.open(address('user_id=two&model_preference=short'))
    client.send({ type: 'ai_request', prompt: 'the first', request_id: 'one' })
    client.send({ type: 'ai_request', prompt: 'the second', request_id: 'two' })
    const endOf = (id: string) => (event: Envelope) => event.event_type === 'stream_end' && event.request_id === id
    const ends = await Promise.all([client.until(endOf('one')), client.until(endOf('two'))])
    client.cut()
    const starts = client.events.filter(typeIs('stream_start')).map(({ request_id }) => request_id)
    expect(starts).toEqual(['one', 'two'])
    const firstEnd = client.events.findIndex(typeIs('stream_end'))
    const before = client.events.slice(0, firstEnd).filter(typeIs('chunk'))
    expect(new Set(before.map(({ request_id }) => request_id))).toEqual(new Set(['one', 'two']))
    for (const end of ends) {
      const own = client.events.filter(({ request_id }) => request_id === end.request_id)
      const numbers = own.filter(typeIs('chunk')).map(({ data }) => data['chunk_number'])
      expect(numbers).toEqual(numbers.map((_, i) => i + 1))
      expect(own.at(-1)).toBe(end)
      expect(end.data['total_chunks']).toBe(numbers.length)
    }
  })

  it('[D1][GE3] the same request_id twice is one generation, another prompt under it is refused', async () => {
    const client = await WsClient.open(address('user_id=again&model_preference=short'))
    const request = { type: 'ai_request', prompt: 'only once', request_id: 'same' }
    client.send(request)
    client.send(request)
    const end = await client.until(typeIs('stream_end'))
    client.send(request)
    client.send({ ...request, prompt: 'something else' })
    const error = await client.until(typeIs('error'))
    expect(error).toMatchObject({ request_id: null, data: { error_type: 'request_id_reused' } })
    expect(client.events.filter(typeIs('stream_start'))).toHaveLength(1)
    expect(client.events.filter(typeIs('stream_end'))).toHaveLength(1)
    const text = client.events.filter(typeIs('chunk')).map(({ data }) => data['chunk'])

    // A connection that has not seen it is shown it, without ids.
    const other = await WsClient.open(address('user_id=again'))
    other.send(request)
    const shown = await other.until(typeIs('stream_end'))
    const own = other.events.filter(({ request_id }) => request_id === 'same')
    expect(own.map(({ event_type }) => event_type)).toEqual(['stream_start', 'chunk', 'stream_end'])
    expect(own.every(({ id, metadata }) => id === null && metadata['snapshot'] === true)).toBe(true)
    expect(own[1]?.data['chunk']).toBe(text.join(''))
    expect(shown.data).toEqual(end.data)
    client.cut()
    other.cut()
  })

  it('[D1] beyond MAX_CONNECTIONS_PER_USER a socket is closed with 4429, a stream is a 429', async () => {
    const query = 'user_id=crowd'
    const sse = await SseClient.open(`${server.url}/sse/ai-stream?${query}`)
    const first = await WsClient.open(address(query))
    const second = await WsClient.open(address(query))
    const third = new WsClient(address(query))
    expect(await third.inbox.end).toMatch(/^4429 .*3 connections/)
    expect(third.events).toEqual([])
    const refused = await getJson(`${server.url}/sse/ai-stream?${query}`)
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_connections', status: 429 } })
    expect(refused.type).toMatch(/^application\/problem\+json/)

    // Another user is not in the crowd, and a place that is left is free again.
    const elsewhere = await WsClient.open(address('user_id=alone'))
    first.socket.close(1000)
    await first.inbox.end
    await polled(
      () => hubFacts(server.url, 'crowd'),
      ({ connections }) => connections === 2,
      5000,
    )
    const fourth = await WsClient.open(address(query))
    for (const client of [sse, second, fourth, elsewhere]) client.cut()
  })

  it('[D1] echoes the subprotocol freshet.v1 only, and answers plain HTTP with 426', async () => {
    const client = new WsClient(address('user_id=protocol'), ['freshet.v1', 'bearer.x'])
    await client.until(typeIs('connection_status'))
    expect(client.socket.protocol).toBe('freshet.v1')
    client.cut()
    const plain = await getJson(address('user_id=protocol'))
    expect(plain).toMatchObject({ status: 426, body: { code: 'upgrade_required' } })
  })

  it('[ID2] a nameless caller has a hub of its own, and its cursor leads back to it', async () => {
    const client = await WsClient.open(address('model_preference=short'))
    const stranger = await WsClient.open(address('model_preference=short'))
    client.send({ type: 'ai_request', prompt: 'who am I?' })
    const end = await client.until(typeIs('stream_end'))
    const cursor = client.events.find(typeIs('stream_start'))?.id
    client.cut()
    const back = await WsClient.open(address(`last_event_id=${cursor}`))
    const again = await back.until(typeIs('stream_end'))
    expect({ id: again.id, data: again.data }).toEqual({ id: end.id, data: end.data })
    expect(stranger.events.map(({ event_type }) => event_type)).toEqual(['connection_status'])
    back.cut()
    stranger.cut()
  })
})
