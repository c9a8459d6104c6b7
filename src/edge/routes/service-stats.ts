import { Hono } from 'hono'
import type { EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { serviceStatsSchema } from '../schemas/chat-turns.ts'
import { jsonResponse } from '../schemas/responses.ts'

/** D4: `GET /stats`, figures of the whole service. */
export const serviceStatsRoutes = new Hono<EdgeEnv>()

endpoint(
  serviceStatsRoutes,
  {
    method: 'get',
    path: '/stats',
    tag: 'D4 Conversations',
    summary: 'Figures of the service',
    description: 'Counts only: no user and no conversation is named.',
    responses: { 200: jsonResponse(serviceStatsSchema, 'Of the whole service, since it was first used.') },
  },
  async (c) => {
    const stats = await c.env.MONITOR.getByName('monitor').service()
    return c.json({ ...stats, model: c.get('config').modelName })
  },
)
