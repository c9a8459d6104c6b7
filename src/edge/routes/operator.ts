import { Hono } from 'hono'
import { inTime } from '../../core/in-time.ts'
import { opsName } from '../../dialects/ops-events.ts'
import { VERSION } from '../../env.ts'
import type { EdgeEnv } from '../context.ts'
import { hubOf } from '../hubs.ts'
import { opsCallerOf } from '../identity.ts'
import { nameIn } from '../input.ts'

/** How long `/health` waits for the monitor, ms: longer means degraded. */
const HEALTH_WAIT_MS = 2000

/** Statistics of contracts D1 and D2, `/health` and `/debug/hub`. */
export const operatorRoutes = new Hono<EdgeEnv>()
  .get('/api/streaming/stats', async (c) => c.json(await monitorOf(c.env).streaming()))
  .get('/api/streaming/sessions', async (c) => c.json(await monitorOf(c.env).sessions()))
  .get('/api/sse/stats', async (c) => {
    const stats = await monitorOf(c.env).readers()
    const byType: Record<string, number> = {}
    for (const [type, count] of Object.entries(stats.events.by_type)) {
      const name = opsName(type)
      if (name !== null) byType[name] = (byType[name] ?? 0) + count
    }
    const total = Object.values(byType).reduce((sum, count) => sum + count, 0)
    return c.json({ ...stats, events: { total_sent: total, by_type: byType } })
  })
  .get('/health', async (c) => {
    const live = await liveOrNull(c.env)
    const degraded = live === null ? ['monitor'] : []
    return c.json({
      status: degraded.length === 0 ? 'healthy' : 'degraded',
      version: VERSION,
      degraded,
      active_streams: live?.active_streams ?? null,
      active_connections: live?.active_connections ?? null,
    })
  })
  .get('/debug/hub', async (c) => {
    const caller = opsCallerOf(nameIn(c))
    return c.json(await hubOf(c.env, caller).debug(caller))
  })

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
