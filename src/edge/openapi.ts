import type * as z from 'zod'
import type { ErrorCode } from '../core/errors.ts'
import { VERSION } from '../env.ts'
import { type Route, TAGS } from './endpoint.ts'
import { type JsonSchema, SchemaDocs } from './schemas/json-schema.ts'
import { type ContentDoc, joined, problems, type ResponseDoc } from './schemas/responses.ts'

const DESCRIPTION = `Real-time AI streaming at the edge: one log for each user, and every connection a cursor over it.

A stream that was cut is resumed with the id of its last event, over any transport: the header \`Last-Event-ID\` or
\`last_event_id\` in the query. A \`request_id\` that comes twice is one generation. An error before a stream is a
problem (RFC 9457) with a stable \`code\`; after it, an event of the stream.

OpenAPI 3.1 has no words for events and frames: \`x-events\` has the schema of each event's data by its name,
\`x-messages\` that of each frame of a WebSocket by its type. A page that waits for the end of an
answer shows nothing of a stream: try those with \`curl -N\`, or on the demo page.`

/** How a caller says who it is: by a token or a ticket (ID7 to ID9), and in open mode by name (ID1). */
const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      "The user is the token's `sub`; `operator` in its `scope` gives the operator's rights. A WebSocket may send it as the subprotocol `bearer.<jwt>`. Connections end with it.",
  },
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description: 'From `POST /api/tickets`: stands for its caller once, for readers that can set no header.',
  },
  userHeader: {
    type: 'apiKey',
    in: 'header',
    name: 'X-User-Id',
    description: 'The user, in open mode. The first choice.',
  },
  userQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'user_id',
    description: 'The user, for callers that cannot set headers.',
  },
} as const

/** Any of them; in open mode none too: a caller without a name is served there (ID2), and everyone is the operator. */
const BY_NAME = [{ userHeader: [] }, { userQuery: [] }, {}]
const CALLER = [{ bearer: [] }, { ticket: [] }, ...BY_NAME]
const OPERATOR = [{ bearer: ['operator'] }, { ticket: ['operator'] }, ...BY_NAME]
/** By `access`; what stands for the whole document is not repeated. */
const SECURITY = { caller: undefined, operator: OPERATOR, public: [] } as const

const CHALLENGE = { 'WWW-Authenticate': '`Bearer`, with what is wrong about the token that was sent (RFC 6750).' }

export interface Operation {
  readonly operationId: string
  readonly [member: string]: unknown
}

export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & Readonly<Record<string, unknown>>
  readonly [member: string]: unknown
}

/** The OpenAPI 3.1 document of a list of endpoints (DO1). */
export function openApiDocument(endpoints: readonly Route[]): OpenApiDocument {
  const schemas = new SchemaDocs()
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of endpoints) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, schemas) }
  }
  const used = new Set(endpoints.map(({ tag }) => tag))
  return {
    openapi: '3.1.1',
    info: { title: 'Freshet', version: VERSION, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    // Relative to the document: the service that it came from.
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS)
      .filter(([name]) => [...used].some((tag) => tag === name))
      .map(([name, description]) => ({ name, description })),
    security: CALLER,
    paths,
    components: { schemas: schemas.components, securitySchemes: SECURITY_SCHEMES },
  }
}

function operationOf(route: Route, schemas: SchemaDocs): Operation {
  const { request = {}, access = 'caller' } = route
  const words = [route.description, access === 'operator' ? 'For the operator.' : undefined]
  const description = words.filter((part) => part !== undefined).join('\n\n')
  const parameters = [
    ...parametersOf('path', request.params, schemas),
    ...parametersOf('query', request.query, schemas),
    ...parametersOf('header', request.headers, schemas),
  ]
  return {
    operationId: operationIdOf(route),
    tags: [route.tag],
    summary: route.summary,
    ...(description !== '' && { description }),
    ...(SECURITY[access] !== undefined && { security: SECURITY[access] }),
    ...(parameters.length > 0 && { parameters }),
    ...(request.body !== undefined && {
      requestBody: {
        required: !request.body.safeParse(undefined).success,
        content: { 'application/json': bodyOf(request.body, schemas) },
      },
    }),
    responses: Object.fromEntries(
      Object.entries(joined(route.responses, impliedBy(route))).map(([status, response]) => [
        status,
        responseOf(status === '401' ? { ...response, headers: CHALLENGE } : response, route, schemas),
      ]),
    ),
  }
}

