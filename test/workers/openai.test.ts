import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { LIMITS } from '../../src/core/limits.ts'
import { app } from '../../src/edge/app.ts'
import { chunkSchema, modelListSchema, openAiErrorSchema } from '../../src/edge/schemas/openai.ts'
import { eventsOf } from '../support/event-stream.ts'
import { begun, bodyOf, complete, generations, post, read, stream, textOf } from './openai-support.ts'
import { call, debug, Socket, Stream } from './support.ts'

const PACED = { model: 'paced' }

test('[OA9][DO3] a call that does not stream gets the whole answer, as the document tells it', async () => {
  const answer = await post(bodyOf('Tell me of rivers'), { user: 'whole' })
  expect(answer.headers.get('content-type')).toContain('application/json')
  const { body, requestId, text } = await read(answer.clone())
  expect(body).toMatchObject({ model: 'freshet', object: 'chat.completion', choices: [{ finish_reason: 'stop' }] })
  expect(body).toEqual(await answer.json())
  expect(answer.headers.get('x-request-id')).toBe(requestId)
  expect(text.length).toBeGreaterThan(20)
  // Whole seconds.
  expect(Math.abs(z.object({ created: z.int() }).parse(body).created - Date.now() / 1000)).toBeLessThan(30)
})

test('[OA8][OA10][DO3] a stream: unnamed chunks as the document tells them, the usage if asked, then [DONE]', async () => {
  const body = { ...PACED, stream: true, stream_options: { include_usage: true } }
  const response = await post(bodyOf('Tell me', body), { user: 'chunks' })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
  const blocks = eventsOf(await response.text())
  expect(blocks.map(({ event }) => event).filter((name) => name !== undefined)).toEqual([])
  expect(blocks.at(-1)?.data).toBe('[DONE]')
  const chunks = blocks.slice(0, -1).map(({ data }) => {
    const chunk: unknown = JSON.parse(data)
    const parsed = chunkSchema.parse(chunk)
    expect(parsed).toEqual(chunk)
    return parsed
  })
  expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
  expect(new Set(chunks.map(({ model }) => model))).toEqual(new Set(['paced']))
  expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual(chunks.slice(1).map(() => null))
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 80 } })
  expect(response.headers.get('x-request-id')).toBe(chunks[0]?.id.replace('chatcmpl-', ''))
})

test('[OA13][DI6] an answer is found again by its id: while it is written, live, and when it is whole', async () => {
  const first = await stream('Tell me', PACED, { user: 'again' })
  const id = await begun(first)
  const asked = { headers: { 'x-user-id': 'again' } }
  const waiting = call(`/v1/chat/completions/${id}`, asked)
  const second = await Stream.open(`/v1/chat/completions/${id}?stream=true&include_usage=true`, asked.headers)
  await Promise.all([first.over(), second.over()])
  const whole = await read(await waiting)
  expect(whole).toMatchObject({ id, model: 'freshet', text: textOf(first) })
  expect(textOf(second)).toBe(whole.text)
  expect(second.all.at(-1)?.data['usage']).toMatchObject({ completion_tokens: 80 })
  const last = await call(`/v1/chat/completions/${id}?stream=true`, asked)
  expect(textOf(second)).toBe(textOfWire(await last.text()))
  expect((await read(await call(`/v1/chat/completions/${id.replace('chatcmpl-', '')}`, asked))).body).toEqual(
    whole.body,
  )
  expect(await generations('again')).toBe(1)
  // Somebody else's is not there.
  expect((await call(`/v1/chat/completions/${id}`, { headers: { 'x-user-id': 'other' } })).status).toBe(404)
})

function textOfWire(wire: string): string {
  return eventsOf(wire)
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => chunkSchema.parse(JSON.parse(data)).choices[0]?.delta.content ?? '')
    .join('')
}

test('[ID2] a caller without a name has a hub for each call, and finds its answer by the id alone', async () => {
  const [one, two] = await Promise.all([complete(bodyOf('Alone')), complete(bodyOf('Alone'))])
  expect(one.requestId.slice(0, 33)).toMatch(/^p[0-9a-f]{32}$/)
  expect(one.requestId.slice(0, 33)).not.toBe(two.requestId.slice(0, 33))
  expect((await read(await call(`/v1/chat/completions/${one.id}`))).text).toBe(one.text)
  const streamed = await stream('Alone again')
  await streamed.over()
  const found = await read(await call(`/v1/chat/completions/${await begun(streamed)}`))
  expect(found.text).toBe(textOf(streamed))
  // An Authorization that any client must send is nobody's name.
  const bearer = await complete(bodyOf('Alone'), { headers: { authorization: 'Bearer sk-any' } })
  expect(bearer.requestId.slice(0, 33)).toMatch(/^p[0-9a-f]{32}$/)
})

test('[ID6][GE3] without a name, an Idempotency-Key of its own leads to the same generation again', async () => {
  const headers = { 'idempotency-key': 'key-of-more-than-sixteen' }
  const [one, two] = await Promise.all([
    complete(bodyOf('Once', PACED), { headers }),
    complete(bodyOf('Once', PACED), { headers }),
  ])
  expect(one.id).toBe('chatcmpl-key-of-more-than-sixteen')
  expect(two.body).toEqual(one.body)
  expect((await read(await call(`/v1/chat/completions/${one.id}`))).text).toBe(one.text)
})

