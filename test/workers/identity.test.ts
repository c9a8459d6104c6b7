import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { call, debug, Socket, Stream, trigger } from './support.ts'

test('[ID1] the user is the header, else the query, else the body', async () => {
  const post = (query: string, headers: Record<string, string>, body: Record<string, unknown>) =>
    call(`/api/sse/trigger-stream?wait=true${query}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ prompt: 'Hello', ...body }),
    })
  await post('&user_id=in-query', { 'x-user-id': 'in-header' }, { user_id: 'in-body' })
  await post('&user_id=in-query', {}, { user_id: 'in-body' })
  await post('', {}, { user_id: 'in-body' })
  for (const user of ['in-header', 'in-query', 'in-body']) expect((await debug(user)).last_seq).toBeGreaterThan(2)
})

test('[ID1] a user id that is too long or has control characters is refused with a code', async () => {
  for (const bad of ['x'.repeat(129), 'a%00b', 'a%0ab']) {
    const response = await call(`/sse/ai-stream?user_id=${bad}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_user_id', status: 400 })
  }
})

test('[ID2][CU4] a nameless socket has a hub of its own, which a cursor finds again and nobody else', async () => {
  const mine = await Socket.open('language=en')
  const other = await Socket.open('language=en')
  mine.say({ type: 'ai_request', prompt: 'Mine alone' })
  await mine.end()
  const cursor = mine.logged[1]?.id ?? ''
  const request = String(mine.logged[0]?.data['request_id'])
  mine.close()
  const back = await Socket.open(`last_event_id=${cursor}`)
  await back.end()
  expect(back.logged).toEqual(mine.logged.slice(2))
  expect((await call(`/api/requests/${request}`)).status).toBe(200)
  expect(other.logged).toEqual([])
  // A stranger with a name does not get in by the cursor.
  const stranger = await Socket.open(`user_id=stranger&last_event_id=${cursor}`)
  await stranger.until((all) => all.length > 1)
  expect(stranger.all[1]).toMatchObject({ event_type: 'resync', data: { reason: 'other_epoch', messages: [] } })
  for (const socket of [other, back, stranger]) socket.close()
})

test('[ID2] nameless callers of D2 are one user, anonymous', async () => {
  const stream = await Stream.open('/sse/ai-stream')
  await call('/api/sse/trigger-stream', { method: 'POST', body: JSON.stringify({ prompt: 'Hello' }) })
  await stream.end()
  const named = await Stream.open('/sse/ai-stream?user_id=anonymous', { 'last-event-id': stream.logged[0]?.id ?? '' })
  await named.end()
  expect(named.logged.map(({ id }) => id)).toEqual(stream.logged.slice(1).map(({ id }) => id))
  stream.close()
  named.close()
})

test('[ID4] a browser of a foreign origin gets neither socket nor stream; the own and the allowed ones do', async () => {
  for (const path of ['/ws/ai-stream', '/sse/ai-stream']) {
    const ask = (origin: string) =>
      call(`${path}?user_id=origins`, { headers: { origin, ...(path.startsWith('/ws') && { upgrade: 'websocket' }) } })
    const refused = await ask('https://evil.example')
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'origin_not_allowed' })
    for (const origin of ['http://freshet.test', 'http://localhost:5173']) {
      const response = await ask(origin)
      expect([101, 200]).toContain(response.status)
      response.webSocket?.accept()
      response.webSocket?.close()
      await response.body?.cancel()
    }
  }
})

test('[ID5] an allowed origin may read, all headers are exposed, a preflight is answered', async () => {
  const preflight = await call('/api/sse/trigger-stream', {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:5173',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-user-id',
    },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
  expect(preflight.headers.get('access-control-allow-headers')).toContain('x-user-id')
  const other = await call('/health', { headers: { origin: 'https://evil.example' } })
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
})

test('[MO2] when the monitor is down, hubs go on and health says so', async () => {
  const monitor = env.MONITOR.getByName('monitor')
  await runInDurableObject(monitor, (instance) => {
    const fail = () => Promise.reject(new Error('down'))
    Object.assign(instance, { report: fail, live: fail })
  })
  const stream = await Stream.open('/sse/ai-stream?user_id=no-monitor')
  await trigger('no-monitor', 'Hello')
  await stream.end()
  expect(await (await call('/health')).json()).toMatchObject({ status: 'degraded', degraded: ['monitor'] })
  stream.close()
})

test('[ER2] an unknown address, a plain GET of the socket and a wrong body are problems with a code', async () => {
  const cases: [string, RequestInit, number, string][] = [
    ['/nowhere', {}, 404, 'not_found'],
    ['/ws/ai-stream', {}, 426, 'upgrade_required'],
    ['/api/sse/trigger-stream', { method: 'POST', body: '{' }, 400, 'bad_json'],
    ['/api/sse/trigger-stream', { method: 'POST', body: '{}' }, 400, 'bad_request'],
    ['/api/sse/trigger-stream', { method: 'POST', body: '{"prompt":"  "}' }, 400, 'empty_prompt'],
    ['/api/sse/trigger-stream', { method: 'POST', body: `"${'x'.repeat(LIMITS.bodyBytes)}"` }, 413, 'body_too_large'],
    ['/api/sse/trigger-stream', { method: 'POST', body: '{"prompt":"a","request_id":"a b"}' }, 400, 'bad_request'],
    ['/sse/ai-stream?subscriptions=nope', {}, 400, 'unknown_channel'],
  ]
  for (const [path, init, status, code] of cases) {
    const response = await call(path, init)
    expect([path, response.status]).toEqual([path, status])
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({ status, code, type: 'about:blank', title: expect.any(String) })
  }
})