/** A body, with the first of its schema's `examples`: without one, readers are shown values made of its patterns. */
function bodyOf(schema: z.ZodType, schemas: SchemaDocs) {
  const examples: unknown = schema.meta()?.['examples']
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined
  return { schema: schemas.of(schema, 'input'), ...(example !== undefined && { example }) }
}

/** `post /api/requests/{id}/cancel` → `postApiRequestsIdCancel`. */
function operationIdOf({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  return [method, ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('')
}

function parametersOf(where: string, schema: NonNullable<Route['request']>['query'], schemas: SchemaDocs) {
  if (schema === undefined) return []
  return Object.entries(schema.shape).map(([name, part]) => {
    const { description, ...rest } = schemas.of(part, 'input')
    return {
      name,
      in: where,
      ...(description !== undefined && { description }),
      required: where === 'path' || !part.safeParse(undefined).success,
      schema: rest,
    }
  })
}

/** What an endpoint may refuse with because of what it reads, and of who may call it. */
function impliedBy({ request, access = 'caller' }: Route): Readonly<Record<number, ResponseDoc>> {
  const codes: ErrorCode[] = []
  if (request !== undefined) codes.push('bad_request')
  if (request?.body !== undefined) codes.push('bad_json', 'body_too_large')
  // Another's `user_id` beside a token is forbidden to callers too; `unavailable` when the keys of tokens cannot be had.
  if (access !== 'public') codes.push('invalid_user_id', 'unauthorized', 'forbidden', 'unavailable')
  return problems(...codes, 'url_too_long', 'headers_too_large', 'rate_limited', 'config_invalid', 'internal')
}

function responseOf(response: ResponseDoc, { refusals }: Route, schemas: SchemaDocs) {
  const { headers, content, messages, codes } = response
  const isOwn = codes !== undefined && refusals !== undefined
  const bodies = Object.entries((isOwn ? { 'application/json': { schema: refusals.schema } } : content) ?? {})
  const frames = messages && {
    client: mapped(messages.client, (schema) => schemas.of(schema, 'input')),
    server: mapped(messages.server, (schema) => schemas.of(schema, 'output')),
  }
  const contents = bodies.map(([type, body]) => [type, contentOf(body, schemas)] as const)
  const tables = [
    ...contents.flatMap(([, { 'x-events': events }]) => (events === undefined ? [] : table('Event', events))),
    ...(frames === undefined
      ? []
      : [table('Frame of the client', frames.client), table('Frame of the service', frames.server)]),
  ]
  return {
    description: [response.description, ...tables].join('\n\n'),
    ...(headers !== undefined && {
      headers: mapped(headers, (words) => ({ description: words, schema: { type: 'string' } })),
    }),
    ...(contents.length > 0 && { content: Object.fromEntries(contents) }),
    ...(frames !== undefined && { 'x-messages': frames }),
  }
}

function contentOf({ schema, events, example }: ContentDoc, schemas: SchemaDocs) {
  return {
    schema: schemas.of(schema, 'output'),
    ...(example !== undefined && { example }),
    ...(events !== undefined && { 'x-events': mapped(events, (data) => schemas.of(data, 'output')) }),
  }
}

/** What readers of the page see of events and frames, since it shows no extensions: Markdown. */
function table(head: string, parts: Readonly<Record<string, JsonSchema>>): string {
  const rows = Object.entries(parts).map(([name, { $ref, properties }]) => {
    const fields = Object.keys(typeof properties === 'object' ? { ...properties } : {}).map((field) => `\`${field}\``)
    return `| \`${name}\` | ${typeof $ref === 'string' ? $ref.slice($ref.lastIndexOf('/') + 1) : fields.join(', ')} |`
  })
  return [`| ${head} | Schema |`, '|---|---|', ...rows].join('\n')
}

function mapped<T, U>(record: Readonly<Record<string, T>>, make: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(value)]))
}
