import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { FreshetError, shown } from '../../src/core/errors.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { EdgeEnv } from '../../src/edge/context.ts'
import { endpoint, type Route } from '../../src/edge/endpoint.ts'
import { problem } from '../../src/edge/problem.ts'
import { jsonResponse } from '../../src/edge/schemas/responses.ts'
import { readConfig } from '../../src/env.ts'

const about = { tag: 'About', summary: 'For a test', responses: { 200: jsonResponse(z.unknown(), 'Fine.') } } as const

/** An app with the endpoints that `add` adds, with the service's own shape of errors. */
function appOf(add: (routes: Hono<EdgeEnv>) => void): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>()
  add(routes)
  const app = new Hono<EdgeEnv>()
  app.use(async (c, next) => {
    c.set('config', readConfig(env))
    await next()
  })
  app.route('/', routes)
  app.onError((error) => {
    const { code, message } = shown(error)
    return problem(code, message)
  })
  return app
}

const echo = appOf((routes) =>
  endpoint(
    routes,
    {
      ...about,
      method: 'post',
      path: '/things/{thing_id}/{part}',
      request: {
        params: z.object({ thing_id: z.string().max(5), part: z.string() }),
        query: z.object({ n: z.coerce.number().default(3), language: z.string().optional() }),
        headers: z.object({ 'X-Word': z.string().min(3).optional() }),
        body: z.object({ text: z.string(), more: z.json().optional() }),
      },
    },
    (c, { params, query, headers, body }) => {
      // The types are those of the schemas: these lines would not compile otherwise.
      const sum: number = query.n + 1
      const words: string = params.thing_id + body.text
      return c.json({ sum, words, params, query, headers, body })
    },
  ),
)

function post(path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return Promise.resolve(echo.request(path, { method: 'POST', body, headers }))
}

describe('an endpoint', () => {
  it('[DO1] gives its handler what its schemas made of each part, whatever the content type', async () => {
    const headers = { 'x-WORD': 'hello', 'content-type': 'text/plain', 'x-other': 'y' }
    const response = await post('/things/a%20b/p?n=4&z=1', '{"text":"!","extra":1}', headers)
    expect(await response.json()).toEqual({
      sum: 5,
      words: 'a b!',
      params: { thing_id: 'a b', part: 'p' },
      query: { n: 4 },
      headers: { 'X-Word': 'hello' },
      body: { text: '!' },
    })
  })

  it('[DO1] refuses what does not fit by the name of the field', async () => {
    const cases: readonly [string, string, Record<string, string>, string, string][] = [
      ['/things/abcdef/p', '{"text":"!"}', {}, 'bad_request', '`thing_id`'],
      ['/things/a/p?n=x', '{"text":"!"}', {}, 'bad_request', '`n`'],
      ['/things/a/p', '{"text":"!"}', { 'x-word': 'ab' }, 'bad_request', '`X-Word`'],
      ['/things/a/p', '{"text":7}', {}, 'bad_request', '`text`'],
      ['/things/a/p', '{"text":', {}, 'bad_json', 'The body'],
      ['/things/a/p', '', {}, 'bad_json', 'The body'],
      ['/things/a/p', `{"text":"!","more":${'['.repeat(40)}${']'.repeat(40)}}`, {}, 'bad_json', 'nested'],
    ]
    for (const [path, body, headers, code, word] of cases) {
      const response = await post(path, body, headers)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code, detail: expect.stringContaining(word) })
    }
  })

  it('[DO1] reads a body to its limit and no further', async () => {
    const fits = JSON.stringify({ text: '' }).length
    expect((await post('/things/a/p', JSON.stringify({ text: 'x'.repeat(LIMITS.bodyBytes - fits) }))).status).toBe(200)
    const over = await post('/things/a/p', JSON.stringify({ text: 'x'.repeat(LIMITS.bodyBytes - fits + 1) }))
    expect(over.status).toBe(413)
  })

  it('[DO1] takes no body where its schema takes none, and is refused one that is no JSON', async () => {
    const optional = appOf((routes) =>
      endpoint(
        routes,
        { ...about, method: 'post', path: '/x', request: { body: z.object({ a: z.number() }).optional() } },
        (c, { body }) => c.json({ body: body ?? 'none' }),
      ),
    )
    const answer = async (body?: string) => {
      const response = await optional.request('/x', { method: 'POST', ...(body !== undefined && { body }) })
      const { body: seen } = z.object({ body: z.unknown().optional() }).parse(await response.json())
      return [response.status, seen]
    }
    expect(await answer()).toEqual([200, 'none'])
    expect(await answer(' \n')).toEqual([200, 'none'])
    expect(await answer('{"a":1}')).toEqual([200, { a: 1 }])
    expect((await answer('{"a":"1"}'))[0]).toBe(400)
    expect((await answer('{'))[0]).toBe(400)
  })

  it('[DO1] answers HEAD by its GET', async () => {
    const get = appOf((routes) =>
      endpoint(routes, { ...about, method: 'get', path: '/x' }, (c) => c.text(c.req.method)),
    )
    const head = await get.request('/x', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await get.request('/x', { method: 'POST' })).status).toBe(404)
  })

  it('[DO1] answers in the shape of its own protocol where that has one, also when its handler refuses', async () => {
    const refusals: Route['refusals'] = {
      schema: z.object({ oops: z.string() }),
      answer: ({ code }) => Response.json({ oops: code }, { status: 418 }),
    }
    const own = appOf((routes) =>
      endpoint(
        routes,
        { ...about, method: 'get', path: '/x', refusals, request: { query: z.object({ n: z.literal('1') }) } },
        (c) => {
          if (c.req.header('x-break') !== undefined) throw new TypeError('not for anyone')
          throw new FreshetError('unavailable', 'Later.')
        },
      ),
    )
    expect(await (await own.request('/x')).json()).toEqual({ oops: 'bad_request' })
    expect(await (await own.request('/x?n=1')).json()).toEqual({ oops: 'unavailable' })
    const broken = await own.request('/x?n=1', { headers: { 'x-break': '1' } })
    expect([broken.status, await broken.json()]).toMatchObject([500, { code: 'internal' }])
  })
})
