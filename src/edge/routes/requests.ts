import { Hono } from 'hono'
import { clientIdSchema } from '../../core/commands.ts'
import { privateKeyOf } from '../../core/ids.ts'
import type { HubCaller } from '../../hub/protocol.ts'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { callerOf, opsCallerOf } from '../identity.ts'
import { nameIn, parseInput } from '../input.ts'

/** A request by its id: a private hub's id leads to it, any other nameless caller is D2's (ID2). */
function find(c: EdgeContext): { caller: HubCaller; requestId: string } {
  const requestId = parseInput(clientIdSchema, c.req.param('id'))
  const name = nameIn(c)
  return { requestId, caller: privateKeyOf(requestId) === null ? opsCallerOf(name) : callerOf(name, [requestId]) }
}

/** How a request stands, and its end: for clients whose protocol has no way to say so (SPEC GE4, GE5). */
export const requestRoutes = new Hono<EdgeEnv>()
  .get('/api/requests/:id', async (c) => {
    const { caller, requestId } = find(c)
    const row = unwrap(await hubOf(c.env, caller).request(requestId))
    return c.json({
      request_id: row.request_id,
      status: row.status,
      conversation_id: row.conversation_id,
      started_at: row.started_at / 1000,
      ended_at: row.ended_at === null ? null : row.ended_at / 1000,
    })
  })
  .post('/api/requests/:id/cancel', async (c) => {
    const { caller, requestId } = find(c)
    const status = unwrap(await hubOf(c.env, caller).cancel(requestId))
    return c.json({ request_id: requestId, status })
  })
