import { Hono } from 'hono'
import { VERSION } from '../../env.ts'
import type { EdgeEnv } from '../context.ts'
import { endpoint, endpointsOf } from '../endpoint.ts'
import { openApiDocument } from '../openapi.ts'
import { openApiSchema, PAGES, serviceSchema } from '../schemas/about.ts'
import { jsonResponse } from '../schemas/responses.ts'

/**
 * What the service says of itself: `GET /` and `GET /openapi.json`, both made from the endpoints (DO1, DO2).
 * @param app all of whose endpoints are told of, also those that are added later
 */
export function aboutRoutes(app: Hono<EdgeEnv>): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>()
  // Made when it is asked for: most instances of the Worker never are.
  let document: string | null = null

  endpoint(
    routes,
    {
      method: 'get',
      path: '/',
      tag: 'About',
      access: 'public',
      summary: 'The service and its endpoints',
      responses: { 200: jsonResponse(serviceSchema, 'What it is, and where to find what.') },
    },
    (c) =>
      c.json({
        name: 'freshet',
        version: VERSION,
        description: 'Real-time AI streaming at the edge: streams that survive every cut, over WebSocket and SSE.',
        pages: PAGES,
        endpoints: endpointsOf(app.routes).endpoints.map(({ method, path, summary }) => ({
          method: method.toUpperCase(),
          path,
          summary,
        })),
      }),
  )

  endpoint(
    routes,
    {
      method: 'get',
      path: '/openapi.json',
      tag: 'About',
      access: 'public',
      summary: 'This document',
      responses: { 200: jsonResponse(openApiSchema, 'OpenAPI 3.1.') },
    },
    (c) => {
      document ??= JSON.stringify(openApiDocument(endpointsOf(app.routes).endpoints))
      return c.body(document, 200, { 'content-type': 'application/json; charset=utf-8' })
    },
  )

  return routes
}
