import { describe, expect, it, onTestFinished } from 'vitest'
import * as z from 'zod'
import { type Ask, ROWS, type Row } from './endpoints.ts'
import { aUserWithAll, type Owned, putAway, textOf } from './owned.ts'
import { badTokens, bearer, tokenOf } from './tokens.ts'
import { call } from './witness.ts'

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        security: z.unknown().optional(),
        responses: z.record(z.string(), z.object({ headers: z.unknown().optional() })),
      }),
    ),
  ),
})

/** A call of an endpoint as HTTP. @param name method and address, as the rows have it */
function send(name: string, ask: Ask, headers: Record<string, string> = {}, method?: string): Promise<Response> {
  const [verb = '', template = ''] = name.split(' ')
  const path = template.replaceAll(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(ask.params?.[param] ?? ''))
  const query = new URLSearchParams(ask.query)
  // The ticket is for whoever asks for it; everything else of the answer is looked at.
  return call(
    `${path}?${query.toString()}`,
    {
      method: method ?? verb.toUpperCase(),
      headers: { ...ask.headers, ...headers },
      ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
    },
    ['ticket'],
  )
}

/** What every refusal of a caller is, in the shape of its dialect. */
async function expectRefusal(name: string, response: Response, status: 401 | 403): Promise<void> {
  const code = status === 401 ? 'unauthorized' : 'forbidden'
  const body: unknown = await response.json()
  const type = response.headers.get('content-type')
  expect({ name, status: response.status, body }).toMatchObject({ name, status })
  if (name.includes(' /v1/')) {
    expect(type).toBe('application/json; charset=utf-8')
    const kind = status === 401 ? 'authentication_error' : 'permission_error'
    expect(body).toEqual({ error: { message: expect.any(String), type: kind, param: null, code } })
  } else {
    expect(type).toBe('application/problem+json; charset=utf-8')
    const title = status === 401 ? 'Unauthorized' : 'Forbidden'
    expect(body).toEqual({ type: 'about:blank', title, status, detail: expect.any(String), code })
  }
  if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="freshet"/)
}

/** Calls an endpoint and says what was answered. */
async function answered(name: string, row: Row, ask: Ask, headers: Record<string, string>) {
  const response = await send(name, ask, headers)
  return { status: response.status, text: await textOf(response, row.until) }
}

async function anOwner(): Promise<Owned> {
  const owner = await aUserWithAll()
  onTestFinished(() => putAway(owner))
  return owner
}

const rows = Object.entries(ROWS)
const forCallers = rows.filter(([, { access }]) => access === undefined)
const forOperators = rows.filter(([, { access }]) => access === 'operator')
const forAll = rows.filter(([, { access }]) => access === 'public')

