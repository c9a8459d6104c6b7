import * as z from 'zod'
import { complaint } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import type { EdgeContext } from './context.ts'
import { nameOf } from './identity.ts'

/** Parses what came from outside. @throws FreshetError `bad_request` that names the first field that is wrong */
export function parseInput<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new FreshetError('bad_request', complaint(parsed.error))
}

/**
 * The JSON body of a request.
 * @param mayBeEmpty an empty body is undefined then, and no error
 * @throws FreshetError `body_too_large`, `bad_json`
 */
export async function jsonBody(request: Request, mayBeEmpty = false): Promise<unknown> {
  const text = await boundedText(request)
  return mayBeEmpty && text.trim() === '' ? undefined : parseJson(text, 'The body')
}

/** Reads a body and stops at the limit, whatever its headers say. @throws FreshetError `body_too_large` */
export async function boundedText(request: Request): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const piece of request.body ?? []) {
    bytes += piece.byteLength
    if (bytes > LIMITS.bodyBytes) {
      throw new FreshetError('body_too_large', `A body may have at most ${LIMITS.bodyBytes} bytes.`)
    }
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

/** What a text says as JSON; undefined when it says nothing. */
export function looseJson(text: string): unknown {
  try {
    return parseJson(text, 'The body')
  } catch {
    return undefined
  }
}

const userIdInBody = z.object({ user_id: z.string().nullish() })

/**
 * The caller's name: whom its token is for, and in open mode header, query, body (ID1).
 * @throws FreshetError `forbidden` when it calls itself something else than its token does
 */
export function nameIn(c: EdgeContext, body?: unknown): string | null {
  const named = typeof body === 'object' && body !== null && 'user_id' in body
  const inBody = named ? parseInput(userIdInBody, body).user_id : null
  const names = { header: c.req.header('x-user-id'), query: c.req.query('user_id'), body: inBody ?? undefined }
  const identity = c.get('identity')
  if (identity === null) return nameOf(names)
  if (identity.mayName) return nameOf(names) ?? identity.userId
  for (const name of [names.header, names.body, ...(c.req.queries('user_id') ?? [])]) {
    if (name === undefined || name === '' || name === identity.userId) continue
    throw new FreshetError('forbidden', 'The `user_id` is not that of the token. Leave it out, or send your own.')
  }
  return identity.userId
}

/**
 * The cursor that a reader brings: the header, else the query (CU2).
 * @returns null when there is none; any other text is for `planResume` to judge
 */
export function cursorIn(c: EdgeContext): string | null {
  const given = c.req.header('last-event-id') || c.req.query('last_event_id') || null
  // Longer than any cursor of ours: as wrong as any other wrong one, and not worth carrying to the hub.
  return given !== null && given.length > LIMITS.idChars * 2 ? 'overlong' : given
}
