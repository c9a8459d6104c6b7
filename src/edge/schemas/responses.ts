import * as z from 'zod'
import { ERROR_CODES, type ErrorCode } from '../../core/errors.ts'
import { problemOf } from '../problem.ts'

/** A body in one media type. */
export interface ContentDoc {
  readonly schema: z.ZodType
  /** Data of each event of an event stream, by the event's name. */
  readonly events?: Readonly<Record<string, z.ZodType>>
  readonly example?: unknown
}

/** What an endpoint answers with one status. */
export interface ResponseDoc {
  readonly description: string
  /** What each header says. */
  readonly headers?: Readonly<Record<string, string>>
  readonly content?: Readonly<Record<string, ContentDoc>>
  /** Text frames of a WebSocket, by their type. */
  readonly messages?: {
    readonly client: Readonly<Record<string, z.ZodType>>
    readonly server: Readonly<Record<string, z.ZodType>>
  }
  /** Codes of a problem. */
  readonly codes?: readonly ErrorCode[]
}

/** RFC 9457, with the stable code (ER2). */
export const problemSchema = z
  .looseObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'A sentence that says what to do.' }),
    code: z.enum(ERROR_CODES).meta({ description: 'Stable: made to be compared.' }),
  })
  .meta({ id: 'Problem', description: 'An error before a stream has begun (RFC 9457).' })

/** What beginning a generation may be refused with. */
export const START_CODES = [
  'empty_prompt',
  'prompt_too_long',
  'request_id_reused',
  'too_many_requests',
  'cost_limit_exceeded',
  'unavailable',
] as const satisfies readonly ErrorCode[]

/** How an answer that was waited for may have ended. */
export const ANSWER_CODES = [
  'timeout',
  'provider_error',
  'provider_rate_limited',
  'provider_stalled',
  'provider_cut',
  'answer_too_long',
  'interrupted',
] as const satisfies readonly ErrorCode[]

/** What a stream may be refused with before it begins. */
export const CONNECT_CODES = [
  'origin_not_allowed',
  'too_many_connections',
  'unavailable',
] as const satisfies readonly ErrorCode[]

/** A JSON answer. */
export function jsonResponse(schema: z.ZodType, description: string, example?: unknown): ResponseDoc {
  const content = example === undefined ? { schema } : { schema, example }
  return { description, content: { 'application/json': content } }
}

const STREAM_HEADERS = {
  'Cache-Control': '`no-cache, no-transform`',
  'X-Accel-Buffering': '`no`: proxies pass events on at once.',
}

/**
 * An event stream: each event's name with the schema of its data.
 * @param stream `named`: where a reader finds the name, in the event's `event:` line (the default) or as `type` in its
 * data; `example` is wire text
 */
export function streamResponse(stream: {
  readonly description: string
  readonly named?: 'event' | 'type'
  readonly events: Readonly<Record<string, z.ZodType>>
  readonly example: string
  readonly headers?: Readonly<Record<string, string>>
}): ResponseDoc {
  const { description, named = 'event', events, example, headers } = stream
  const where = named === 'event' ? 'by `event:`' : 'by `type` in their data'
  const words = `Events ${where}: ${Object.keys(events).join(', ')}. \`x-events\` has the schema of each one's data.`
  return {
    description,
    headers: { ...STREAM_HEADERS, ...headers },
    content: { 'text/event-stream': { schema: z.string().meta({ description: words }), events, example } },
  }
}

/** Problems by their codes: one response for each status that they have. */
export function problems(...codes: readonly ErrorCode[]): Record<number, ResponseDoc> {
  const byStatus = Map.groupBy(codes, (code) => problemOf(code, '').status)
  return Object.fromEntries([...byStatus].map(([status, those]) => [status, problemResponse(those)]))
}

function problemResponse(codes: readonly ErrorCode[]): ResponseDoc {
  const schema = z.intersection(problemSchema, z.looseObject({ code: z.enum(codes) }))
  const [first = 'internal'] = codes
  return {
    description: `Refused: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
    content: { 'application/problem+json': { schema, example: problemOf(first, 'What is wrong, and what to do.') } },
    codes,
  }
}

/** Two sets of responses as one; problems of the same status become one response with the codes of both. */
export function joined(
  own: Readonly<Record<number, ResponseDoc>>,
  more: Readonly<Record<number, ResponseDoc>>,
): Readonly<Record<number, ResponseDoc>> {
  const all = { ...own }
  for (const [key, response] of Object.entries(more)) {
    const status = Number(key)
    const there = all[status]
    if (there === undefined) all[status] = response
    else if (there.codes && response.codes)
      all[status] = problemResponse([...new Set([...there.codes, ...response.codes])])
  }
  return all
}
