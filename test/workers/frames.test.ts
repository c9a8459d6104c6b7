import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { debug, Socket } from './support.ts'

const errors = (socket: Socket) => socket.events.filter(({ event_type }) => event_type === 'error')

test('[CM1] nothing that a client can send takes the hub down or changes anything', async () => {
  const user = 'hostile'
  const socket = await Socket.open(`user_id=${user}`)
  await socket.until((all) => all.length > 0)
  const before = await debug(user)
  const deep = (n: number) => `${'['.repeat(n)}${']'.repeat(n)}`
  const frames = [
    `{"type":"ping","timestamp":${deep(5000)}}`,
    `{"type":"update_preferences","preferences":{"a":${deep(5000)}}}`,
    `{"type":"update_preferences","preferences":{"a":"${'x'.repeat(5000)}"}}`,
    '{',
    'null',
    '[]',
    '"ai_request"',
    '{"type":"__proto__"}',
    '{"type":"ai_request"}',
    '{"type":"ai_request","prompt":""}',
    '{"type":"ai_request","prompt":" \\n\\t"}',
    '{"type":"ai_request","prompt":7}',
    '{"type":"ai_request","prompt":"a","request_id":"has blanks"}',
    '{"type":"ai_request","prompt":"a","config":{"timeout":-1}}',
    '{"type":"ai_request","prompt":"a","config":{"routing_strategy":"luck"}}',
    `{"type":"ai_request","prompt":"${'x'.repeat(200_001)}"}`,
    '{"type":"cancel_request"}',
    '{"type":"cancel_request","request_id":"unknown"}',
    'x'.repeat(1_100_000),
  ]
  for (const [i, frame] of frames.entries()) {
    socket.say(frame)
    await socket.until(() => errors(socket).length === i + 1)
  }
  socket.socket.send(new Uint8Array([1, 2, 3]))
  await socket.until(() => errors(socket).length === frames.length + 1)
  for (const { id, request_id, data } of errors(socket)) {
    expect([id, request_id, data['request_id']]).toEqual([null, null, null])
    expect(data).toMatchObject({ error: expect.stringMatching(/\w/), error_type: expect.stringMatching(/^[a-z_]+$/) })
  }
  expect(errors(socket)[frames.length - 2]?.metadata).toEqual({ about_request_id: 'unknown' })
  expect(await debug(user)).toEqual(before)
  socket.close()
})

test('[FO3] the runtime tells how much a socket has yet to send: without that a dead reader has no bound', async () => {
  const socket = await Socket.open('user_id=buffered')
  const told = await runInDurableObject(env.SESSION_HUB.getByName('user:buffered'), (_, state) =>
    state.getWebSockets().map(({ bufferedAmount }) => typeof bufferedAmount),
  )
  expect(told).toEqual(['number'])
  socket.close()
})
