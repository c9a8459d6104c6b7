import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ClientOptions, createFreshetClient, type FreshetClient } from '../../src/client/freshet-client.ts'
import { EPOCH, envelope } from './log-of.ts'
import { LoopbackService } from './loopback-service.ts'

let service: LoopbackService
let clients: FreshetClient[]

beforeEach(async () => {
  service = await LoopbackService.start()
  clients = []
})
afterEach(async () => {
  for (const client of clients) client.stop()
  await service.stop()
})

function begin(options: Partial<ClientOptions> = {}): FreshetClient {
  const client = createFreshetClient({ baseUrl: service.url, userId: 'ada', transport: 'websocket', ...options })
  clients.push(client)
  client.start()
  return client
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 4000, interval: 10 })
const isOpen = (client: FreshetClient) => until(() => expect(client.getState().connection.status).toBe('open'))
const start = (seq: number, id: string) => envelope('stream_start', seq, { request_id: id, prompt: 'p' })
const chunk = (seq: number, id: string, text: string, n: number) =>
  envelope('chunk', seq, { request_id: id, chunk: text, chunk_number: n })

describe.each(['websocket', 'sse'] as const)('client over %s', (transport) => {
  const cursors = () =>
    transport === 'sse' ? service.cursors : service.queries.map((query) => query.get('last_event_id') ?? '')

  it('[CL14] asks for the present state first, then goes on from its cursor with its text kept', async () => {
    const client = begin({ transport })
    await isOpen(client)
    service.send(start(1, 'a'), chunk(2, 'a', 'kept', 1))
    await until(() => expect(client.getState().transcript.exchanges[0]?.text).toBe('kept'))
    service.cut()
    await until(() => expect(cursors()).toEqual(['0-0', `${EPOCH}-2`]))
    await isOpen(client)
    service.send(chunk(3, 'a', ' and more', 2))
    await until(() => expect(client.getState().transcript.exchanges[0]?.text).toBe('kept and more'))
  })

  it('[CL9] a prompt given before the connection is there is sent when it is, and again after a cut', async () => {
    const client = createFreshetClient({ baseUrl: service.url, userId: 'ada', transport })
    clients.push(client)
    const id = client.ask('hello', { config: { timeout: 5 } })
    expect(client.getState().outbox.asks).toMatchObject([{ status: 'waiting' }])
    client.start()
    const sent = () => (transport === 'sse' ? service.posts.map((post) => JSON.parse(post.body)) : service.frames)
    await until(() => expect(sent()).toMatchObject([{ prompt: 'hello', request_id: id, config: { timeout: 5 } }]))
    service.cut()
    await until(() => expect(sent()).toMatchObject([{ request_id: id }, { request_id: id }]))
    service.send(start(1, id))
    await until(() => expect(client.getState().outbox.asks).toEqual([]))
  })

  it('[CL15] goes on over the other transport from the same cursor', async () => {
    const client = begin({ transport })
    await isOpen(client)
    service.send(start(4, 'a'))
    await until(() => expect(client.getState().transcript.cursor).toBe(`${EPOCH}-4`))
    const other = begin({ transport: transport === 'sse' ? 'websocket' : 'sse', from: client.getState() })
    await isOpen(other)
    expect([...service.cursors, ...service.queries.map((query) => query.get('last_event_id'))]).toContain(`${EPOCH}-4`)
    expect(other.getState().transcript.exchanges).toHaveLength(1)
  })

  it('[CL1] stop disconnects and keeps the state; start goes on', async () => {
    const client = begin({ transport })
    await isOpen(client)
    service.send(start(1, 'a'))
    await until(() => expect(client.getState().transcript.cursor).toBe(`${EPOCH}-1`))
    client.stop()
    expect(client.getState().connection).toMatchObject({ status: 'closed', reason: 'stopped' })
    client.start()
    await until(() => expect(cursors()).toEqual(['0-0', `${EPOCH}-1`]))
    expect(client.getState().transcript.exchanges).toHaveLength(1)
  })
})

