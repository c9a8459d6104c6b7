import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { bearer, SECRET, tokenOf, unsignedToken } from './tokens.ts'
import { call, openSocket } from './witness.ts'

const PATH = '/ws/ai-stream'
const hubOf = (user: string) => env.SESSION_HUB.getByName(`user:${user}`)

/** An upgrade that may be refused. */
function upgrade(headers: Record<string, string>, query = ''): Promise<Response> {
  return call(`${PATH}${query}`, { headers: { upgrade: 'websocket', ...headers } })
}

/** The socket of an upgrade is there, and is closed again. */
function accepted({ status, webSocket }: Response): boolean {
  webSocket?.accept()
  webSocket?.close(1000, 'seen')
  return status === 101
}

async function statusOf(requestId: string, token: string): Promise<unknown> {
  const response = await call(`/api/requests/${requestId}`, { headers: bearer(token) })
  const body = z.object({ status: z.union([z.string(), z.number()]) }).parse(await response.json())
  return body.status
}

function cancel(requestId: string, token: string): Promise<Response> {
  return call(`/api/requests/${requestId}/cancel`, { method: 'POST', headers: bearer(token) })
}

test('[ID9] a token comes as a header or as a subprotocol, of which only freshet.v1 is echoed', async () => {
  const token = await tokenOf('by-all-ways')
  const echoed = async (headers: Record<string, string>) => {
    const response = await upgrade(headers)
    expect(accepted(response)).toBe(true)
    return response.headers.get('sec-websocket-protocol')
  }
  expect(await echoed(bearer(token))).toBeNull()
  expect(await echoed({ ...bearer(token), 'sec-websocket-protocol': 'freshet.v1' })).toBe('freshet.v1')
  for (const offered of [
    `freshet.v1, bearer.${token}`,
    `bearer.${token},freshet.v1`,
    `x, bearer.${token}, freshet.v1`,
  ]) {
    expect(await echoed({ 'sec-websocket-protocol': offered })).toBe('freshet.v1')
  }
  expect(await echoed({ 'sec-websocket-protocol': `bearer.${token}` })).toBeNull()
})

test('[ID9] a socket is the user’s whose token it brought', async () => {
  const token = await tokenOf('socket-owner')
  const protocols = `freshet.v1, bearer.${token}`
  const socket = await openSocket('', { 'sec-websocket-protocol': protocols })
  socket.say({ type: 'ai_request', prompt: 'Mine alone', request_id: 'socket-1' })
  await socket.end('socket-1')
  expect(await statusOf('socket-1', token)).toBe('complete')
  expect(await statusOf('socket-1', await tokenOf('socket-other'))).toBe(404)
  socket.close()
})

test('[ID7][ID9] no upgrade without a good token', async () => {
  const good = await tokenOf('no-upgrade')
  const bad = [
    'bearer.',
    `bearer.${unsignedToken('no-upgrade')}`,
    `bearer.${await tokenOf('no-upgrade', { life: -60 })}`,
    `bearer.${await tokenOf('no-upgrade', { secret: 'a secret of somebody else, 32 bytes' })}`,
    `bearer.${SECRET}`,
    `BEARER.${good}`,
    good,
  ]
  for (const offered of bad) {
    const response = await upgrade({ 'sec-websocket-protocol': `freshet.v1, ${offered}` })
    expect(response).toMatchObject({ status: 401, webSocket: null })
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /)
    expect(await response.json()).toMatchObject({ code: 'unauthorized' })
  }
  // A token never comes from the address.
  expect((await upgrade({}, `?access_token=${good}&token=${good}`)).status).toBe(401)
  const two = await upgrade({ ...bearer(good), 'sec-websocket-protocol': `bearer.${await tokenOf('another')}` })
  expect(two.status).toBe(401)
  expect(two.headers.get('www-authenticate')).toContain('error="invalid_request"')
})

test('[ID4] a page of a foreign origin gets no socket, whatever token it has', async () => {
  const token = bearer(await tokenOf('of-pages'))
  for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'http://localhost:5173', 'null']) {
    const response = await upgrade({ ...token, origin })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'origin_not_allowed' })
  }
  for (const origin of ['https://app.example', 'http://freshet.test']) {
    expect(accepted(await upgrade({ ...token, origin }))).toBe(true)
  }
  // Who has neither is told nothing of origins.
  expect((await upgrade({ origin: 'https://evil.example' })).status).toBe(401)
})

