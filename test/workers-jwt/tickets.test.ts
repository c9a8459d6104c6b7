import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { base64url } from 'jose'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { Tickets } from '../../src/hub/tickets.ts'
import { ageTickets, ask, hubOf, keptTickets, newTicket, ticketFor } from './ticket-support.ts'
import { bearer, tokenOf } from './tokens.ts'
import { call, openSocket, openStream } from './witness.ts'

/** Uses a ticket where its user's conversations are listed. */
async function use(ticket: string, more = ''): Promise<number> {
  const response = await call(`/sessions?ticket=${ticket}${more}`)
  await response.text()
  return response.status
}

test('[ID8] a ticket stands for its caller once, on every kind of connection', async () => {
  const token = await tokenOf('ticket-user')
  await call('/sessions/new', { method: 'POST', headers: bearer(token), body: '{"title":"Ticket office"}' })
  const { ticket, expiresIn, cached } = await newTicket(bearer(token))
  expect({ expiresIn, cached }).toEqual({ expiresIn: 60, cached: 'no-store' })
  expect(await (await call(`/sessions?ticket=${ticket}`)).text()).toContain('Ticket office')
  const replayed = await call(`/sessions?ticket=${ticket}`)
  expect(replayed.status).toBe(401)
  expect(replayed.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(await replayed.json()).toMatchObject({ code: 'unauthorized' })

  const events = await ticketFor(token)
  const stream = await openStream(`/sse/ai-stream?ticket=${events}`, {})
  const second = await ticketFor(token)
  const socket = await openSocket(`ticket=${second}`, {})
  socket.say({ type: 'ai_request', prompt: 'By ticket', request_id: 'ticket-1' })
  await Promise.all([socket.end('ticket-1'), stream.end()])
  expect(await use(events)).toBe(401)
  expect((await call(`/ws/ai-stream?ticket=${second}`, { headers: { upgrade: 'websocket' } })).status).toBe(401)
  expect((await call('/api/requests/ticket-1', { headers: bearer(token) })).status).toBe(200)
  stream.close()
  socket.close()
})

test('[ID8] of many who bring a ticket at once, one is let in', async () => {
  const ticket = await ticketFor(await tokenOf('ticket-race'))
  const answers = await Promise.all(Array.from({ length: 8 }, () => use(ticket)))
  expect(answers.filter((status) => status === 200)).toHaveLength(1)
  expect(answers.filter((status) => status === 401)).toHaveLength(7)
})

test('[ID8] a ticket that was changed is none, and the one it was made of still is', async () => {
  const ticket = await ticketFor(await tokenOf('ticket-ann'))
  await ticketFor(await tokenOf('ticket-bob'))
  const [user = '', secret = ''] = ticket.split('.')
  const other = secret.startsWith('A') ? 'B' : 'A'
  const forged = [
    `${base64url.encode('ticket-bob')}.${secret}`,
    `${base64url.encode('ticket-nobody')}.${secret}`,
    `${user}.${other}${secret.slice(1)}`,
    `${user}.${secret.toLowerCase()}`,
    `${user}.`,
    `.${secret}`,
    secret,
    user,
    `${ticket}A`,
    `${ticket}.${secret}`,
    ` ${ticket}`,
    "' OR 1=1 --",
    'x'.repeat(5000),
  ]
  for (const one of forged) expect({ one, status: await use(encodeURIComponent(one)) }).toEqual({ one, status: 401 })
  // Asked for in somebody's name who never was, no hub is made.
  const tables = await runInDurableObject(hubOf('ticket-nobody'), (_, state) =>
    state.storage.sql.exec("SELECT count(*) n FROM sqlite_master WHERE name = 'hub'").one(),
  )
  expect(tables).toEqual({ n: 0 })
  expect(await use(ticket)).toBe(200)
})

test('[ID8] a ticket has its token’s rights', async () => {
  const op = await ticketFor(await tokenOf('ticket-op', { scope: 'operator' }))
  expect((await call(`/api/streaming/stats?ticket=${op}`)).status).toBe(200)
  const ordinary = await ticketFor(await tokenOf('ticket-op'))
  expect((await call(`/api/streaming/stats?ticket=${ordinary}`)).status).toBe(403)
  const named = await ticketFor(await tokenOf('ticket-op'))
  expect(await use(named, '&user_id=somebody-else')).toBe(403)
  // One ticket begets another of the same rights, no more.
  const first = await ticketFor(await tokenOf('ticket-op'))
  const response = await call(`/api/tickets?ticket=${first}`, { method: 'POST' }, ['ticket'])
  const { ticket } = z.object({ ticket: z.string() }).parse(await response.json())
  expect((await call(`/api/streaming/stats?ticket=${ticket}`)).status).toBe(403)
})

test('[ID9] a token beside a ticket wins, and the ticket is not used up', async () => {
  const ticket = await ticketFor(await tokenOf('ticket-beside'))
  const other = bearer(await tokenOf('token-beside'))
  expect((await call(`/sessions?ticket=${ticket}&user_id=ticket-beside`, { headers: other })).status).toBe(403)
  expect((await call(`/sessions?ticket=${ticket}`, { headers: bearer('none') })).status).toBe(401)
  // An endpoint for all does not look at it either.
  expect((await call(`/health?ticket=${ticket}`)).status).toBe(200)
  const second = await ticketFor(await tokenOf('ticket-beside'))
  const two = await call(`/sessions?ticket=${ticket}&ticket=${second}`)
  expect(two.headers.get('www-authenticate')).toContain('error="invalid_request"')
  expect(await use(ticket)).toBe(200)
})

test('[ID8][ID10] a ticket and what it opens end with its token', async () => {
  const user = 'ticket-short'
  const token = await tokenOf(user, { life: 1.9 })
  const { ticket, expiresIn } = await newTicket(bearer(token))
  expect(expiresIn).toBeLessThanOrEqual(1)
  const late = await ticketFor(token)
  const [stream, socket] = await Promise.all([
    openStream(`/sse/ai-stream?ticket=${ticket}`, {}),
    openSocket(`ticket=${await ticketFor(token)}`, {}),
  ])
  await Promise.all([stream.over(), socket.over()])
  expect(socket.closed).toMatchObject({ code: 4401 })
  expect(stream.all.at(-1)).toMatchObject({ id: null, type: 'error', data: { error_type: 'token_expired' } })
  // 60 s are not over, but its token is.
  expect(await use(late)).toBe(401)
})

test('[ID8] a ticket works for 60 s, and a hub that slept still knows it', async () => {
  const user = 'ticket-time'
  const token = await tokenOf(user)
  const young = await ticketFor(token)
  const old = await ticketFor(token)
  await evictDurableObject(hubOf(user))
  await ageTickets(user, 50_000)
  expect(await use(young)).toBe(200)
  await ageTickets(user, 10_000)
  expect(await use(old)).toBe(401)
})

test('[ID8] of a ticket the hub keeps a hash, and nothing once it is used', async () => {
  const user = 'ticket-hash'
  const ticket = await ticketFor(await tokenOf(user))
  const rows = await keptTickets(user)
  expect(rows).toHaveLength(1)
  for (const part of ticket.split('.')) expect(JSON.stringify(rows)).not.toContain(part)
  await use(ticket)
  expect(await keptTickets(user)).toEqual([])
})

test('[ID8][RL4] at most 100 are out unused, of one user', async () => {
  const user = 'ticket-many'
  const headers = bearer(await tokenOf(user))
  const first = await newTicket(headers)
  for (let i = 1; i < 100; i++) await newTicket(headers)
  const refused = await ask(headers)
  expect(refused.status).toBe(429)
  expect(await refused.json()).toMatchObject({ code: 'too_many_requests' })
  expect((await ask(bearer(await tokenOf('ticket-other')))).status).toBe(200)
  expect(await use(first.ticket)).toBe(200)
  await newTicket(headers)
  expect((await ask(headers)).status).toBe(429)
  await ageTickets(user, 60_000)
  await newTicket(headers)
  expect(await keptTickets(user)).toHaveLength(1)
})

test('[ID8] its times, to the millisecond', async () => {
  await runInDurableObject(hubOf('ticket-clock'), async (_, state) => {
    const sql = new Sql(state.storage)
    migrate(sql, { userId: 'ticket-clock', privateKey: null, epoch: 'n0' }, 0)
    const tickets = new Tickets(sql)
    const identity = { isOperator: true, expiresAt: 100_500 }
    const redeemed = (hash: string, expiresAt: number | null, at: number) => {
      tickets.issue(hash, { isOperator: true, expiresAt }, 1000)
      return tickets.redeem(hash, at)
    }
    expect(redeemed('a', 100_500, 60_999)).toEqual(identity)
    expect(redeemed('b', 100_500, 61_000)).toBeNull()
    expect(redeemed('c', null, 60_999)).toEqual({ isOperator: true, expiresAt: null })
    expect(redeemed('d', 1500, 1499)).toEqual({ isOperator: true, expiresAt: 1500 })
    expect(redeemed('e', 1500, 1500)).toBeNull()
    // One that came too late is used up all the same.
    expect(tickets.redeem('b', 2000)).toBeNull()
    await state.storage.deleteAll()
  })
})
