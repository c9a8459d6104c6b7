import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { getJson, hubFacts, postJson, trigger } from '../support/client-http.ts'
import { polled } from '../support/client-inbox.ts'
import { SseClient, type SseEvent } from '../support/client-sse.ts'
import { WsClient } from '../support/client-ws.ts'
import { embedded, type Server, startServer } from '../support/server.ts'

/** D2 over plain HTTP, as the old pages and scripts speak it. */
let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: { PROVIDERS: embedded({ main: 'tokens_per_second=100&tokens=120&first_token_ms=50' }), SSE_HEARTBEAT_S: '1' },
  })
})
afterAll(() => server.stop())

const CHANNELS = [
  'ai_response',
  'progress_update',
  'system_status',
  'provider_health',
  'cache_stats',
  'cost_update',
  'error_alert',
  'custom_event',
]
const stream = (query: string, headers?: Record<string, string>) =>
  SseClient.open(`${server.url}/sse/ai-stream?${query}`, headers)
const named = (name: string) => (event: SseEvent) => event.event === name
const start = (body: Record<string, unknown>) => trigger(server.url, body)

describe.concurrent('the event stream', () => {
  it('[D2] an answer is the sequence of the contract, with every field', async () => {
    const client = await stream('user_id=sequence')
    const prompt = 'What moves the tide?'
    const request = await start({ prompt, user_id: 'sequence' })
    const end = await client.until(named('stream_complete'))
    await client.until(named('heartbeat'))
    client.cut()

    const { headers } = client.response
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')

    const [connection, first, ...rest] = client.events
    expect(connection?.event).toBe('connection')
    expect(connection?.data).toMatchObject({ subscriptions: ['ai_response', 'progress_update'] })
    expect(connection?.data['client_id']).toEqual(expect.any(String))
    expect(Math.abs(Number(connection?.data['connected_at']) - Date.now() / 1000)).toBeLessThan(60)
    const client_id = connection?.data['client_id']
    expect(first).toMatchObject({
      event: 'stream_start',
      data: { request_id: request, prompt_length: prompt.length, client_id },
    })
    const chunks = rest.filter(named('chunk'))
    expect(chunks.length).toBeGreaterThan(9)
    const between = chunks.flatMap((_, i) => ((i + 1) % 5 === 0 ? ['chunk', 'progress'] : ['chunk']))
    expect(rest.map(({ event }) => event)).toEqual([...between, 'stream_complete', 'heartbeat'])
    let length = 0
    for (const [i, { data }] of chunks.entries()) {
      length += String(data['chunk']).length
      expect(data).toMatchObject({ request_id: request, chunk_number: i + 1, accumulated_length: length, client_id })
    }
    const progress = rest.filter(named('progress'))
    for (const [i, { data }] of progress.entries()) {
      expect(data).toMatchObject({ request_id: request, chunks_sent: (i + 1) * 5, client_id })
      expect(data['progress']).toBeGreaterThanOrEqual(Number(progress[i - 1]?.data['progress'] ?? 0))
    }
    expect(end.data).toMatchObject({
      request_id: request,
      total_chunks: chunks.length,
      total_length: length,
      client_id,
    })
    expect(rest.at(-1)?.data).toEqual({ timestamp: expect.any(Number) })
    expect(rest.at(-1)?.id).toBeNull()
    const ids = [connection, first, ...rest.slice(0, -1)].map((event) => Number(event?.id?.split('-')[1]))
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
  })

  it('[D2] subscriptions narrow what comes; error_alert alone gets the failures only', async () => {
    const text = await stream('user_id=narrow&subscriptions=ai_response')
    const progress = await stream('user_id=narrow&subscriptions=progress_update')
    const alerts = await stream('user_id=narrow&subscriptions=error_alert,%20cost_update')
    expect(
      alerts.events[0]?.data['subscriptions'] ?? (await alerts.until(named('connection'))).data['subscriptions'],
    ).toEqual(['error_alert', 'cost_update'])
    await start({ prompt: 'narrow', user_id: 'narrow' })
    await text.until(named('stream_complete'))
    await start({ prompt: 'too slow', user_id: 'narrow', config: { timeout: 0.3 } })
    const error = await alerts.until(named('stream_error'))
    await text.until(named('stream_error'))
    expect(error.data).toMatchObject({
      error_type: 'timeout',
      request_id: expect.any(String),
      client_id: expect.any(String),
    })
    const kinds = ({ events }: SseClient) => [
      ...new Set(events.map(({ event }) => event).filter((e) => e !== 'heartbeat')),
    ]
    expect(kinds(text)).toEqual(['connection', 'stream_start', 'chunk', 'stream_complete', 'stream_error'])
    expect(kinds(progress)).toEqual(['connection', 'progress'])
    expect(kinds(alerts)).toEqual(['connection', 'cost_update', 'stream_error'])
    for (const client of [text, progress, alerts]) client.cut()
  })

  it('[D2] an unknown channel is a problem that names all eight', async () => {
    for (const subscriptions of ['ai_response,gossip', 'gossip', ',', '']) {
      const { status, type, body } = await getJson(`${server.url}/sse/ai-stream?subscriptions=${subscriptions}`)
      expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'unknown_channel' })
      expect(type).toMatch(/^application\/problem\+json/)
      expect(body).toMatchObject({ type: 'about:blank', title: expect.any(String), status: 400 })
      for (const channel of CHANNELS) expect(body['detail']).toContain(channel)
    }
  })

  it('[D2][FL4] client_id narrows a stream to that client', async () => {
    const one = await stream('user_id=target')
    const two = await stream('user_id=target')
    const { client_id } = (await one.until(named('connection'))).data
    const hidden = await start({ prompt: 'for one pair of eyes', user_id: 'target', client_id })
    await one.until(named('stream_complete'))
    const open = await start({ prompt: 'for everyone', user_id: 'target' })
    await two.until(named('stream_complete'))
    await one.until(({ event, data }) => event === 'stream_complete' && data['request_id'] === open)
    const requests = ({ events }: SseClient) => [...new Set(events.flatMap(({ data }) => data['request_id'] ?? []))]
    expect(requests(one)).toEqual([hidden, open])
    expect(requests(two)).toEqual([open])
    one.cut()
    two.cut()
  })

  it('[D2][ID1] the user is the header, else the query, else the body, else anonymous', async () => {
    const watching = async (user: string) => [user, await stream(`user_id=${user}`)] as const
    const readers = await Promise.all(['by-header', 'by-query', 'by-body', 'anonymous'].map(watching))
    const post = (query: string, body: object, headers = {}) =>
      postJson(`${server.url}/api/sse/trigger-stream${query}`, { prompt: 'whose?', ...body }, headers)
    const answers = await Promise.all([
      post('?user_id=by-query', { user_id: 'by-body' }, { 'x-user-id': 'by-header' }),
      post('?user_id=by-query', { user_id: 'by-body' }),
      post('', { user_id: 'by-body' }),
      post('', {}),
    ])
    for (const [i, [, client]] of readers.entries()) {
      await client.until(named('stream_start'))
      const begun = client.events.filter(named('stream_start')).map(({ data }) => data['request_id'])
      expect(begun).toEqual([answers[i]?.body['request_id']])
      client.cut()
    }
    // An EventSource without a name joins the same user; its header counts here too.
    const nameless = await stream('')
    const byHeader = await stream('', { 'x-user-id': 'by-header' })
    expect((await nameless.until(named('stream_start'))).data['request_id']).toBe(answers[3]?.body['request_id'])
    expect((await byHeader.until(named('stream_start'))).data['request_id']).toBe(answers[0]?.body['request_id'])
    nameless.cut()
    byHeader.cut()
    const tooLong = await getJson(`${server.url}/sse/ai-stream?user_id=${'x'.repeat(129)}`)
    expect(tooLong).toMatchObject({ status: 400, body: { code: 'invalid_user_id' } })
  })

  it('[D2][ER2] the trigger answers at once, with what is wrong, or when the answer is there', async () => {
    const url = `${server.url}/api/sse/trigger-stream`
    const began = Date.now()
    const answer = await postJson(url, { prompt: 'at once', user_id: 'trigger' })
    expect(Date.now() - began).toBeLessThan(800)
    expect(answer.body).toMatchObject({
      status: 'streaming_started',
      message: expect.any(String),
      request_id: expect.any(String),
    })
    const bad: [unknown, number, string][] = [
      [{}, 400, 'bad_request'],
      [{ prompt: null }, 400, 'bad_request'],
      [{ prompt: '' }, 400, 'empty_prompt'],
      [{ prompt: '   ' }, 400, 'empty_prompt'],
      [{ prompt: 5 }, 400, 'bad_request'],
      ['{', 400, 'bad_json'],
      ['', 400, 'bad_json'],
      [[], 400, 'bad_request'],
      [{ prompt: 'x', config: { timeout: 'soon' } }, 400, 'bad_request'],
      [{ prompt: 'x', client_id: 'a b' }, 400, 'bad_request'],
      [{ prompt: 'x'.repeat(200_001) }, 413, 'prompt_too_long'],
      [{ prompt: 'x'.repeat(5_000_000) }, 413, 'body_too_large'],
    ]
    for (const [body, status, code] of bad) {
      const refused = await postJson(`${url}?user_id=trigger-bad`, body)
      expect(refused).toMatchObject({
        status,
        body: { code, status, detail: expect.any(String), title: expect.any(String) },
      })
      expect(refused.type).toMatch(/^application\/problem\+json/)
    }
    expect((await hubFacts(server.url, 'trigger-bad')).last_seq).toBe(0)

    const reader = await stream('user_id=trigger-wait')
    const waited = await postJson(`${url}?wait=true`, { prompt: 'with patience', user_id: 'trigger-wait' })
    const end = await reader.until(named('stream_complete'))
    reader.cut()
    expect(waited).toMatchObject({
      status: 200,
      body: { status: 'streaming_started', request_id: end.data['request_id'] },
    })
    expect(waited.body['response_length']).toBe(end.data['total_length'])
  })

  it('[D2][GE3] request_id and Idempotency-Key make a trigger one generation', async () => {
    const url = `${server.url}/api/sse/trigger-stream?user_id=once`
    const body = { prompt: 'once' }
    const key = { 'idempotency-key': 'the-key' }
    const answers = await Promise.all([postJson(url, body, key), postJson(url, { ...body, request_id: 'the-key' })])
    const waited = await postJson(`${url}&wait=true`, body, key)
    expect([...answers, waited].map((answer) => answer.body['request_id'])).toEqual(Array(3).fill('the-key'))
    expect(waited.body['response_length']).toBeGreaterThan(0)
    const other = await postJson(url, { prompt: 'another' }, key)
    expect(other).toMatchObject({ status: 422, body: { code: 'request_id_reused' } })
    const { epoch } = await hubFacts(server.url, 'once')
    const reader = await stream('user_id=once', { 'last-event-id': `${epoch}-0` })
    await reader.until(named('stream_complete'))
    expect(reader.events.filter(named('stream_start'))).toHaveLength(1)
    reader.cut()
  })

  it('[D2][GE4][FO1] what SSE started, another device sees over WebSocket and cancels', async () => {
    const reader = await stream('user_id=devices')
    const device = await WsClient.open(`${server.url}/ws/ai-stream?user_id=devices`)
    const request = await start({ prompt: 'a long story', user_id: 'devices' })
    await device.until(({ data }) => data['chunk_number'] === 3)
    device.send({ type: 'cancel_request', request_id: request })
    const end = await reader.until(named('stream_complete'))
    expect(end.data).toMatchObject({ request_id: request, status: 'cancelled' })
    await device.until(({ event_type, data }) => event_type === 'stream_end' && data['status'] === 'cancelled')
    const text = (events: readonly { data: Readonly<Record<string, unknown>> }[]) =>
      events.flatMap(({ data }) => ('chunk' in data ? [data['chunk']] : []))
    expect(text(reader.events)).toEqual(text(device.events))

    // And the other way round: begun by a device, cancelled by HTTP.
    device.send({ type: 'ai_request', prompt: 'another long story', request_id: 'by-device' })
    const from = reader.events.length
    await reader.until(({ data }) => data['request_id'] === 'by-device' && data['chunk_number'] === 3, from)
    const cancel = () => postJson(`${server.url}/api/requests/by-device/cancel?user_id=devices`, {})
    expect((await cancel()).body).toEqual({ request_id: 'by-device', status: 'cancelled' })
    await reader.until(({ event, data }) => event === 'stream_complete' && data['request_id'] === 'by-device', from)
    expect((await cancel()).body).toEqual({ request_id: 'by-device', status: 'cancelled' })
    const unknown = await postJson(`${server.url}/api/requests/nobody/cancel?user_id=devices`, {})
    expect(unknown).toMatchObject({ status: 404, body: { code: 'request_not_found' } })
    reader.cut()
    device.cut()
  })
})

