import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { call, debug, Socket, Stream, trigger, wholeLog } from './support.ts'

const ends = (events: readonly { type: string }[]) =>
  events.filter(({ type }) => type === 'stream_end' || type === 'error')

test('[GE2][FO1] a generation goes on when every client has left, and reaches the device that comes later', async () => {
  const user = 'alone'
  const first = await Socket.open(`user_id=${user}&model_preference=paced`)
  first.say({ type: 'ai_request', prompt: 'Go on without me', request_id: 'alone-1' })
  await first.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  const cursor = first.logged.at(-1)?.id
  first.close()
  await first.over()
  const later = await Socket.open(`user_id=${user}&last_event_id=${cursor}`)
  await later.end('alone-1')
  expect(ends(await wholeLog(user))).toHaveLength(1)
  later.close()
})

test('[GE4][FO1] a cancel from another device ends it at once for all, keeps the text, and stops the provider', async () => {
  const user = 'cancel'
  const a = await Socket.open(`user_id=${user}&model_preference=endless`)
  const b = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  a.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'cancel-1' })
  await b.until((all) => all.filter(({ type }) => type === 'chunk').length > 2)
  const other = await Socket.open(`user_id=${user}`)
  other.say({ type: 'cancel_request', request_id: 'cancel-1' })
  await Promise.all([a.end('cancel-1'), b.end(), other.end('cancel-1')])
  expect(a.events.at(-2)).toMatchObject({ event_type: 'typing_indicator', data: { is_typing: false } })
  expect(a.events.at(-1)).toMatchObject({
    event_type: 'stream_end',
    data: { request_id: 'cancel-1', status: 'cancelled', reason: 'cancelled by the client' },
  })
  expect(b.logged.at(-1)).toMatchObject({ type: 'stream_complete', data: { status: 'cancelled' } })
  const { last_seq } = await debug(user)
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  expect((await hub.debug()).active_requests).toBe(0)
  // A second cancel changes nothing (GE5).
  const again = await call(`/api/requests/cancel-1/cancel?user_id=${user}`, { method: 'POST' })
  expect(await again.json()).toEqual({ request_id: 'cancel-1', status: 'cancelled' })
  expect((await debug(user)).last_seq).toBe(last_seq)
  for (const reader of [a, b, other]) reader.close()
})

test('[GE4] a cancel over HTTP works for a stream that was begun over SSE; an unknown id is a 404', async () => {
  const user = 'cancel-http'
  const writer = await Socket.open(`user_id=${user}&model_preference=endless`)
  writer.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'http-1' })
  await writer.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  const response = await call('/api/requests/http-1/cancel', { method: 'POST', headers: { 'x-user-id': user } })
  expect(await response.json()).toEqual({ request_id: 'http-1', status: 'cancelled' })
  await writer.end('http-1')
  writer.close()
  const unknown = await call('/api/requests/nope/cancel', { method: 'POST', headers: { 'x-user-id': user } })
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ code: 'request_not_found', status: 404 })
  // Another user's id is as unknown as one that never was.
  expect((await call('/api/requests/http-1/cancel', { method: 'POST', headers: { 'x-user-id': 'x' } })).status).toBe(
    404,
  )
})

test('[GE3] the same request_id twice is one generation, over one transport or two', async () => {
  const user = 'twice'
  const socket = await Socket.open(`user_id=${user}&model_preference=paced`)
  for (let i = 0; i < 3; i++) socket.say({ type: 'ai_request', prompt: 'Only once', request_id: 'twice-1' })
  const response = await call('/api/sse/trigger-stream', {
    method: 'POST',
    headers: { 'x-user-id': user, 'idempotency-key': 'twice-1' },
    body: JSON.stringify({ prompt: 'Only once' }),
  })
  expect(await response.json()).toMatchObject({ request_id: 'twice-1', duplicate: true, status: 'streaming_started' })
  await socket.end('twice-1')
  expect(socket.events.filter(({ event_type }) => event_type === 'stream_start')).toHaveLength(1)
  const log = await wholeLog(user)
  expect(log.filter(({ type }) => type === 'stream_start')).toHaveLength(1)
  expect(ends(log)).toHaveLength(1)
  socket.close()
})

