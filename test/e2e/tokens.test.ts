import { expect, onTestFinished, test } from 'vitest'
import { createFreshetClient } from '../../src/client/freshet-client.ts'
import { type IssuerKey, issuerKey, KeyServer } from '../edge/auth/key-server.ts'
import { tokenOf } from '../edge/auth/tokens.ts'
import { getJson, postJson } from '../support/client-http.ts'
import { polled } from '../support/client-inbox.ts'
import { SseClient } from '../support/client-sse.ts'
import { WsClient } from '../support/client-ws.ts'
import { type ServerOptions, startServer } from '../support/server.ts'

async function service(vars: NonNullable<ServerOptions['vars']>) {
  const server = await startServer({ vars: { AUTH_MODE: 'jwt', ...vars } })
  onTestFinished(() => server.stop())
  return server
}

function tokenBy(key: IssuerKey, user: string, life = 600): Promise<string> {
  const claims = { sub: user, exp: Date.now() / 1000 + life, iss: 'https://issuer.example' }
  return tokenOf(claims, key.sign, { alg: key.alg, kid: key.kid })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('[ID3][CF1] tokens that could not be checked stop the service at its first request', async () => {
  const short = 'hunter2-is-too-short'
  for (const vars of [{}, { JWT_SECRET: short }]) {
    const server = await service(vars)
    const { url } = server
    for (const path of ['/health', '/sessions', '/v1/models']) {
      const { status, body } = await getJson(`${url}${path}`, bearer('x'))
      expect(status).toBe(500)
      expect(JSON.stringify(body)).toContain('config_invalid')
      expect(JSON.stringify(body)).toContain('JWT_SECRET')
      expect(JSON.stringify(body)).not.toContain(short)
    }
    const socket = new WsClient(`${url}/ws/ai-stream`)
    expect(await socket.inbox.end).toMatch(/^1011 .*JWT_SECRET/)
    // The operator reads why where the service runs, without the value.
    await polled(
      async () => server.output,
      (output) => output.includes('JWT_SECRET'),
      5000,
    )
    expect(server.output).not.toContain(short)
  }
})

test('[ID7] keys of an issuer are fetched, kept, and looked for again when a new one signs', {
  timeout: 120_000,
}, async () => {
  const [first, second, stranger] = await Promise.all(['k-1', 'k-2', 'k-3'].map((kid) => issuerKey('ES256', kid)))
  if (first === undefined || second === undefined || stranger === undefined) throw new Error('no keys')
  const keys = await KeyServer.start()
  onTestFinished(() => keys.stop())
  keys.publish(first.jwk)
  const server = await service({ JWKS_URL: keys.url.href, JWT_ISSUER: 'https://issuer.example' })
  const { url } = server
  const ask = async (token: string) => (await getJson(`${url}/sessions`, bearer(token))).status

  // While nobody brings a token, nobody is asked for keys.
  expect((await getJson(`${url}/sessions`)).status).toBe(401)
  expect(keys.calls).toBe(0)
  const old = await tokenBy(first, 'ann')
  expect(await ask(old)).toBe(200)
  for (let i = 0; i < 5; i++) expect(await ask(old)).toBe(200)
  expect(keys.calls).toBe(1)

  // The issuer changes its key: the new one counts from its first token on, and the old one goes.
  keys.publish(second.jwk)
  const young = await tokenBy(second, 'ann')
  expect(await ask(young)).toBe(200)
  expect(keys.calls).toBe(2)
  expect(await ask(old)).toBe(401)
  for (let i = 0; i < 10; i++) expect(await ask(await tokenBy(stranger, 'ann'))).toBe(401)
  expect(keys.calls).toBeLessThanOrEqual(6)

  // By ticket and by subprotocol too, in a service of its own, and what it prints holds none of it.
  const given = await postJson(`${url}/api/tickets`, '', bearer(young))
  const ticket = String(given.body['ticket'])
  const events = await SseClient.open(`${url}/sse/ai-stream?ticket=${ticket}`, {})
  await events.until(({ event }) => event === 'connection')
  expect((await getJson(`${url}/sse/ai-stream?ticket=${ticket}`)).status).toBe(401)
  const socket = new WsClient(`${url}/ws/ai-stream`, ['freshet.v1', `bearer.${await tokenBy(second, 'ann', 2)}`])
  await socket.until(({ event_type }) => event_type === 'connection_status')
  expect(socket.socket.protocol).toBe('freshet.v1')
  socket.send('ping')
  expect(await socket.inbox.end).toMatch(/^4401 /)
  events.cut()
  for (const secret of [young, old, ticket]) expect(server.output).not.toContain(secret)
})

test('[ID7] while the keys cannot be had it is 503, and no token is called bad', async () => {
  const key = await issuerKey('ES256', 'k-1')
  const keys = await KeyServer.start()
  onTestFinished(() => keys.stop())
  keys.answer({ status: 500, body: '' })
  const { url } = await service({ JWKS_URL: keys.url.href })
  const token = await tokenBy(key, 'ann')
  const refused = await getJson(`${url}/sessions`, bearer(token))
  expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect((await getJson(`${url}/health`)).status).toBe(200)
  const socket = new WsClient(`${url}/ws/ai-stream`, [], bearer(token))
  expect(await socket.inbox.end).toMatch(/^1011 /)
  keys.publish(key.jwk)
  await polled(
    async () => (await getJson(`${url}/sessions`, bearer(token))).status,
    (status) => status === 200,
    15_000,
  )
})

test('[ID10][ID12][CL19] who has sent any frame sees its connection end within 2 s of its token', async () => {
  const secret = 'hunter2-is-no-secret-but-32-bytes'
  const { url } = await service({ JWT_SECRET: secret })
  const key = new TextEncoder().encode(secret)
  const expiresAt = Date.now() + 3000
  const token = await tokenOf({ sub: 'ann', exp: expiresAt / 1000 }, key)
  const frames = ['ping', { type: 'ping', timestamp: null }, { type: 'no such type' }]
  const sockets = await Promise.all(frames.map(() => WsClient.open(`${url}/ws/ai-stream`, bearer(token))))
  for (const [i, socket] of sockets.entries()) socket.send(frames[i])

  // The client of ours, which asks for nothing, and Node's own WebSocket, which waits for TCP to end too.
  class WithToken extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, [protocols ?? [], `bearer.${token}`].flat())
    }
  }
  const client = createFreshetClient({ baseUrl: url, userId: 'ann', transport: 'websocket', WebSocket: WithToken })
  onTestFinished(() => client.stop())
  const refused = new Promise<number>((resolve) => {
    client.subscribe(() => {
      const { connection } = client.getState()
      if (connection.status === 'closed' && connection.reason === 'refused') resolve(Date.now())
    })
  })
  client.start()

  const ends = await Promise.all([
    refused,
    ...sockets.map(async ({ inbox }) => {
      expect(await inbox.end).toMatch(/^4401 /)
      return Date.now()
    }),
  ])
  for (const at of ends) {
    expect(at).toBeGreaterThan(expiresAt - 100)
    expect(at).toBeLessThan(expiresAt + 2000)
  }
})