describe('the figures', () => {
  const sessionsSchema = z.object({
    total_sessions: z.int(),
    active_sessions: z.int(),
    active_session_details: z.record(
      z.string(),
      z.object({ user_id: z.string(), state: z.string(), duration: z.number(), active_requests: z.int() }),
    ),
  })
  const streamingSchema = z.object({
    sessions: sessionsSchema,
    streams: z.object({
      total_streams: z.int(),
      active_streams: z.int(),
      avg_stream_duration: z.number(),
      bytes_streamed: z.number(),
    }),
    performance: z.object({ avg_session_duration: z.number(), sessions_per_user: z.number() }),
  })
  const readersSchema = z.object({
    connections: z.object({ total: z.int(), active: z.int(), by_user: z.record(z.string(), z.int()) }),
    events: z.object({ total_sent: z.int(), by_type: z.record(z.string(), z.int()) }),
    active_clients: z.record(
      z.string(),
      z.object({
        user_id: z.string(),
        connected_duration: z.number(),
        subscriptions: z.array(z.string()),
        is_connected: z.boolean(),
      }),
    ),
  })
  const readers = async () => readersSchema.parse((await getJson(`${server.url}/api/sse/stats`)).body)
  const streaming = async () => streamingSchema.parse((await getJson(`${server.url}/api/streaming/stats`)).body)

  it('[D1][D2][MO1] the statistics have their shape and count what is there', async () => {
    const before = await streaming()
    const reader = await stream('user_id=figures')
    const device = await WsClient.open(`${server.url}/ws/ai-stream?user_id=figures`)
    const { client_id } = (await reader.until(named('connection'))).data
    const session = device.events[0]?.session_id ?? ''
    device.send({ type: 'ai_request', prompt: 'to be counted' })
    await device.until(({ event_type }) => event_type === 'chunk')
    const busy = await polled(
      streaming,
      ({ sessions }) => sessions.active_session_details[session]?.active_requests === 1,
      2000,
    )
    expect(busy.sessions.active_session_details[session]).toMatchObject({ user_id: 'figures', state: 'processing' })
    expect(busy.streams.active_streams).toBe(1)
    await reader.until(named('stream_complete'))
    const after = await polled(streaming, ({ streams }) => streams.active_streams === 0, 2000)
    expect(after.streams.total_streams).toBe(before.streams.total_streams + 1)
    expect(after.streams.avg_stream_duration).toBeGreaterThan(0.2)
    expect(after.streams.bytes_streamed - before.streams.bytes_streamed).toBeGreaterThan(2000)
    expect(after.sessions.active_session_details[session]).toMatchObject({ state: 'connected', active_requests: 0 })
    const sessions = await getJson(`${server.url}/api/streaming/sessions`)
    expect(Object.keys(sessionsSchema.parse(sessions.body).active_session_details)).toContain(session)

    const sse = await readers()
    expect(sse.connections.by_user['figures']).toBe(1)
    expect(sse.active_clients[String(client_id)]).toMatchObject({
      user_id: 'figures',
      subscriptions: ['ai_response', 'progress_update'],
      is_connected: true,
    })
    expect(Object.keys(sse.events.by_type)).toEqual(
      expect.arrayContaining(['stream_start', 'chunk', 'stream_complete']),
    )
    expect(sse.events.total_sent).toBe(Object.values(sse.events.by_type).reduce((sum, n) => sum + n, 0))

    reader.cut()
    device.cut()
    const gone = await polled(readers, ({ connections }) => connections.by_user['figures'] === undefined, 4000)
    expect(gone.connections.total).toBeGreaterThanOrEqual(sse.connections.total)
    const left = await polled(streaming, (s) => s.sessions.active_session_details[session] === undefined, 4000)
    expect(left.sessions.total_sessions).toBe(after.sessions.total_sessions)
    expect(left.performance.avg_session_duration).toBeGreaterThan(0)
  })

  it('[D2] /health tells how it is', async () => {
    const { status, body } = await getJson(`${server.url}/health`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'healthy', version: expect.any(String), degraded: [] })
  })
})