test('[GE3] a duplicate on a connection that came later is shown the request, id-less, and runs nothing', async () => {
  const user = 'twice-late'
  const id = await trigger(user, 'Only once', { request_id: 'late-1' })
  const early = await Socket.open(`user_id=${user}&last_event_id=0-0`)
  await early.until(
    (all) => JSON.stringify(all).includes('complete') || all.some(({ event_type }) => event_type === 'stream_end'),
  )
  const late = await Socket.open(`user_id=${user}`)
  late.say({ type: 'ai_request', prompt: 'Only once', request_id: id })
  await late.until((all) => all.some(({ event_type }) => event_type === 'stream_end'))
  expect(late.events.slice(1).map(({ event_type, id, metadata }) => [event_type, id, metadata['snapshot']])).toEqual([
    ['stream_start', null, true],
    ['chunk', null, true],
    ['stream_end', null, true],
  ])
  expect((await wholeLog(user)).filter(({ type }) => type === 'stream_start')).toHaveLength(1)
  early.close()
  late.close()
})

test('[GE3] the same request_id with another prompt is refused and changes nothing', async () => {
  const user = 'reused'
  await trigger(user, 'First', { request_id: 'r-1' })
  const response = await call('/api/sse/trigger-stream', {
    method: 'POST',
    headers: { 'x-user-id': user },
    body: JSON.stringify({ prompt: 'Second', request_id: 'r-1' }),
  })
  expect(response.status).toBe(422)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  expect(await response.json()).toMatchObject({ code: 'request_id_reused' })
})

test('[GE9] more requests at a time than allowed are refused, by error event and by 429', async () => {
  const user = 'busy'
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  for (let i = 0; i < 9; i++) socket.say({ type: 'ai_request', prompt: `Number ${i}`, request_id: `busy-${i}` })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'error'))
  const refused = socket.events.find(({ event_type }) => event_type === 'error')
  expect(refused).toMatchObject({ id: null, request_id: null, data: { error_type: 'too_many_requests' } })
  const response = await call('/api/sse/trigger-stream', {
    method: 'POST',
    headers: { 'x-user-id': user },
    body: JSON.stringify({ prompt: 'One more' }),
  })
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).not.toBeNull()
  for (let i = 0; i < 8; i++) socket.say({ type: 'cancel_request', request_id: `busy-${i}` })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'stream_end').length === 8)
  expect(ends(await wholeLog(user))).toHaveLength(8)
  socket.close()
})

test('[GE7] a request that takes longer than its timeout ends with an error, and the provider is stopped', async () => {
  const user = 'timeout'
  const socket = await Socket.open(`user_id=${user}&model_preference=stalls`)
  socket.say({ type: 'ai_request', prompt: 'Slow', request_id: 't-1', config: { timeout: 0.5 } })
  await socket.end('t-1')
  expect(socket.logged.at(-1)).toMatchObject({ type: 'error', data: { error_type: 'timeout' } })
  expect((await debug(user)).connections).toBe(1)
  socket.close()
})

test('[FL1][FL4] a narrowed stream reaches only its client, also after that one was cut off', async () => {
  const user = 'narrow'
  const mine = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  const other = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  await mine.until((all) => all.length > 0)
  const client = String(mine.all[0]?.data['client_id'])
  await trigger(user, 'For me', { client_id: client, request_id: 'n-1' })
  await mine.end()
  const half = mine.logged[2]?.id ?? ''
  mine.close()
  const back = await Stream.open(`/sse/ai-stream?user_id=${user}`, { 'last-event-id': half })
  await back.end()
  expect(back.all[0]).toMatchObject({ type: 'connection', data: { client_id: client } })
  expect(back.logged).toEqual(mine.logged.slice(3))
  await trigger(user, 'For all', { request_id: 'n-2' })
  await other.until((all) => all.some(({ type, data }) => type === 'stream_complete' && data['request_id'] === 'n-2'))
  expect(other.logged.every(({ data }) => data['request_id'] === 'n-2')).toBe(true)
  expect(JSON.stringify(await wholeLog(user))).not.toContain('n-1')
  back.close()
  other.close()
})

test('[FL1] a connection of a conversation sees that conversation only, and asks in it', async () => {
  const user = 'talks'
  const one = await Socket.open(`user_id=${user}&conversation_id=c1`)
  const two = await Socket.open(`user_id=${user}&conversation_id=c2`)
  one.say({ type: 'ai_request', prompt: 'In one', request_id: 'c1-r' })
  two.say({ type: 'ai_request', prompt: 'In two', request_id: 'c2-r' })
  await Promise.all([one.end('c1-r'), two.end('c2-r')])
  expect(new Set(one.logged.map(({ data }) => data['request_id'] ?? 'c1-r'))).toEqual(new Set(['c1-r']))
  expect(one.events.at(-1)?.metadata).toEqual({ conversation_id: 'c1' })
  one.close()
  two.close()
})