test('[ID10] a socket is closed with 4401 at its token’s end; what it began goes on and is resumed with a new one', async () => {
  const user = 'short-lived'
  const life = 1.2
  const from = Date.now()
  const short = await tokenOf(user, { life })
  const long = await tokenOf(user)
  const socket = await openSocket('model_preference=endless', bearer(short))
  const other = await openSocket('', bearer(long))
  socket.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'short-1' })
  await socket.over()
  expect(socket.closed).toEqual({ code: 4401, reason: expect.stringContaining('token') })
  expect(Date.now() - from).toBeGreaterThanOrEqual(life * 1000 - 1)
  expect(Date.now() - from).toBeLessThan(life * 1000 + 5000)
  expect(socket.logged.some(({ type }) => type === 'chunk')).toBe(true)
  expect(await statusOf('short-1', long)).toBe('running')
  expect(other.closed).toBeNull()
  const last = socket.logged.at(-1)?.id
  const back = await openSocket(`last_event_id=${last}`, bearer(long))
  await back.until(() => back.logged.length > 3)
  await cancel('short-1', long)
  await Promise.all([back.end('short-1'), other.end('short-1')])
  const ids = (list: typeof other.logged) => list.map(({ id }) => id)
  expect(ids(other.logged)).toEqual([...ids(socket.logged), ...ids(back.logged)])
  for (const one of [back, other]) one.close()
})

test('[ID10][HB2] the alarm closes a socket at its token’s end while the hub sleeps, and no other', async () => {
  const user = 'short-asleep'
  const socket = await openSocket('', bearer(await tokenOf(user, { life: 1.2 })))
  const other = await openSocket('', bearer(await tokenOf(user)))
  await Promise.all([socket, other].map((one) => one.until((all) => all.length > 0)))
  await evictDurableObject(hubOf(user))
  await socket.over()
  expect(socket.closed).toMatchObject({ code: 4401 })
  other.say({ type: 'ping', timestamp: 1 })
  await other.until(() => other.bare.length > 0)
  const open = await runInDurableObject(hubOf(user), (_, state) =>
    state.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN),
  )
  expect(open).toHaveLength(1)
  other.close()
})

test('[ID10] a command that comes after the token’s end does nothing, though the alarm has not rung yet', async () => {
  const user = 'too-late'
  const token = await tokenOf(user)
  const socket = await openSocket('model_preference=endless', bearer(token))
  socket.say({ type: 'ai_request', prompt: 'Never ending', request_id: 'late-1' })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  const later = await tokenOf(user, { life: 5 })
  const short = await openSocket('', bearer(later))
  await short.until((all) => all.length > 0)
  await runInDurableObject(hubOf(user), (hub, state) => {
    const [own] = state.getWebSockets().filter((one) => expiryOf(one) < Date.now() + 60_000)
    if (own === undefined) throw new Error('there is no such socket')
    const real = Date.now
    Date.now = () => expiryOf(own)
    try {
      for (const frame of [
        { type: 'ai_request', prompt: 'Too late', request_id: 'late-2' },
        { type: 'cancel_request', request_id: 'late-1' },
        { type: 'update_preferences', preferences: { tone: 'late' } },
        { type: 'ping', timestamp: 1 },
      ]) {
        hub.webSocketMessage(own, JSON.stringify(frame))
      }
    } finally {
      Date.now = real
    }
  })
  await short.over()
  expect(short.closed).toMatchObject({ code: 4401 })
  expect(short.bare).toEqual([])
  expect(short.events.filter(({ data }) => 'preferences' in data || 'error' in data)).toEqual([])
  expect(await statusOf('late-2', token)).toBe(404)
  expect(await statusOf('late-1', token)).toBe('running')
  await cancel('late-1', token)
  socket.close()
})

const attachment = z.object({ expires_at: z.number() })

function expiryOf(socket: WebSocket): number {
  return attachment.parse(socket.deserializeAttachment()).expires_at
}
