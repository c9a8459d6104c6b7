import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { type ErrorCode, FreshetError, shown } from '../core/errors.ts'
import { readConfig } from '../env.ts'
import { AuthFailure, challengeOf } from './auth/failure.ts'
import { checkAddress, checkSizes } from './bounds.ts'
import { closedSocket } from './closed-socket.ts'
import type { EdgeEnv } from './context.ts'
import { checkIdentitySettings } from './identify.ts'
import { withLimits } from './limit-headers.ts'
import { methodsAt } from './methods.ts'
import { isOpenAi, openAiRefusal } from './openai-refusal.ts'
import { problem } from './problem.ts'
import { aboutRoutes } from './routes/about.ts'
import { chatRoutes } from './routes/chat.ts'
import { chatTurnsRoutes } from './routes/chat-turns.ts'
import { openAiRoutes } from './routes/openai.ts'
import { operatorRoutes } from './routes/operator.ts'
import { requestRoutes } from './routes/requests.ts'
import { serviceStatsRoutes } from './routes/service-stats.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { sseRoutes } from './routes/sse.ts'
import { ticketRoutes } from './routes/tickets.ts'
import { todoAgentRoutes } from './routes/todo-agent.ts'
import { todoRoutes } from './routes/todos.ts'
import { triggerRoutes } from './routes/trigger.ts'
import { uiChatRoutes } from './routes/ui-chat.ts'
import { wsRoutes } from './routes/ws.ts'

/** What is not the caller's fault: a socket is told by its close code (contract D1). */
const CANNOT_SERVE: ReadonlySet<ErrorCode> = new Set(['config_invalid', 'unavailable', 'internal'])

/** An error in the shape that callers of an address read. */
function refusalAt(path: string, error: FreshetError): Response {
  const { code, message, limit } = error
  const refusal = isOpenAi(path) ? openAiRefusal(code, message) : problem(code, message, limit?.usage ?? {})
  return withLimits(refusal, error)
}

/** The Worker's HTTP face: configuration first, then CORS, then the routes of each dialect. */
// A slash at an address's end changes nothing.
export const app = new Hono<EdgeEnv>({ strict: false })

app.use(async (c, next) => {
  const config = readConfig(c.env)
  c.set('config', config)
  checkIdentitySettings(config)
  checkSizes(c.req.raw)
  await checkAddress(c)
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
app.route('/', chatRoutes)
app.route('/', chatTurnsRoutes)
app.route('/', sessionRoutes)
app.route('/', serviceStatsRoutes)
app.route('/', uiChatRoutes)
app.route('/', todoAgentRoutes)
app.route('/', todoRoutes)
app.route('/', openAiRoutes)
app.route('/', ticketRoutes)
app.route('/', operatorRoutes)

app.route('/', aboutRoutes(app))

app.notFound((c) => {
  const methods = methodsAt(app.routes, c.req.path)
  if (methods.length === 0) {
    const words = 'There is nothing at this address. GET / lists what there is.'
    return refusalAt(c.req.path, new FreshetError('not_found', words))
  }
  const words = `This address takes ${methods.join(' and ')}, not ${c.req.method}.`
  const refusal = refusalAt(c.req.path, new FreshetError('method_not_allowed', words))
  refusal.headers.set('allow', methods.join(', '))
  return refusal
})

app.onError((error, c) => {
  if (error instanceof AuthFailure) {
    const refusal = refusalAt(c.req.path, new FreshetError('unauthorized', error.message))
    refusal.headers.set('www-authenticate', challengeOf(error.reason))
    return refusal
  }
  const refused = shown(error)
  const { code, message } = refused
  // An unexpected error's text may hold anything; its name is enough to find it by (ER3).
  if (code === 'internal') console.error({ message: 'request failed', name: error.name })
  // Its sentence is ours and holds no value, so the operator may read it where the service runs.
  if (code === 'config_invalid') console.error({ message })
  const isUpgrade = c.req.header('upgrade')?.toLowerCase() === 'websocket'
  if (isUpgrade && CANNOT_SERVE.has(code)) return closedSocket(new FreshetError(code, message))
  return refusalAt(c.req.path, refused)
})
