import { expect, test } from 'vitest'
import { call, Socket, Stream, wholeLog } from '../workers/support.ts'
import { settled } from '../workers-windows/starts.ts'
import { aUser } from './asking.ts'

/** MAX_CONNECTIONS_PER_USER of this project. */
const PLACES = 20

const parts = [{ type: 'text', text: 'Hello' }]
/** Every call that begins a generation and streams it. */
const STREAMED: readonly (readonly [string, (n: number) => object])[] = [
  ['/api/chat/message', (n) => ({ message: `Number ${n}`, agent: 'assistant', session_id: `s-${n}` })],
  ['/chat/stream', (n) => ({ message: `Number ${n}` })],
  ['/api/todos/agent-create/stream', (n) => ({ messages: [{ role: 'user', content: `Hello ${n}` }] })],
  ['/v1/chat/completions', (n) => ({ model: 'freshet', messages: [{ role: 'user', content: `${n}` }], stream: true })],
  ['/api/chat', (n) => ({ id: `chat-${n}`, messages: [{ id: `m-${n}`, role: 'user', parts }] })],
]

function post(user: string, path: string, body: object): Promise<Response> {
  return call(path, { method: 'POST', headers: { 'x-user-id': user }, body: JSON.stringify(body) })
}

async function watching(user: string, count: number): Promise<readonly Socket[]> {
  return Promise.all(Array.from({ length: count }, () => Socket.open(`user_id=${user}`)))
}

async function begun(user: string): Promise<number> {
  return (await wholeLog(user)).filter(({ type }) => type === 'stream_start').length
}

test('[RL1][FO1] without a place for its stream nothing begins: no prompt runs that its caller was refused', async () => {
  const user = aUser()
  const sockets = await watching(user, PLACES)
  const before = await settled(user)
  for (const [path, bodyOf] of STREAMED) {
    const response = await post(user, path, bodyOf(1))
    expect({ path, status: response.status }).toEqual({ path, status: 429 })
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.text()).toContain('"code":"too_many_connections"')
    expect(await settled(user)).toEqual(before)
  }
  // What needs no connection is answered.
  const whole = await post(user, '/v1/chat/completions', {
    model: 'freshet',
    messages: [{ role: 'user', content: 'a' }],
  })
  expect(whole.status).toBe(200)
  for (const socket of sockets) socket.close()
})

test('[RL1][FO1] of many at once as many begin as there are places, and each of these gets its stream', async () => {
  const user = aUser()
  const sockets = await watching(user, PLACES - 3)
  const calls = Array.from({ length: 15 }, (_, n) => {
    const [path, bodyOf] = STREAMED[n % STREAMED.length] ?? ['', () => ({})]
    return post(user, path, bodyOf(n))
  })
  const responses = await Promise.all(calls)
  const refused = await Promise.all(responses.filter(({ status }) => status === 429).map((one) => one.text()))
  for (const text of refused) expect(text).toContain('"code":"too_many_connections"')
  const answered = responses.filter(({ status }) => status === 200)
  expect(answered.length + refused.length).toBe(15)
  // Places come free again while answers end.
  expect(answered.length).toBeGreaterThanOrEqual(3)
  for (const one of answered) expect(await one.text()).toMatch(/complete|\[DONE\]|history|done/)
  for (const socket of sockets) socket.close()
  await Promise.all(sockets.map((socket) => socket.over()))
  expect(await begun(user)).toBe(answered.length)
})

test('[RL1][GE11] a caller that leaves before its stream is there keeps no place', async () => {
  const user = aUser()
  const sockets = await watching(user, PLACES - 1)
  for (let n = 0; n < 5; n++) {
    const stream = await Stream.open(
      '/chat/stream',
      { 'x-user-id': user },
      {
        method: 'POST',
        body: JSON.stringify({ message: `Number ${n}` }),
      },
    )
    await stream.over()
    while ((await (await call(`/debug/hub?user_id=${user}`)).json<{ connections: number }>()).connections >= PLACES);
  }
  for (const socket of sockets) socket.close()
})