test('[LG3][GE6] a hub that dies in the middle of answers ends each of them once, with interrupted', async () => {
  const user = 'dies'
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  socket.say({ type: 'ai_request', prompt: 'One', request_id: 'd-1' })
  socket.say({ type: 'ai_request', prompt: 'Two', request_id: 'd-2' })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'chunk').length > 4)
  const before = socket.logged
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub, (_, state) => state.abort('as a deploy does')).catch(() => undefined)
  const after = await Socket.open(`user_id=${user}&last_event_id=${before.at(-1)?.id}`)
  await Promise.all([after.end('d-1'), after.end('d-2')])
  const seen = [...before, ...after.logged]
  expect(seen).toEqual(await wholeLog(user))
  expect(seen.filter(({ type }) => type === 'error').map(({ data }) => data['error_type'])).toEqual([
    'interrupted',
    'interrupted',
  ])
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
  after.close()
})

test('[SB5][GE6] who waits for an answer whose hub goes away is told how it ended, and the request is known', async () => {
  const user = 'waits'
  const watcher = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  const body = { prompt: 'Never ending', user_id: user, request_id: 'waits-1', stream_config: { cache: 'off' } }
  const waiting = call('/api/sse/trigger-stream?wait=true', { method: 'POST', body: JSON.stringify(body) })
  await watcher.until((all) => all.some(({ type }) => type === 'chunk'))
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub, (_, state) => state.abort('as a deploy does')).catch(() => undefined)
  const answer = await waiting
  const told = await answer.json<{ code?: string; request_id: string; outcome?: string }>()
  const known = await (await call(`/api/requests/waits-1?user_id=${user}`)).json<{ status: string }>()
  // It may have been over before the hub went.
  if (known.status === 'error') expect([answer.status, told.code]).toEqual([503, 'interrupted'])
  else expect([answer.status, told.outcome]).toEqual([200, 'complete'])
  expect(told.request_id).toBe('waits-1')
  watcher.close()
})

test('[ID6] a nameless caller’s own request id leads to its request, for its status and its end; so does its conversation', async () => {
  const own = 'a-request-of-my-own-1'
  const session_id = 'a-conversation-of-my-own'
  const post = (path: string, body: object) => call(path, { method: 'POST', body: JSON.stringify(body) })
  const messages = [{ role: 'user', content: 'Hello' }]
  expect((await post('/v1/chat/completions', { model: 'freshet', messages, request_id: own })).status).toBe(200)
  expect((await call(`/api/requests/${own}`)).status).toBe(200)
  expect((await call(`/api/requests/${own}/cancel`, { method: 'POST' })).status).toBe(200)
  expect((await call('/api/requests/a-request-of-no-one-1')).status).toBe(404)
  // D2's nameless callers are one user, whose requests are found as before.
  const common = await post('/api/sse/trigger-stream?wait=true', { prompt: 'Hello', request_id: 'a-common-request-1' })
  expect(common.status).toBe(200)
  expect((await call('/api/requests/a-common-request-1')).status).toBe(200)
  await (await post('/chat/stream', { message: 'Hello', session_id })).text()
  const socket = await Socket.open(`conversation_id=${session_id}&last_event_id=0-0`)
  await socket.until((all) => all.some(({ event_type }) => event_type === 'resync'))
  const resync = socket.events.find(({ event_type }) => event_type === 'resync')
  expect(resync?.data).toMatchObject({ messages: [{ content: 'Hello' }, { role: 'assistant' }] })
  socket.close()
})

test('[GA7] who asks for one answer does not hurry another that nobody watches', async () => {
  const user = 'unhurried'
  const quiet = await Socket.open(`user_id=${user}&model_preference=endless`)
  quiet.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'quiet-1' })
  await quiet.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  quiet.close()
  await quiet.over()
  const before = await debug(user)
  for (let i = 0; i < 20; i++) {
    expect((await call(`/api/chat/other-chat-${i}/stream`, { headers: { 'x-user-id': user } })).status).toBe(204)
  }
  // What is gathered for nobody goes out by the clock alone: once or twice in the time that this takes.
  expect((await debug(user)).rows_written - before.rows_written).toBeLessThan(10)
  await call(`/api/requests/quiet-1/cancel?user_id=${user}`, { method: 'POST' })
})
