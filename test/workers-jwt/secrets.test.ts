import { expect, test } from 'vitest'
import { aUserWithAll, putAway, textOf } from './owned.ts'
import { newTicket } from './ticket-support.ts'
import { bearer, SECRET, tokenOf } from './tokens.ts'
import { answers, call, leaksIn, logged } from './witness.ts'

test('[PR3][ID7] the check of this folder hears what is logged and answered, and knows a secret', async () => {
  const owner = await aUserWithAll()
  await putAway(owner)
  expect(logged.some((line) => line.includes('"d4"') || line.includes('d4'))).toBe(true)
  expect(answers().some((text) => text.includes(owner.word))).toBe(true)
  const { ticket } = await newTicket(bearer(owner.token))
  for (const secret of [SECRET, owner.token, owner.token.split('.')[2] ?? '', ticket, ticket.split('.')[1] ?? '']) {
    expect(leaksIn([`before ${secret} after`])).toHaveLength(1)
  }
  expect(leaksIn([owner.user, 'Bearer realm="freshet"'])).toEqual([])
})

test('[ID7][ER3] nothing of a token is told by anything that goes wrong', async () => {
  const user = 'goes-wrong'
  const token = await tokenOf(user)
  const { ticket } = await newTicket(bearer(token))
  const tries: readonly [string, RequestInit][] = [
    [`/nowhere?ticket=${ticket}&access_token=${token}`, { headers: bearer(token) }],
    [`/sessions/${token}`, { headers: bearer(token) }],
    [`/api/requests/${token.slice(-60)}`, { headers: bearer(token) }],
    [`/sse/ai-stream?subscriptions=${token}`, { headers: bearer(token) }],
    ['/sessions', { headers: { authorization: `Basic ${token}` } }],
    ['/sessions', { headers: { ...bearer(token), 'x-user-id': token } }],
    [`/sessions?user_id=${token.slice(-40)}`, { headers: bearer(token) }],
    ['/ws/ai-stream', { headers: { upgrade: 'websocket', 'sec-websocket-protocol': `bearer.${token}x` } }],
    ['/sessions', { headers: bearer(`${token}.${token}`) }],
    ['/sessions', { method: 'PUT', headers: bearer(token) }],
    ['/api/todos', { method: 'POST', headers: bearer(token), body: `{"item":1,"token":"${token}"}` }],
    ['/v1/chat/completions', { method: 'POST', headers: bearer(token), body: `{"${token}":` }],
    [`/v1/models/${token.slice(-40)}`, { headers: bearer(token) }],
  ]
  for (const [path, init] of tries) {
    const response = await call(path, init)
    expect(response.status).toBeGreaterThanOrEqual(400)
    await textOf(response)
  }
})
