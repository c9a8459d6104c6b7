import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { type ErrorCode, FreshetError, shown } from '../core/errors.ts'
import { readConfig } from '../env.ts'
import { closedSocket } from './closed-socket.ts'
import type { EdgeEnv } from './context.ts'
import { problem } from './problem.ts'
import { operatorRoutes } from './routes/operator.ts'
import { requestRoutes } from './routes/requests.ts'
import { sseRoutes } from './routes/sse.ts'
import { triggerRoutes } from './routes/trigger.ts'
import { wsRoutes } from './routes/ws.ts'

/** What is not the caller's fault: a socket is told by its close code (contract D1). */
const CANNOT_SERVE: ReadonlySet<ErrorCode> = new Set(['config_invalid', 'unavailable', 'internal'])

/** The Worker's HTTP face: configuration first, then CORS, then the routes of each dialect. */
export const app = new Hono<EdgeEnv>()

app.use(async (c, next) => {
  c.set('config', readConfig(c.env))
  await next()
})

app.use(
  cors({
    origin: (origin, c) => {
      const allowed: readonly string[] = c.get('config').allowedOrigins
      return allowed.includes(origin) ? origin : null
    },
    allowMethods: ['GET', 'POST', 'DELETE', 'PATCH'],
    exposeHeaders: ['*'],
    maxAge: 600,
  }),
)

app.route('/', wsRoutes)
app.route('/', sseRoutes)
app.route('/', triggerRoutes)
app.route('/', requestRoutes)
app.route('/', operatorRoutes)

app.notFound(() => problem('not_found', 'There is nothing at this address. GET / lists what there is.'))

app.onError((error, c) => {
  const { code, message } = shown(error)
  // An unexpected error's text may hold anything; its name is enough to find it by (ER3).
  if (code === 'internal') console.error({ message: 'request failed', name: error.name })
  const isUpgrade = c.req.header('upgrade')?.toLowerCase() === 'websocket'
  if (isUpgrade && CANNOT_SERVE.has(code)) return closedSocket(new FreshetError(code, message))
  return problem(code, message)
})
