import type { Handler, Hono } from 'hono'
import type * as z from 'zod'
import { FreshetError } from '../core/errors.ts'
import type { EdgeContext, EdgeEnv } from './context.ts'
import { type Access, identify } from './identify.ts'
import { boundedText, jsonBody, looseJson, nameIn, parseInput } from './input.ts'
import { checkOrigin } from './origins.ts'
import type { ResponseDoc } from './schemas/responses.ts'

/** What a request is parsed by, and documented with. Keys of `headers` are written as people write them. */
interface RequestSchemas {
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  /** JSON, whatever its content type says. A schema that takes undefined makes the body optional. */
  readonly body?: z.ZodType
}

/** One address with one method: the one definition behind its validation, its handler's types and its documentation. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Parts that vary stand in braces: `/api/requests/{id}`. */
  readonly path: string
  /** One line, for lists. */
  readonly summary: string
  /** Markdown. */
  readonly description?: string
  /** The group that it is listed in; `openapi.ts` says what each one is. */
  readonly tag: Tag
  /** Who may call: anyone by name (`caller`, the default), the operator, or anyone without a name too (`public`). */
  readonly access?: Access
  readonly request?: RequestSchemas
  /** By status; problems by `problems(…)`. Those that follow from `request` and `access` are added by themselves. */
  readonly responses: Readonly<Record<number, ResponseDoc>>
  /** Where a protocol has a shape of its own for errors (D6); everywhere else they are problems. */
  readonly refusals?: {
    readonly schema: z.ZodType
    readonly answer: (error: FreshetError) => Response
  }
}

export const TAGS = {
  'D1 WebSocket': 'AI streaming over one WebSocket.',
  'D2 Events': 'AI and operations events over SSE.',
  'D3 Chat': 'Chat over EventSource, and over fetch.',
  'D4 Conversations': 'Multi-turn chat: conversations and their streams.',
  'D5 Todo agent': 'An agent with tools that keep todos.',
  'D6 OpenAI': 'Chat completions for clients of OpenAI.',
  'D7 AI SDK': 'UI message streams for clients of the AI SDK.',
  Requests: 'How a request stands, and its end, whichever dialect began it.',
  Operator: 'Health, statistics and what is behind them.',
  About: 'The service itself.',
} as const
export type Tag = keyof typeof TAGS

type Part<R extends Route, K extends keyof RequestSchemas> =
  R['request'] extends Record<K, infer S extends z.ZodType> ? z.output<S> : undefined

/** What a route's handler is given: each part as its schema made it, undefined where the route has none. */
export interface Input<R extends Route> {
  readonly params: Part<R, 'params'>
  readonly query: Part<R, 'query'>
  readonly headers: Part<R, 'headers'>
  readonly body: Part<R, 'body'>
}

type Answer = Response | Promise<Response>
type Parsed = Readonly<Record<keyof RequestSchemas, unknown>>

const definitions = new WeakMap<object, Route>()

/**
 * Adds an endpoint: the only way in which an address comes into the service (DO1).
 * @param handler runs with input that was parsed by exactly the schemas of `route`; before it, what does not fit is
 * refused with `bad_request` that names the field, and a body also with `bad_json` and `body_too_large`. A GET's handler
 * answers HEAD too.
 */
export function endpoint<const R extends Route>(
  routes: Hono<EdgeEnv>,
  route: R,
  handler: (c: EdgeContext, input: Input<R>) => Answer,
): void
export function endpoint(
  routes: Hono<EdgeEnv>,
  route: Route,
  handler: (c: EdgeContext, input: Parsed) => Answer,
): void {
  const run: Handler<EdgeEnv> = async (c) => {
    try {
      await identify(c, route.access ?? 'caller')
      // A name elsewhere must be the token's, whether the endpoint reads one or not (ID7).
      if (c.get('identity') !== null) nameIn(c)
      // Whatever changes something is not for foreign pages: a browser sends a plain text of theirs without asking first.
      if (route.method !== 'get') checkOrigin(c.req.raw, c.get('config').allowedOrigins)
      return await handler(c, await parsedInput(c, route.request ?? {}))
    } catch (error) {
      if (route.refusals !== undefined && error instanceof FreshetError) return route.refusals.answer(error)
      throw error
    }
  }
  definitions.set(run, route)
  routes.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), run)
}

async function parsedInput(c: EdgeContext, { params, query, headers, body }: RequestSchemas): Promise<Parsed> {
  const given = Object.keys(headers?.shape ?? {}).map((name) => [name, c.req.header(name)])
  return {
    params: params && parseInput(params, c.req.param()),
    query: query && parseInput(query, c.req.query()),
    headers: headers && parseInput(headers, Object.fromEntries(given)),
    body: body === undefined ? await noBody(c) : parseInput(body, await namedBody(c, body)),
  }
}

/** The JSON of a body; a name in it must be that of the token. @throws FreshetError as `jsonBody` and `nameIn` */
async function namedBody(c: EdgeContext, schema: z.ZodType): Promise<unknown> {
  const raw = await jsonBody(c.req.raw, schema.safeParse(undefined).success)
  nameIn(c, raw)
  return raw
}

/** What comes with a call that reads none: nothing is taken from it, but a name in it must not be another's (ID7). */
async function noBody(c: EdgeContext): Promise<undefined> {
  if (c.get('identity') === null || c.req.raw.body === null) return
  nameIn(c, looseJson(await boundedText(c.req.raw)))
}

/** A route of the app, as Hono lists it. */
interface Mounted {
  readonly method: string
  readonly path: string
  readonly handler: object
}

/**
 * The endpoints of an app, in the order in which they were added.
 * @returns with `path` where it was mounted, and the addresses that were added without `endpoint`: there should be none
 */
export function endpointsOf(mounted: readonly Mounted[]): {
  readonly endpoints: readonly Route[]
  readonly undocumented: readonly string[]
} {
  const endpoints: Route[] = []
  const undocumented: string[] = []
  for (const { method, path, handler } of mounted) {
    const route = definitions.get(handler)
    if (route !== undefined) endpoints.push({ ...route, path: path.replaceAll(/:(\w+)/g, '{$1}') })
    // Middleware is mounted for all methods and has no address of its own.
    else if (method !== 'ALL') undocumented.push(`${method} ${path}`)
  }
  return { endpoints, undocumented }
}
