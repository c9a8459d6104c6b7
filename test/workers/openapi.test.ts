import { expect, test } from 'vitest'
import * as z from 'zod'
import { app } from '../../src/edge/app.ts'
import { endpointsOf, type Route } from '../../src/edge/endpoint.ts'
import type { ResponseDoc } from '../../src/edge/schemas/responses.ts'
import { call, Socket, Stream, trigger } from './support.ts'

const { endpoints } = endpointsOf(app.routes)

function told(method: Route['method'], path: string, status: number): ResponseDoc {
  const route = endpoints.find((one) => one.method === method && one.path === path)
  const response = route?.responses[status]
  if (response === undefined) throw new Error(`nothing is told of ${method} ${path} ${status}`)
  return response
}

/** Holds what was sent against its schema: it fits, and no field of it is untold. */
function expectTold(schema: z.ZodType | undefined, sent: unknown, what: string): void {
  expect(schema?.parse(sent), what).toEqual(sent)
}

/** Calls an address and holds its JSON against what the document tells of it. */
async function ask(method: 'get' | 'post', path: string, address: string, init?: RequestInit): Promise<unknown> {
  const response = await call(address, { method: method.toUpperCase(), ...init })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringContaining('json')])
  const body: unknown = await response.json()
  expectTold(told(method, path, 200).content?.['application/json']?.schema, body, path)
  return body
}

test('[DO2] /openapi.json is the document of all endpoints, and / lists them with the pages', async () => {
  const body = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
  const { paths } = body.parse(await ask('get', '/openapi.json', '/openapi.json'))
  const list = z.object({
    endpoints: z.array(z.object({ method: z.string(), path: z.string() })),
    pages: z.array(z.object({ path: z.string() })),
  })
  const service = list.parse(await ask('get', '/', '/'))
  expect(service.pages.map(({ path }) => path)).toEqual(['/demo', '/docs'])
  expect(service.endpoints.map(({ method, path }) => `${method.toLowerCase()} ${path}`).toSorted()).toEqual(
    Object.entries(paths)
      .flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`))
      .toSorted(),
  )
  // The same text each time: it is made once.
  expect(await (await call('/openapi.json')).text()).toBe(await (await call('/openapi.json')).text())
})

test('[DO3] what the service answers is what the document tells', async () => {
  const user = 'told'
  const headers = { 'x-user-id': user }
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}&subscriptions=ai_response`)
  socket.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'told-1' })
  await stream.until((all) => all.some(({ type }) => type === 'chunk'))
  await ask('get', '/api/requests/{id}', '/api/requests/told-1', { headers })
  await ask('get', '/health', '/health')
  await ask('get', '/debug/hub', `/debug/hub?user_id=${user}`)
  const stats = z.object({ sessions: z.object({ active_sessions: z.int().min(1) }) })
  stats.parse(await ask('get', '/api/streaming/stats', '/api/streaming/stats'))
  await ask('get', '/api/streaming/sessions', '/api/streaming/sessions')
  const readers = z.object({ connections: z.object({ active: z.int().min(1) }) })
  readers.parse(await ask('get', '/api/sse/stats', '/api/sse/stats'))
  await ask('post', '/api/requests/{id}/cancel', '/api/requests/told-1/cancel', { headers })
  await ask('get', '/api/requests/{id}', '/api/requests/told-1', { headers })
  const path = '/api/sse/trigger-stream'
  await ask('post', path, path, { headers, body: '{"prompt":"Hello"}' })
  await ask('post', path, `${path}?wait=true`, { headers, body: '{"prompt":"And wait"}' })
  socket.close()
  stream.close()
})

test('[DO3] events over SSE are what the document tells of their names', async () => {
  const user = 'told-sse'
  const events = told('get', '/sse/ai-stream', 200).content?.['text/event-stream']?.events ?? {}
  const channels = 'ai_response,progress_update,error_alert,system_status,provider_health,cache_stats,cost_update'
  const live = await Stream.open(`/sse/ai-stream?user_id=${user}&subscriptions=${channels}`)
  // By token, so that there are enough pieces for `progress`.
  await trigger(user, 'Tell me all', { stream_config: { granularity: 'token' } })
  await live.end()
  const periodic = ['status_update', 'health_update', 'cache_update', 'cost_update', 'heartbeat']
  await live.until((all) => periodic.every((name) => all.some(({ type }) => type === name)))
  live.close()
  const late = await Stream.open(`/sse/ai-stream?user_id=${user}&last_event_id=0-0`)
  await late.until((all) => all.some(({ type }) => type === 'resync'))
  late.close()
  for (const { type, data } of [...live.all, ...late.all]) expectTold(events[type], data, type)
  const seen = new Set([...live.all, ...late.all].map(({ type }) => type))
  const rare = ['stream_error', 'error']
  expect([...seen, ...rare].toSorted()).toEqual(Object.keys(events).toSorted())
})

test('[DO3] frames over the WebSocket are what the document tells of their types', async () => {
  const user = 'told-ws'
  const frames = told('get', '/ws/ai-stream', 101).messages?.server ?? {}
  const socket = await Socket.open(`user_id=${user}`)
  socket.say({ type: 'ai_request', prompt: 'Tell me all', request_id: 'ws-1' })
  await socket.end('ws-1')
  socket.say({ type: 'update_preferences', preferences: { tone: { warm: true } } })
  socket.say({ type: 'cancel_request', request_id: 'nobody' })
  socket.say({ type: 'ping', timestamp: [1] })
  await socket.until(() => socket.bare.length > 0)
  const late = await Socket.open(`user_id=${user}&last_event_id=0-0`)
  await late.until((all) => all.some(({ event_type }) => event_type === 'resync'))
  for (const envelope of [...socket.events, ...late.events]) {
    expectTold(frames[envelope.event_type], envelope, envelope.event_type)
  }
  for (const bare of socket.bare) expectTold(frames['pong'], bare, 'pong')
  const seen = new Set([...socket.events, ...late.events].map(({ event_type }) => event_type))
  expect(seen).toContain('error')
  expect(seen).toContain('stream_end')
  expect([...seen].filter((type) => !(type in frames))).toEqual([])
  socket.close()
  late.close()
})

test('[DO3] refusals are the problems that the document tells', async () => {
  const path = '/api/sse/trigger-stream'
  const cases: readonly [Route['method'], string, string, RequestInit][] = [
    ['get', '/sse/ai-stream', '/sse/ai-stream?subscriptions=nothing', {}],
    ['get', '/sse/ai-stream', '/sse/ai-stream', { headers: { origin: 'https://elsewhere.example' } }],
    ['get', '/ws/ai-stream', '/ws/ai-stream', {}],
    ['get', '/api/requests/{id}', '/api/requests/nobody', {}],
    ['post', path, path, { body: '{"prompt":" "}' }],
  ]
  for (const [method, route, address, init] of cases) {
    const response = await call(address, { method: method.toUpperCase(), ...init })
    const { content } = told(method, route, response.status)
    expectTold(content?.['application/problem+json']?.schema, await response.json(), `${address} ${response.status}`)
  }
})