describe('client', () => {
  it('[CL14] tells subscribers of every change, with one object until something changes', async () => {
    const client = begin()
    const seen: string[] = []
    const unsubscribe = client.subscribe((state) => seen.push(state.connection.status))
    await isOpen(client)
    expect(client.getState()).toBe(client.getState())
    unsubscribe()
    service.cut()
    await until(() => expect(client.getState().connection.status).toBe('waiting'))
    expect(seen).toEqual(['open'])
  })

  it('[CL16] speaks the protocol of D1: subprotocol, query and frames', async () => {
    const client = begin({ conversationId: 'c1' })
    await isOpen(client)
    expect(service.protocols).toEqual(['freshet.v1'])
    expect(Object.fromEntries(service.queries[0] ?? [])).toEqual({
      user_id: 'ada',
      conversation_id: 'c1',
      last_event_id: '0-0',
    })
    client.ask('hello', { requestId: 'r1', streamConfig: { granularity: 'token' } })
    client.cancel('r1')
    await until(() =>
      expect(service.frames).toEqual([
        {
          type: 'ai_request',
          prompt: 'hello',
          request_id: 'r1',
          conversation_id: 'c1',
          stream_config: { granularity: 'token' },
        },
        { type: 'cancel_request', request_id: 'r1' },
      ]),
    )
  })

  it('[CL19] says something on every connection, before anything else', async () => {
    const client = begin()
    client.ask('hello', { requestId: 'r1' })
    await until(() => expect(service.frames).toHaveLength(1))
    expect(service.firsts).toEqual(['ping'])
    service.cut()
    await until(() => expect(service.firsts).toEqual(['ping', 'ping']))
  })

  it('[CL16] speaks HTTP beside an event stream', async () => {
    const client = begin({ transport: 'sse' })
    await isOpen(client)
    client.ask('hello', { requestId: 'r/1' })
    await until(() => expect(service.posts[0]?.path).toBe('/api/sse/trigger-stream'))
    expect(JSON.parse(service.posts[0]?.body ?? '')).toEqual({ prompt: 'hello', request_id: 'r/1', user_id: 'ada' })
    service.send(start(1, 'r/1'))
    await until(() => expect(client.getState().outbox.asks).toEqual([]))
    client.cancel('r/1')
    await until(() => expect(service.posts[1]?.path).toBe('/api/requests/r%2F1/cancel?user_id=ada'))
  })

  it('[CL9] a prompt that the service refuses stays with its words, over either way', async () => {
    const client = begin()
    await isOpen(client)
    const id = client.ask('hello')
    const refusal = envelope('error', null, {
      error: 'Wait a little.',
      error_type: 'too_many_requests',
      request_id: null,
    })
    service.send({ ...refusal, metadata: { about_request_id: id } })
    await until(() =>
      expect(client.getState().outbox.asks).toMatchObject([
        { status: 'refused', error: { message: 'Wait a little.' } },
      ]),
    )
    const other = begin({ transport: 'sse' })
    await isOpen(other)
    service.answers.push(400)
    other.ask('hello')
    await until(() =>
      expect(other.getState().outbox.asks).toMatchObject([{ status: 'refused', error: { type: 'bad_request' } }]),
    )
  })

  it('[CL9] a POST that got no answer of worth is sent again', async () => {
    const client = begin({ transport: 'sse' })
    await isOpen(client)
    service.answers.push(503)
    const id = client.ask('hello')
    await until(() => expect(service.posts.map((post) => JSON.parse(post.body).request_id)).toEqual([id, id]))
  })

  it('[CL12] what would be refused again is not tried again', async () => {
    service.answers.push(400)
    const client = begin({ transport: 'sse' })
    await until(() =>
      expect(client.getState().connection).toEqual({
        status: 'closed',
        reason: 'refused',
        detail: 'It is not understood.',
      }),
    )
    const socket = begin()
    await isOpen(socket)
    service.cut(4401, 'token_expired')
    await until(() =>
      expect(socket.getState().connection).toMatchObject({ reason: 'refused', detail: 'token_expired' }),
    )
  })

  it('[CL12] a service that cannot serve just now is tried again', async () => {
    service.answers.push(503)
    const client = begin({ transport: 'sse' })
    await isOpen(client)
    expect(service.cursors).toEqual(['0-0', '0-0'])
    const socket = begin()
    await isOpen(socket)
    service.cut(1011, 'unavailable')
    await until(() => expect(service.queries).toHaveLength(2))
  })

  it('[CL13] a frame that is no envelope ends the connection; it is not passed over', async () => {
    const client = begin()
    await isOpen(client)
    service.send(start(1, 'a'))
    service.sendRaw('{"half":')
    await until(() => expect(service.queries[1]?.get('last_event_id')).toBe(`${EPOCH}-1`))
  })

  it('[CL13] a state that it cannot read is told, since another try would bring the same', async () => {
    const client = begin()
    await isOpen(client)
    service.send(envelope('resync', 1, { reason: 'expired' }))
    await until(() => expect(client.getState().connection).toMatchObject({ status: 'closed', reason: 'refused' }))
  })

  it('[CL17] an empty prompt and one that no frame can hold are refused before they are sent', () => {
    const client = createFreshetClient({ baseUrl: service.url, transport: 'websocket' })
    expect(() => client.ask(' \n')).toThrow(/empty/)
    expect(() => client.ask('x'.repeat(200_001))).toThrow(/too long/)
    expect(() => client.ask('\u0001'.repeat(190_000))).toThrow(/too long/)
    expect(client.getState().outbox.asks).toEqual([])
  })
})
