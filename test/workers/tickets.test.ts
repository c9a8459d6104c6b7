import { expect, test } from 'vitest'
import * as z from 'zod'
import { call, debug, Socket, Stream } from './support.ts'

const answerSchema = z.object({ ticket: z.string(), expires_in: z.literal(60) })

async function ticketOf(user: string): Promise<string> {
  const response = await call('/api/tickets', { method: 'POST', headers: { 'x-user-id': user } })
  expect(response.headers.get('cache-control')).toBe('no-store')
  return answerSchema.parse(await response.json()).ticket
}

test('[ID8] in open mode too a ticket stands for a named user, once', async () => {
  const user = 'open-tickets'
  const socket = await Socket.open(`ticket=${await ticketOf(user)}`)
  const ticket = await ticketOf(user)
  const stream = await Stream.open(`/sse/ai-stream?ticket=${ticket}`)
  socket.say({ type: 'ai_request', prompt: 'By ticket', request_id: 'open-1' })
  await Promise.all([socket.end('open-1'), stream.end()])
  expect((await call(`/api/requests/open-1?user_id=${user}`)).status).toBe(200)
  expect((await debug(user)).connections).toBe(2)
  const replayed = await call(`/sse/ai-stream?ticket=${ticket}`)
  expect(replayed.status).toBe(401)
  expect(replayed.headers.get('www-authenticate')).toMatch(/^Bearer realm="freshet", error="invalid_token"/)
  expect(await replayed.json()).toMatchObject({ code: 'unauthorized' })
  socket.close()
  stream.close()
})

test('[ID8] in open mode whoever brings a ticket is its user, and nobody else', async () => {
  const user = 'open-ticket-owner'
  const other = { headers: { 'x-user-id': 'open-ticket-other' } }
  const refused = await call(`/sessions?ticket=${await ticketOf(user)}`, other)
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({ code: 'forbidden' })
  expect((await call(`/sessions?ticket=${await ticketOf(user)}&user_id=${user}`)).status).toBe(200)
  // Everyone has the operator's rights here, and so has a ticket.
  expect((await call(`/debug/hub?ticket=${await ticketOf(user)}&user_id=${user}`)).status).toBe(200)
  expect((await call(`/sessions?ticket=&user_id=${user}`)).status).toBe(200)
  expect((await call('/sessions?ticket=made-up')).status).toBe(401)
})

test('[ID8] a ticket is for a user with a name', async () => {
  const response = await call('/api/tickets', { method: 'POST' })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'bad_request', detail: expect.stringContaining('X-User-Id') })
})
