import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { resyncSchema } from '../../src/core/state.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { SqliteLog } from '../../src/hub/sqlite-log.ts'
import { chunkEvent } from '../support/log-events.ts'
import { call, debug, Socket, Stream, wholeLog } from './support.ts'

test('[SB4][RS3] a state of more than the reader’s buffer reaches an SSE reader whole', async () => {
  const user = 'large-state'
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  const prompt = '長'.repeat(200_000)
  for (let i = 0; i < 3; i++) socket.say({ type: 'ai_request', prompt: `${prompt.slice(1)}${i}`, request_id: `l-${i}` })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'chunk').length > 3)
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}`, { 'last-event-id': '0-0' })
  await stream.until((all) => all.some(({ type }) => type === 'chunk'))
  const resync = stream.all.find(({ type }) => type === 'resync')
  expect(JSON.stringify(resync).length).toBeGreaterThan(600_000)
  for (let i = 0; i < 3; i++) socket.say({ type: 'cancel_request', request_id: `l-${i}` })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'stream_end').length === 3)
  socket.close()
  stream.close()
})

test('[SB3] HEAD of a stream opens no connection', async () => {
  const user = 'heads'
  for (let i = 0; i < 3; i++) {
    const response = await call(`/sse/ai-stream?user_id=${user}`, { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  }
  expect((await debug(user)).connections).toBe(0)
})

test('[CM3] preferences that are larger in the attachment than as JSON do not take the hub down', async () => {
  const user = 'minus-zero'
  const socket = await Socket.open(`user_id=${user}`)
  const { instance_id } = await debug(user)
  for (const [number, length] of [
    ['-0', 1900],
    ['9e9', 360],
    ['1.5', 900],
  ] as const) {
    const list = Array.from({ length }, () => number).join(',')
    socket.say(`{"type":"update_preferences","preferences":{"a":[${list}]}}`)
  }
  await socket.until((all) => all.filter(({ data }) => 'preferences' in data).length === 3)
  expect((await debug(user)).instance_id).toBe(instance_id)
  socket.close()
})

test('[LG4] a page that stopped early does not lock its segment against being dropped', async () => {
  await runInDurableObject(env.SESSION_HUB.getByName('early'), async (_, state) => {
    await state.storage.deleteAll()
    const sql = new Sql(state.storage)
    migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
    const log = new SqliteLog(sql)
    for (let i = 1; i <= 100; i++) log.append([chunkEvent(i, i)])
    expect(log.after(0, { events: 1, bytes: 1 })).toHaveLength(1)
    while (log.rotate(1000));
    expect(log.bounds()).toMatchObject({ firstSeq: 101, lastSeq: 100 })
    await state.storage.deleteAll()
  })
})

test('[LG7] events that are too large for one row together are several', async () => {
  await runInDurableObject(env.SESSION_HUB.getByName('large-rows'), async (_, state) => {
    await state.storage.deleteAll()
    const sql = new Sql(state.storage)
    migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
    const log = new SqliteLog(sql)
    const events = Array.from({ length: 60 }, (_, i) => chunkEvent(i + 1, 1, '長'.repeat(16_384)))
    expect(log.append(events).map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
    const [row] = sql.run('SELECT count(*) n, max(length(CAST(body AS BLOB))) most FROM log_0')
    expect(Number(row?.['n'])).toBeGreaterThan(1)
    expect(Number(row?.['most'])).toBeLessThan(2_000_000)
    expect(log.after(0, { events: 1000, bytes: 100_000_000 }).map(({ event }) => event)).toEqual(events)
    await state.storage.deleteAll()
  })
})

test('[GE5] asking about or cancelling a request of a user who never was makes no hub', async () => {
  for (const [path, method] of [
    ['/api/requests/x?user_id=nobody', 'GET'],
    ['/api/requests/x/cancel?user_id=nobody', 'POST'],
  ]) {
    expect((await call(path ?? '', { method: method ?? 'GET' })).status).toBe(404)
  }
  const hub = env.SESSION_HUB.getByName('user:nobody')
  expect(await hub.outcome('x')).toMatchObject({ ok: false, refusal: { code: 'request_not_found' } })
  // The operator is told as much of one who never was as of anybody.
  expect(await debug('nobody')).toEqual({
    instance_id: expect.stringMatching(/./),
    connections: 0,
    epoch: '',
    first_seq: 1,
    last_seq: 0,
    rows_written: 0,
    storage_bytes: expect.any(Number),
    active_requests: 0,
  })
  const left = await runInDurableObject(hub, async (_, { storage }) => ({
    ...storage.sql.exec('SELECT count(*) tables FROM sqlite_master').one(),
    alarm: await storage.getAlarm(),
  }))
  expect(left).toEqual({ tables: 0, alarm: null })
})

test('[ER2] GET / lists the addresses, and a method that one does not take is a 405 that says which it does', async () => {
  const list = await (await call('/')).json<{ endpoints: { method: string; path: string; summary: string }[] }>()
  const summary = expect.stringMatching(/^[A-Z].{5,}/)
  expect(list.endpoints).toContainEqual({ method: 'GET', path: '/sse/ai-stream', summary })
  expect(list.endpoints).toContainEqual({ method: 'POST', path: '/api/requests/{id}/cancel', summary })
  const wrong = await call('/api/requests/abc/cancel')
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('POST')
  expect(await wrong.json()).toMatchObject({ code: 'method_not_allowed' })
})

test('[ID1] a user_id that is no text is refused, not taken for nobody’s', async () => {
  const response = await call('/api/sse/trigger-stream', {
    method: 'POST',
    body: JSON.stringify({ prompt: 'Hello', user_id: 7 }),
  })
  expect(response.status).toBe(400)
})

test('[ID4] a page of another site changes nothing, whichever way its browser calls', async () => {
  const user = 'csrf'
  const evil = { 'x-user-id': user, origin: 'https://evil.example', 'content-type': 'text/plain' }
  const calls: readonly [string, string, string][] = [
    ['POST', '/api/todos', '{"item":"mischief","start_time":"2027-07-01"}'],
    ['POST', '/api/sse/trigger-stream', '{"prompt":"Hello"}'],
    ['POST', '/sessions/new', '{}'],
    ['DELETE', '/sessions/s-1', ''],
    ['POST', '/api/requests/r-1/cancel', ''],
    ['POST', '/api/tickets', ''],
    ['POST', '/chat/stream', '{"message":"Hello"}'],
    ['POST', '/v1/chat/completions', '{"model":"freshet","messages":[{"role":"user","content":"Hello"}]}'],
  ]
  for (const [method, path, body] of calls) {
    const refused = await call(path, { method, headers: evil, ...(body !== '' && { body }) })
    const told = await refused.text()
    expect({ path, status: refused.status, told }).toEqual({
      path,
      status: 403,
      told: expect.stringContaining('origin_not_allowed'),
    })
  }
  // As an image or a link: no origin is told, but where it comes from is.
  const image = { 'x-user-id': user, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
  expect((await call('/api/chat/stream?message=Hello', { headers: image })).status).toBe(403)
  expect((await debug(user)).last_seq).toBe(0)
  expect((await call('/api/todos', { headers: { 'x-user-id': user } })).status).toBe(200)
  const own = { ...evil, origin: 'http://localhost:5173' }
  expect((await call('/sessions/new', { method: 'POST', headers: own, body: '{}' })).status).toBe(200)
})

test('[GE3] the key of the IETF draft stands in quotes, which are no part of it; empty ids are as good as none', async () => {
  const user = 'quoted'
  const ask = async (headers: Record<string, string>, body: object) => {
    const answer = await call('/chat/stream', {
      method: 'POST',
      headers: { 'x-user-id': user, ...headers },
      body: JSON.stringify({ message: 'Hello', ...body }),
    })
    const text = await answer.text()
    return { status: answer.status, id: /"request_id":"([^"]+)"/.exec(text)?.[1] }
  }
  expect(await ask({ 'idempotency-key': '"key-1"' }, {})).toEqual({ status: 200, id: 'key-1' })
  expect(await ask({ 'idempotency-key': 'key-1' }, {})).toEqual({ status: 200, id: 'key-1' })
  const one = await ask({}, { session_id: '', request_id: '' })
  const two = await ask({}, { session_id: '', request_id: '' })
  expect([one.status, two.status]).toEqual([200, 200])
  expect(two.id).not.toBe(one.id)
  expect((await call('/sessions?before=nonsense', { headers: { 'x-user-id': user } })).status).toBe(400)
  expect((await call('/sessions/?before=', { headers: { 'x-user-id': user } })).status).toBe(200)
})

test('[AG1] agents are asked over D1 and D2 too', async () => {
  const user = 'agents-everywhere'
  const socket = await Socket.open(`user_id=${user}`)
  socket.say({ type: 'ai_request', prompt: 'I sleep 5 hours a night', request_id: 'by-d1', agent: 'health' })
  await socket.end('by-d1')
  expect(socket.events.some(({ event_type }) => event_type === 'specialist')).toBe(true)
  socket.say({ type: 'ai_request', prompt: 'Hello', request_id: 'unknown', agent: 'nobody' })
  await socket.until((all) => all.some(({ data }) => data['error_type'] === 'unknown_agent'))
  socket.close()
  const body = JSON.stringify({ prompt: 'I sleep 5 hours a night', agent: 'health', request_id: 'by-d2' })
  const headers = { 'x-user-id': user }
  expect((await call('/api/sse/trigger-stream?wait=true', { method: 'POST', headers, body })).status).toBe(200)
  expect((await wholeLog(user)).filter(({ type }) => type === 'stream_start')).toHaveLength(2)
})

test('[RS3] a state is made of the newest requests alone; what is left out is counted, what was deleted is not', async () => {
  const user = 'many-exchanges'
  const headers = { 'x-user-id': user }
  const total = LIMITS.resyncExchanges + 7
  for (let i = 0; i < total; i++) {
    const body = { prompt: `Number ${i}`, request_id: `many-${i}`, ...(i % 10 === 5 && { conversation_id: 'c-5' }) }
    await (
      await call('/api/sse/trigger-stream?wait=true', { method: 'POST', headers, body: JSON.stringify(body) })
    ).text()
  }
  const state = async (query = '') => {
    const socket = await Socket.open(`user_id=${user}&last_event_id=0-0${query}`)
    await socket.until((all) => all.some(({ event_type }) => event_type === 'resync'))
    const resync = socket.events.find(({ event_type }) => event_type === 'resync')
    socket.close()
    return resyncSchema.parse(resync?.data)
  }
  const whole = await state()
  expect(whole.omitted).toBe(7)
  expect(whole.messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual(
    Array.from({ length: LIMITS.resyncExchanges }, (_, i) => `Number ${i + 7}`),
  )
  const narrowed = await state('&conversation_id=c-5')
  expect(narrowed.messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual(
    [5, 15, 25, 35, 45, 55].map((i) => `Number ${i}`),
  )
  expect(narrowed.omitted).toBe(0)
  expect((await call('/sessions/c-5', { method: 'DELETE', headers })).status).toBe(200)
  const after = await state()
  expect(after.omitted).toBe(1)
  expect(JSON.stringify(after)).not.toMatch(/"Number \d?5"/)
  expect(after.messages).toHaveLength(LIMITS.resyncExchanges * 2)
})

test('[FL1][SC4] the streams for dashboards and for operations have their channels, each spoken on at once', async () => {
  const told = {
    '/sse/dashboard': [
      ['system_status', 'provider_health', 'cache_stats', 'error_alert'],
      ['status_update', 'health_update', 'cache_update'],
    ],
    '/sse/monitoring': [
      ['provider_health', 'system_status', 'error_alert', 'cost_update'],
      ['status_update', 'health_update', 'cost_update'],
    ],
  } as const
  for (const [path, [channels, events]] of Object.entries(told)) {
    const stream = await Stream.open(`${path}?user_id=settled&subscriptions=nonsense`)
    await stream.until((all) => events.every((name) => all.some(({ type }) => type === name)))
    expect(stream.all[0]).toMatchObject({ type: 'connection', data: { subscriptions: channels } })
    expect(new Set(stream.all.slice(1).map(({ type }) => type))).toEqual(new Set(events))
    stream.close()
  }
})

test('[MO6] the figures of the whole service are OpenMetrics text, and name no user', async () => {
  const user = 'metrics-user'
  const headers = { 'x-user-id': user }
  const figures = async () => {
    const answer = await call('/metrics')
    expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    return answer.text()
  }
  const requests = (text: string) => Number(/^freshet_requests_total (\d+)$/m.exec(text)?.[1])
  const before = requests(await figures())
  await (
    await call('/api/sse/trigger-stream?wait=true', { method: 'POST', headers, body: '{"prompt":"Count me"}' })
  ).text()
  let text = await figures()
  while (requests(text) <= before) text = await figures()
  expect(text.endsWith('# EOF\n')).toBe(true)
  expect(text).not.toContain(user)
  expect(text).toMatch(/^freshet_provider_up\{provider="embedded"\} 1$/m)
  expect(text).toMatch(/^freshet_connections\{transport="sse"\} \d+$/m)
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (TYPE|HELP|UNIT) [a-z_]+ .+|# EOF|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \S+)$/)
  }
})

test('[LG8] a question about a row that cannot be read ends nothing that runs', async () => {
  const user = 'unreadable'
  const headers = { 'x-user-id': user }
  await (
    await call('/chat/stream', { method: 'POST', headers, body: '{"message":"Hello","session_id":"broken"}' })
  ).text()
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub, (_, state) => state.storage.sql.exec("UPDATE exchanges SET body = '{}'").toArray())
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  socket.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'runs-on' })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  const { instance_id } = await debug(user)
  for (let i = 0; i < 3; i++) expect((await call('/sessions/broken', { headers })).status).toBe(500)
  expect((await debug(user)).instance_id).toBe(instance_id)
  const running = await call('/api/requests/runs-on', { headers })
  expect(await running.json()).toMatchObject({ status: 'running' })
  await call('/api/requests/runs-on/cancel', { method: 'POST', headers })
  socket.close()
})
