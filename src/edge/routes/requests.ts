import { Hono } from 'hono'
import { privateKeyOf } from '../../core/ids.ts'
import type { Reply } from '../../hub/protocol.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { callerWith, opsCallerOf } from '../identity.ts'
import { nameIn } from '../input.ts'
import { cancelledSchema, requestParams, requestStatusSchema } from '../schemas/requests.ts'
import { jsonResponse, problems } from '../schemas/responses.ts'

/**
 * Asks the hub of a request. Without a name, an id of ours leads to its private hub; one of the caller's own making is of
 * D2's common user (ID2), or of the private hub that it names (ID6).
 * @throws FreshetError `request_not_found`
 */
async function asked<T>(
  c: EdgeContext,
  requestId: string,
  ask: (hub: ReturnType<typeof hubOf>) => Promise<Reply<T>>,
): Promise<T> {
  const name = nameIn(c)
  const own = callerWith(name, [requestId], requestId)
  if (name === null && privateKeyOf(requestId) === null) {
    const common = await ask(hubOf(c.env, opsCallerOf(null)))
    if (common.ok || common.refusal.code !== 'request_not_found') return unwrap(common)
  }
  return unwrap(await ask(hubOf(c.env, own)))
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
    const row = await asked(c, params.id, (hub) => hub.request(params.id))
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
    const status = await asked(c, params.id, (hub) => hub.cancel(params.id))
    return c.json({ request_id: params.id, status })
  },
)