describe('who may call', () => {
  it('[ID7][DO1] every endpoint is in the table, and the document tells the same of who may call it', async () => {
    const { paths } = documentSchema.parse(await (await call('/openapi.json')).json())
    const told = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => [`${method} ${path}`, operation] as const),
    )
    expect(told.map(([name]) => name).toSorted()).toEqual(Object.keys(ROWS).toSorted())
    for (const [name, { security, responses }] of told) {
      const isPublic = ROWS[name]?.access === 'public'
      expect('401' in responses, name).toBe(!isPublic)
      expect('403' in responses, name).toBe(!isPublic)
      if (!isPublic) expect(responses['401']?.headers, name).toHaveProperty('WWW-Authenticate')
      const access = ROWS[name]?.access
      if (access === 'public') expect(security, name).toEqual([])
      else if (access === 'operator') expect(security, name).toContainEqual({ bearer: ['operator'] })
      else expect(security, name).toBeUndefined()
    }
  })

  it.each(forAll)('[ID7] anyone: %s', async (name, row) => {
    const tokens = await badTokens('somebody')
    for (const headers of [{}, bearer(await tokenOf('somebody')), ...Object.values(tokens).map(bearer)]) {
      const response = await send(name, row.own(NOBODY), headers)
      expect({ name, status: response.status }).toEqual({ name, status: 200 })
      await response.text()
    }
  })

  it.each([...forCallers, ...forOperators])('[ID7] nobody without a good token: %s', async (name, row) => {
    const ask = row.own(NOBODY)
    const none = await send(name, ask)
    await expectRefusal(name, none, 401)
    // Who sent none is told the realm alone (RFC 6750, section 3).
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="freshet"')
    // A name is not enough where tokens are asked for, nor is another scheme.
    for (const headers of [{ 'x-user-id': 'owner-1' }, { authorization: 'Basic b3duZXItMTpwdw==' }]) {
      await expectRefusal(name, await send(name, { ...ask, query: { ...ask.query, user_id: 'owner-1' } }, headers), 401)
    }
    for (const token of Object.values(await badTokens('owner-1'))) {
      const refused = await send(name, ask, bearer(token))
      await expectRefusal(name, refused, 401)
      expect(refused.headers.get('www-authenticate')).toMatch(/, error="invalid_token", error_description="[^"\\]+"$/)
    }
    await expectRefusal(name, await send(name, { ...ask, query: { ...ask.query, ticket: 'none' } }), 401)
    // A body that does not fit is not read for strangers.
    if (ask.body !== undefined) await expectRefusal(name, await send(name, { ...ask, body: [1] }), 401)
    if (name.startsWith('get')) expect((await send(name, ask, {}, 'HEAD')).status).toBe(401)
  })

  it.each(forCallers)('[ID7][CV1] what is another’s is not there: %s', async (name, row) => {
    const owner = await anOwner()
    const { status = 200, others = status, shows = false } = row
    const own = row.own(owner)
    const tries = [{ ask: own, status: others }, ...(row.tries?.(owner) ?? [])]
    for (const scope of ['', 'admin operators user:operator', 'operator']) {
      for (const one of tries) {
        // Each with a name of its own: what one of them has begun is not there for the next.
        const stranger = `stranger ${crypto.randomUUID()}`
        const answer = await answered(name, row, one.ask, bearer(await tokenOf(stranger, { scope })))
        const expected = scope === 'operator' && one.status === 403 ? 200 : one.status
        expect({ ask: one.ask, scope, ...answer }).toMatchObject({ status: expected })
        expect(answer.text).not.toContain(owner.word)
        if (one.says !== undefined) expect(answer.text).toMatch(one.says)
      }
    }
    // After all that it is there as it was, for its owner.
    const answer = await answered(name, row, own, bearer(owner.token))
    expect(answer).toMatchObject({ status })
    if (shows) expect(answer.text).toContain(owner.word)
  })

  it.each(forCallers)(
    '[ID7] a user_id that is not the token’s is refused, the same one is not: %s',
    async (name, row) => {
      const owner = await anOwner()
      const own = row.own(owner)
      const named = (user: string): Record<string, Ask> => ({
        header: { ...own, headers: { ...own.headers, 'x-user-id': user } },
        query: { ...own, query: { ...own.query, user_id: user } },
        ...(own.body !== undefined && { body: { ...own, body: { ...own.body, user_id: user } } }),
      })
      for (const token of [owner.token, await tokenOf(owner.user, { scope: 'operator' })]) {
        for (const ask of Object.values(named('somebody-else'))) {
          await expectRefusal(name, await send(name, ask, bearer(token)), 403)
        }
      }
      const { header, query, body } = named(owner.user)
      const same: Ask = {
        ...query,
        headers: { ...header?.headers },
        ...(body?.body !== undefined && { body: body.body }),
      }
      expect(await answered(name, row, same, bearer(owner.token))).toMatchObject({ status: row.status ?? 200 })
    },
  )

  it.each(forOperators)('[ID7] only the operator: %s', async (name, row) => {
    const owner = await anOwner()
    const ask = row.own(owner)
    for (const scope of ['', 'Operator', 'operators', 'admin user:operator']) {
      await expectRefusal(name, await send(name, ask, bearer(await tokenOf(owner.user, { scope }))), 403)
    }
    for (const scope of ['operator', 'read operator write']) {
      const answer = await answered(name, row, ask, bearer(await tokenOf('the-operator', { scope })))
      expect(answer.status).toBe(200)
    }
  })

  it('[ID7] the operator sees the hub that it names, else its own', async () => {
    const owner = await anOwner()
    const headers = bearer(await tokenOf(`op-of-${owner.user}`, { scope: 'operator' }))
    const epochOf = async (query: Record<string, string>) =>
      z.object({ epoch: z.string() }).parse(await (await send('get /debug/hub', { query }, headers)).json()).epoch
    expect(await epochOf({ user_id: owner.user })).toBe(owner.cursor.split('-')[0])
    expect(await epochOf({})).not.toBe(owner.cursor.split('-')[0])
  })

  it('[ID7] all conversations in use are for the operator, without a word of them', async () => {
    const owner = await anOwner()
    const ask = { query: { scope: 'all' } }
    await expectRefusal('get /sessions', await send('get /sessions', ask, bearer(owner.token)), 403)
    const op = bearer(await tokenOf('the-operator', { scope: 'operator' }))
    const { status, text } = await answered('get /sessions', { own: () => ask }, ask, op)
    expect({ status, text }).toEqual({ status: 200, text: expect.not.stringContaining(owner.word) })
  })

  it('[ID5] a page of an allowed origin may read why it was refused; preflights need no token', async () => {
    const origin = 'https://app.example'
    const refused = await call('/sessions', { headers: { origin } })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    const preflight = await call('/api/chat', { method: 'OPTIONS', headers: { origin, ...asked } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
    const foreign = await call('/sessions', { headers: { origin: 'https://evil.example' } })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('[ID7] a name that is not the token’s is refused wherever it stands, also where nothing is read of it', async () => {
    const ann = bearer(await tokenOf('ann'))
    const bob = JSON.stringify({ user_id: 'bob' })
    const calls: readonly [string, string, string | undefined][] = [
      ['POST', '/api/tickets', bob],
      ['POST', '/api/requests/r-1/cancel', bob],
      ['POST', '/sessions/s-1/clear', bob],
      ['DELETE', '/sessions/s-1', bob],
      ['POST', '/chat/stream', JSON.stringify({ message: 'Hello', user_id: 'bob' })],
      ['GET', '/api/todos?user_id=ann&user_id=bob', undefined],
      ['GET', '/v1/models/freshet/health?user_id=bob', undefined],
    ]
    for (const [method, path, body] of calls) {
      const response = await call(path, { method, headers: ann, ...(body !== undefined && { body }) })
      const told = JSON.stringify(await response.json())
      expect({ path, status: response.status, told }).toEqual({
        path,
        status: 403,
        told: expect.stringContaining('forbidden'),
      })
    }
    const own = await call('/api/requests/r-1/cancel', { method: 'POST', headers: ann, body: '{"user_id":"ann"}' })
    expect(own.status).toBe(404)
    await own.text()
  })
})

/** For calls that are refused before anything of them is looked at. */
const NOBODY: Owned = {
  user: 'nobody',
  token: '',
  word: '',
  conversation: 'none',
  ended: 'none',
  cursor: 'n0-1',
  chat: 'none',
  running: 'none',
  todo: 'none',
}
