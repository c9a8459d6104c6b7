import { Hono } from 'hono'
import { privateKeyOf } from '../../core/ids.ts'
import type { HubCaller } from '../../hub/protocol.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { callerOf, opsCallerOf } from '../identity.ts'
import { nameIn } from '../input.ts'
import { cancelledSchema, requestParams, requestStatusSchema } from '../schemas/requests.ts'
import { jsonResponse, problems } from '../schemas/responses.ts'

/** Who asks for a request: a private hub's id leads to it, any other nameless caller is D2's (ID2). */
function callerFor(c: EdgeContext, requestId: string): HubCaller {
  const name = nameIn(c)
  return privateKeyOf(requestId) === null ? opsCallerOf(name) : callerOf(name, [requestId])
}

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
    const row = unwrap(await hubOf(c.env, callerFor(c, params.id)).request(params.id))
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
    const status = unwrap(await hubOf(c.env, callerFor(c, params.id)).cancel(params.id))
    return c.json({ request_id: params.id, status })
  },
)
