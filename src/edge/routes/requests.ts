import { Hono } from 'hono'
import type { EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { nameIn } from '../input.ts'
import { askAbout } from '../nameless.ts'
import { cancelledSchema, requestParams, requestStatusSchema } from '../schemas/requests.ts'
import { jsonResponse, problems } from '../schemas/responses.ts'

/** How a request stands, and its end: for clients whose protocol has no way to say so (SPEC GE4, GE5). */
export const requestRoutes = new Hono<EdgeEnv>()

endpoint(
  requestRoutes,
  {
    method: 'get',
    path: '/api/requests/{id}',
    tag: 'Requests',
    summary: 'How a request stands',
    request: { params: requestParams },
    responses: { 200: jsonResponse(requestStatusSchema, 'How it stands.'), ...problems('request_not_found') },
  },
  async (c, { params }) => {
    const row = await askAbout(c, nameIn(c), params.id, (hub) => hub.request(params.id))
    return c.json({
      request_id: row.request_id,
      status: row.status,
      conversation_id: row.conversation_id,
      started_at: row.started_at / 1000,
      ended_at: row.ended_at === null ? null : row.ended_at / 1000,
    })
  },
)

endpoint(
  requestRoutes,
  {
    method: 'post',
    path: '/api/requests/{id}/cancel',
    tag: 'Requests',
    summary: 'Ends a request',
    description: 'Its text so far is kept. Cancelling one that has ended changes nothing.',
    request: { params: requestParams },
    responses: { 200: jsonResponse(cancelledSchema, 'It has ended.'), ...problems('request_not_found') },
  },
  async (c, { params }) => {
    const status = await askAbout(c, nameIn(c), params.id, (hub) => hub.cancel(params.id))
    return c.json({ request_id: params.id, status })
  },
)