test('[GE3] the same id twice is one generation, by body or by header; with another prompt it is refused', async () => {
  const user = 'idempotent'
  const one = await complete(bodyOf('Once', { request_id: 'once-1' }), { user })
  const two = await complete(bodyOf('Once'), { user, headers: { 'idempotency-key': 'once-1' } })
  expect(two.body).toEqual(one.body)
  expect(await generations(user)).toBe(1)
  const other = await post(bodyOf('Twice', { request_id: 'once-1' }), { user })
  expect([other.status, await codeOf(other)]).toEqual([422, 'request_id_reused'])
})

test('[DI4] whoever brings a cursor goes on, from the request’s start, and nothing is run', async () => {
  const user = 'resumes'
  const first = await stream('Tell me', PACED, { user })
  await first.until((all) => all.length > 3)
  const cursor = first.all[2]?.id ?? ''
  first.close()
  await first.over()
  const body = bodyOf('Tell me', { ...PACED, stream: true })
  const resumed = await post(body, { user, headers: { 'last-event-id': cursor } })
  const wire = await resumed.text()
  const [id] = eventsOf(wire).flatMap(({ data }) => (data === '[DONE]' ? [] : [String(JSON.parse(data).id)]))
  expect(textOfWire(wire)).toBe((await read(await call(`/v1/chat/completions/${id}?user_id=${user}`))).text)
  const end = eventsOf(wire).at(-1)?.id ?? ''
  expect((await post(body, { user, headers: { 'last-event-id': end } })).status).toBe(204)
  expect(await generations(user)).toBe(1)
})

test('[GE2] an answer goes on when the caller that waited for it has gone', async () => {
  const user = 'left'
  const abort = new AbortController()
  const lost = post(bodyOf('Go on', { ...PACED, request_id: 'left-1' }), { user, signal: abort.signal })
  while ((await call(`/api/requests/left-1?user_id=${user}`)).status !== 200);
  abort.abort()
  await expect(lost).rejects.toThrow()
  const whole = await read(await call(`/v1/chat/completions/chatcmpl-left-1?user_id=${user}`))
  expect(whole.text.length).toBeGreaterThan(100)
})

test('[GE6] a hub that dies while a caller waits: the caller is told at once that the answer was interrupted', async () => {
  const user = 'dies-waiting'
  const waiting = post(bodyOf('Never ending', { model: 'endless', request_id: 'w-1' }), { user })
  while ((await call(`/api/requests/w-1?user_id=${user}`)).status !== 200);
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub, (_, state) => state.abort('as a deploy does')).catch(() => undefined)
  const response = await waiting
  expect([response.status, await codeOf(response)]).toEqual([503, 'interrupted'])
  expect(response.headers.get('x-should-retry')).toBe('false')
})

test('[OA12] an answer that ended in an error says so with its status, and that it need not be tried again', async () => {
  const body = bodyOf('Slow', { model: 'endless', config: { timeout: 0.3 }, request_id: 'slow-1' })
  for (const response of [
    await post(body, { user: 'slow' }),
    await call('/v1/chat/completions/chatcmpl-slow-1?user_id=slow'),
  ]) {
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([504, 'false'])
    expect(response.headers.get('x-request-id')).toBe('slow-1')
    expect(await codeOf(response)).toBe('timeout')
  }
  const streamed = await call('/v1/chat/completions/slow-1?user_id=slow&stream=true')
  const blocks = eventsOf(await streamed.text())
  expect(openAiErrorSchema.parse(JSON.parse(blocks.at(-1)?.data ?? '')).error.code).toBe('timeout')
})

test('[GE9] too many at a time are refused, and that may be tried again', async () => {
  const user = 'busy'
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  for (let i = 0; i < 8; i++) socket.say({ type: 'ai_request', prompt: `Number ${i}`, request_id: `busy-${i}` })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'stream_start').length === 8)
  const refused = await post(bodyOf('One more'), { user })
  expect([refused.status, await codeOf(refused)]).toEqual([429, 'too_many_requests'])
  expect([refused.headers.get('retry-after'), refused.headers.get('x-should-retry')]).toEqual(['1', null])
  for (let i = 0; i < 8; i++) socket.say({ type: 'cancel_request', request_id: `busy-${i}` })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'stream_end').length === 8)
  socket.close()
})

async function codeOf(response: Response): Promise<string> {
  return openAiErrorSchema.parse(await response.json()).error.code
}

