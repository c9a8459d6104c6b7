import { Hono } from 'hono'
import * as z from 'zod'
import { inTime } from '../../core/in-time.ts'
import { OPEN_METRICS_TYPE, openMetrics } from '../../dialects/open-metrics.ts'
import { opsName } from '../../dialects/ops-events.ts'
import { VERSION } from '../../env.ts'
import type { EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf } from '../hubs.ts'
import { opsCallerOf } from '../identity.ts'
import { nameIn } from '../input.ts'
import {
  healthSchema,
  hubDebugSchema,
  readerStatsSchema,
  sessionStatsSchema,
  streamingStatsSchema,
} from '../schemas/operator.ts'
import { jsonResponse } from '../schemas/responses.ts'

/** How long `/health` waits for the monitor, ms: longer means degraded. */
const HEALTH_WAIT_MS = 2000

/** Statistics of contracts D1 and D2, `/health` and `/debug/hub`. */
export const operatorRoutes = new Hono<EdgeEnv>()

endpoint(
  operatorRoutes,
  {
    method: 'get',
    path: '/api/streaming/stats',
    tag: 'D1 WebSocket',
    access: 'operator',
    summary: 'Statistics of WebSockets and streams',
    responses: { 200: jsonResponse(streamingStatsSchema, 'Of the whole service.') },
  },
  async (c) => c.json(await monitorOf(c.env).streaming()),
)

endpoint(
  operatorRoutes,
  {
    method: 'get',
    path: '/api/streaming/sessions',
    tag: 'D1 WebSocket',
    access: 'operator',
    summary: 'The WebSockets that are open',
    responses: { 200: jsonResponse(sessionStatsSchema, 'The `sessions` part of the statistics.') },
  },
  async (c) => c.json(await monitorOf(c.env).sessions()),
)

endpoint(
  operatorRoutes,
  {
    method: 'get',
    path: '/api/sse/stats',
    tag: 'D2 Events',
    access: 'operator',
    summary: 'Statistics of event streams',
    responses: { 200: jsonResponse(readerStatsSchema, 'Of the whole service.') },
  },
  async (c) => {
    const stats = await monitorOf(c.env).readers()
    const byType: Record<string, number> = {}
    for (const [type, count] of Object.entries(stats.events.by_type)) {
      const name = opsName(type)
      if (name !== null) byType[name] = (byType[name] ?? 0) + count
    }
    const total = Object.values(byType).reduce((sum, count) => sum + count, 0)
    return c.json({ ...stats, events: { total_sent: total, by_type: byType } })
  },
)

endpoint(
  operatorRoutes,
  {
    method: 'get',
    path: '/health',
    tag: 'Operator',
    access: 'public',
    summary: 'Whether the service is well',
    description: 'Degraded is still a 200: it serves, and says what is missing.',
    responses: { 200: jsonResponse(healthSchema, 'Healthy or degraded.') },
  },
  async (c) => {
    const live = await liveOrNull(c.env)
    // A provider whose calls fail one after another is left alone (HE3), whoever else there is to answer.
    const degraded = live === null ? ['monitor'] : live.down.map((name) => `provider ${name}`)
    return c.json({
      status: degraded.length === 0 ? 'healthy' : 'degraded',
      version: VERSION,
      degraded,
      active_streams: live?.active_streams ?? null,
      active_connections: live?.active_connections ?? null,
    })
  },
)

endpoint(
  operatorRoutes,
  {
    method: 'get',
    path: '/metrics',
    tag: 'Operator',
    access: 'operator',
    summary: 'Figures of the whole service for a collector',
    description: 'OpenMetrics 1.0 text. No user is named.',
    responses: {
      200: {
        description: 'Counters since the service was first used, and gauges.',
        content: { [OPEN_METRICS_TYPE]: { schema: z.string() } },
      },
    },
  },
  async (c) =>
    new Response(openMetrics(await monitorOf(c.env).metrics()), {
      headers: { 'content-type': OPEN_METRICS_TYPE, 'cache-control': 'no-store' },
    }),
)

endpoint(
  operatorRoutes,
  {
    method: 'get',
    path: '/debug/hub',
    tag: 'Operator',
    access: 'operator',
    summary: "What is behind a user's hub",
    description: 'The hub is that of `user_id`.',
    responses: { 200: jsonResponse(hubDebugSchema, 'Its log, connections and storage.') },
  },
  async (c) => c.json(await hubOf(c.env, opsCallerOf(nameIn(c))).debug()),
)

function monitorOf(env: Cloudflare.Env) {
  return env.MONITOR.getByName('monitor')
}

async function liveOrNull(env: Cloudflare.Env) {
  try {
    return await inTime(monitorOf(env).live(), HEALTH_WAIT_MS)
  } catch (error) {
    console.warn({ message: 'monitor unreachable', name: error instanceof Error ? error.name : typeof error })
    return null
  }
}
