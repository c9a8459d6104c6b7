import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { app } from '../../src/edge/app.ts'
import type { EdgeEnv } from '../../src/edge/context.ts'
import { endpoint, endpointsOf } from '../../src/edge/endpoint.ts'
import { openApiDocument } from '../../src/edge/openapi.ts'
import { jsonResponse, problems } from '../../src/edge/schemas/responses.ts'
import { faultsOf } from '../support/openapi-rules.ts'

const { endpoints, undocumented } = endpointsOf(app.routes)
const document = openApiDocument(endpoints)
/** As its readers get it. */
const read: Record<string, unknown> = JSON.parse(JSON.stringify(document))

describe('the OpenAPI document', () => {
  it('[DO1] every address of the app is in it, and nothing else', () => {
    const told = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const mounted = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(undocumented).toEqual([])
    expect(told.toSorted()).toEqual(mounted.toSorted())
    expect(told).toContain('POST /api/requests/{id}/cancel')
  })

  it('[DO1] an address that was added without a definition is found', () => {
    const routes = new Hono<EdgeEnv>().get('/secret', (c) => c.text('not told'))
    routes.use(async (_, next) => next())
    expect(endpointsOf(new Hono<EdgeEnv>().route('/sub', routes).routes)).toEqual({
      endpoints: [],
      undocumented: ['GET /sub/secret'],
    })
  })

  it('[DO2] it keeps the rules of OpenAPI 3.1', () => {
    expect(faultsOf(read)).toEqual([])
  })

  it('[DO2] the check sees what breaks them', () => {
    const broken = (at: string, value?: unknown) => faultsOf(changed(read, at.split(' '), value))
    const id = '/api/requests/{id}'
    expect(broken('openapi', '3.0.3')).toEqual(['openapi: not 3.1'])
    expect(broken('info title')).toEqual(['info: no title'])
    expect(broken('components schemas RequestStatus')).toEqual([expect.stringMatching(/RequestStatus leads nowhere$/)])
    expect(broken(`paths ${id} get parameters`)).toEqual([`get ${id}: {id} is not told`])
    expect(broken('paths / get operationId', 'getHealth')).toEqual([
      expect.stringMatching(/operationId is not its own$/),
    ])
    expect(broken('paths / get responses 200 description')).toEqual(['get / 200: no description'])
    expect(broken('paths / get responses')).toEqual(['get /: no response'])
    expect(broken('tags')).toContain('get /: tag About')
    expect(broken('components securitySchemes userQuery')).toContain('get /: security userQuery')
    expect(broken('components schemas Health properties status')).toHaveLength(1)
    expect(broken('components schemas Health type', 'any')).toEqual(['#/components/schemas/Health: type "any"'])
  })

  it('[DO2] every operation says what it may refuse with, by codes of the closed list', () => {
    const codes = z.object({
      content: z.object({
        'application/problem+json': z.object({
          schema: z.object({
            allOf: z.tuple([
              z.object({ $ref: z.literal('#/components/schemas/Problem') }),
              z.object({ properties: z.object({ code: z.object({ enum: z.array(z.enum(ERROR_CODES)) }) }) }),
            ]),
          }),
        }),
      }),
    })
    const responses = z.record(z.string(), z.unknown())
    const ofOpenAi = { content: { 'application/json': { schema: { $ref: '#/components/schemas/OpenAiError' } } } }
    for (const [path, item] of Object.entries(document.paths)) {
      for (const operation of Object.values(item)) {
        const refusals = Object.entries(responses.parse(operation['responses'])).filter(([status]) => status >= '400')
        expect(refusals.map(([status]) => status)).toContain('500')
        for (const [status, response] of refusals) {
          if (path.startsWith('/v1/')) {
            expect(response, `${path} ${status}`).toMatchObject(ofOpenAi)
            continue
          }
          const [, own] = codes.parse(response).content['application/problem+json'].schema.allOf
          expect(own.properties.code.enum.length, `${path} ${status}`).toBeGreaterThan(0)
        }
      }
    }
    const Problem = z.object({ properties: z.object({ code: z.object({ enum: z.array(z.string()) }) }) })
    expect(Problem.parse(document.components.schemas['Problem']).properties.code.enum).toEqual(ERROR_CODES)
  })

  it('[DO2] every example is one of what it stands for', () => {
    const examples: [string, z.ZodType, unknown][] = []
    for (const { path, request, responses } of endpoints) {
      const given = z.array(z.unknown()).catch([]).parse(request?.body?.meta()?.['examples'])
      for (const example of given) if (request?.body !== undefined) examples.push([path, request.body, example])
      for (const { content = {} } of Object.values(responses)) {
        for (const { schema, example } of Object.values(content)) {
          if (example !== undefined) examples.push([path, schema, example])
        }
      }
    }
    expect(examples.length).toBeGreaterThan(5)
    for (const [path, schema, example] of examples) expect(schema.safeParse(example).error, path).toBeUndefined()
  })

  it('[DO2] a protocol with errors of its own tells those', () => {
    const routes = new Hono<EdgeEnv>()
    const refusals = { schema: z.object({ error: z.string() }), answer: () => new Response('no') }
    const responses = { 200: jsonResponse(z.object({}), 'Fine.'), ...problems('too_many_requests') }
    endpoint(
      routes,
      { method: 'get', path: '/x', tag: 'D6 OpenAI', summary: 'X', refusals, responses },
      () => new Response(),
    )
    const { paths } = openApiDocument(endpointsOf(routes.routes).endpoints)
    expect(paths['/x']?.['get']).toMatchObject({
      responses: { 429: { content: { 'application/json': { schema: { required: ['error'] } } } } },
    })
  })
})

/** A copy of a document with one place changed, or taken out when there is no value. */
function changed(part: unknown, [key = '', ...more]: readonly string[], value: unknown): Record<string, unknown> {
  const { [key]: inner, ...rest } = z.record(z.string(), z.unknown()).parse(part)
  if (inner === undefined) throw new Error(`there is no ${key}`)
  if (more.length > 0) return { ...rest, [key]: changed(inner, more, value) }
  return value === undefined ? rest : { ...rest, [key]: value }
}