test('[OA12] under /v1 every refusal is an error of OpenAI, also of addresses that are not there', async () => {
  const path = '/v1/chat/completions'
  const asked = (more: object, headers: Record<string, string> = {}) =>
    [path, { method: 'POST', headers, body: bodyOf('Hello', more) }] as const
  const cases: readonly (readonly [number, string, string, RequestInit?])[] = [
    [404, 'not_found', '/v1'],
    [404, 'not_found', '/v1/nothing', { method: 'POST', body: '{}' }],
    [404, 'not_found', '/v1/models/freshet/health', { method: 'POST' }],
    [405, 'method_not_allowed', path],
    [405, 'method_not_allowed', '/v1/models', { method: 'DELETE' }],
    [400, 'bad_json', path, { method: 'POST', body: '{' }],
    [400, 'bad_request', path, { method: 'POST', body: '[]' }],
    [400, 'bad_request', ...asked({ n: 2 })],
    [400, 'bad_request', ...asked({}, { 'idempotency-key': 'a b' })],
    [400, 'bad_request', ...asked({ user_id: 7 })],
    [400, 'empty_prompt', path, { method: 'POST', body: bodyOf(' ') }],
    [400, 'invalid_user_id', ...asked({ user_id: 'x'.repeat(LIMITS.userIdChars + 1) })],
    [400, 'invalid_user_id', '/v1/chat/completions/x', { headers: { 'x-user-id': 'x'.repeat(200) } }],
    [413, 'prompt_too_long', path, { method: 'POST', body: bodyOf('x'.repeat(LIMITS.promptChars + 1)) }],
    [413, 'body_too_large', path, { method: 'POST', body: 'x'.repeat(LIMITS.bodyBytes + 1) }],
    [403, 'origin_not_allowed', ...asked({}, { origin: 'https://elsewhere.example' })],
    [404, 'model_not_found', ...asked({ model: 'freshet/nobody' })],
    [404, 'model_not_found', '/v1/models/nobody'],
    [404, 'model_not_found', '/v1/models/freshet/nobody/at/all'],
    [404, 'request_not_found', '/v1/chat/completions/chatcmpl-nothing'],
    [404, 'request_not_found', '/v1/chat/completions/chatcmpl-nothing?stream=true'],
    [404, 'request_not_found', '/v1/chat/completions/no%20id'],
  ]
  for (const [status, code, address, init] of cases) {
    const response = await call(address, init)
    const body: unknown = await response.json()
    expect([response.status, response.headers.get('content-type')], address).toEqual([
      status,
      'application/json; charset=utf-8',
    ])
    const { error } = openAiErrorSchema.parse(body)
    expect(body, address).toEqual({ error })
    expect(error.code, address).toBe(code)
    expect(error.message).toMatch(/^.{10,400}\.$/s)
  }
  expect((await call(path)).headers.get('allow')).toBe('POST')
  // Beside it a problem stays a problem.
  expect(await (await call('/v1x')).json()).toMatchObject({ code: 'not_found', status: 404 })
})

test('[OA12][ER3] under /v1 an unexpected exception and a senseless configuration are errors of OpenAI too', async () => {
  const broken = {
    ...env,
    SESSION_HUB: {
      getByName: () => {
        throw new TypeError('SECRETMARK')
      },
    },
  }
  const failed = await app.request('/v1/chat/completions', { method: 'POST', body: bodyOf('Hello') }, broken)
  const text = await failed.text()
  expect([failed.status, openAiErrorSchema.parse(JSON.parse(text)).error.code]).toEqual([500, 'internal'])
  expect(text).not.toContain('SECRETMARK')
  // Nothing has run yet, so its client may try again.
  expect(failed.headers.get('x-should-retry')).toBeNull()
  const senseless = await app.request('/v1/models', {}, { ...env, SSE_HEARTBEAT_S: 'often' })
  expect([senseless.status, await codeOf(senseless)]).toEqual([500, 'config_invalid'])
})

test('[OA14] models are the router, the agents and those of the providers, by names with slashes too', async () => {
  const { data } = modelListSchema.parse(await (await call('/v1/models')).json())
  expect(data.map(({ id }) => id)).toEqual(['freshet', 'freshet/health', 'freshet/todo', 'freshet-embedded-1'])
  for (const name of ['freshet', 'freshet%2Fhealth', 'freshet/health', 'freshet/todo', 'freshet-embedded-1']) {
    const model: unknown = await (await call(`/v1/models/${name}`)).json()
    expect(model).toEqual({ id: decodeURIComponent(name), object: 'model', created: 0, owned_by: 'freshet' })
  }
  expect((await call('/v1/models/freshet/health', { method: 'HEAD' })).status).toBe(200)
})

test('[OA3] each model that is listed can be asked', async () => {
  const { data } = modelListSchema.parse(await (await call('/v1/models')).json())
  for (const { id } of data) {
    const answer = await complete(bodyOf('How much sleep is enough?', { model: id }), { user: 'asks-all' })
    expect(answer.model).toBe(id)
    expect(answer.text.length).toBeGreaterThan(20)
  }
})

test('[SB3] HEAD of an answer’s stream opens no connection; a foreign page begins nothing', async () => {
  const user = 'd6-heads'
  await complete(bodyOf('Hello', { request_id: 'head-1' }), { user })
  const head = await call(`/v1/chat/completions/head-1?stream=true&user_id=${user}`, { method: 'HEAD' })
  expect(head.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect((await debug(user)).connections).toBe(0)
  await post(bodyOf('Hello again'), { user, headers: { origin: 'https://elsewhere.example' } })
  expect(await generations(user)).toBe(1)
})
