import * as z from 'zod'
import { complaint, optionalIdSchema, plainCommand, type StartCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { timeZoneSchema } from '../core/time-zone.ts'
import { TODO_AGENT } from '../core/todo.ts'

/** Seconds for a whole request: an agent calls its model and its tools several times, one after another. */
const TIMEOUT_S = 120

/** A conversation's id in this dialect (contract D5), and no longer than any id that a client may give. */
const SESSION = new RegExp(`^[a-zA-Z0-9_-]{1,${LIMITS.idChars}}$`)
/** Sessions that begin so are of the user who is named next. */
const OWNED = 'user_'

const messageSchema = z.object({
  role: z.enum(['user', 'assistant', 'system'], { error: 'must be user, assistant or system' }),
  content: z
    .string({ error: 'must be a string' })
    .max(LIMITS.todoMessageChars, { error: `may have at most ${LIMITS.todoMessageChars} characters` }),
})
type Message = z.output<typeof messageSchema>

const name = z.string().max(LIMITS.idChars)

const FLAGS: Readonly<Record<string, boolean>> = { '': false, 0: false, 1: true, false: false, true: true }

/** Yes or no, as JSON and query strings of any client say it. */
export const flagSchema = z.preprocess(
  (given) =>
    typeof given === 'string' || typeof given === 'number'
      ? Object.hasOwn(FLAGS, String(given))
        ? FLAGS[String(given)]
        : given
      : given,
  z.boolean({ error: 'must be true or false' }).nullish(),
)

/** The contract does not say how a client asks for batching; these names are taken, `batch` is ours. */
export const batchingFields = {
  batch: flagSchema.meta({ description: 'Small events come together, as `batch`: up to 1 KB, or 100 ms.' }),
  batching: flagSchema.meta({ description: 'The same as `batch`.' }),
}

/** Whether any of the fields asks for it. */
export function asksForBatching(fields: {
  batch?: boolean | null | undefined
  batching?: boolean | null | undefined
}): boolean {
  return fields.batch === true || fields.batching === true
}

/** The body of `POST /api/todos/agent-create/stream`: the contract's fields, and Freshet's own. */
export const todoBodySchema = z.object({
  messages: z
    .array(messageSchema, { error: 'must be a list of messages' })
    .max(LIMITS.todoMessages, { error: `at most ${LIMITS.todoMessages} messages are taken` })
    .meta({
      description:
        'The last one of the user is answered; what stands before it is its history. One alone has that of its session.',
    }),
  session_id: z
    .string()
    .nullish()
    .meta({
      description: `The conversation; left out, one is made. It matches \`${SESSION.source}\`, and one that begins with \`${OWNED}\` is the caller's own \`${OWNED}<id>_…\`.`,
    }),
  request_id: optionalIdSchema.meta({ description: 'The same one twice is one generation.' }),
  ...batchingFields,
  stream_config: z.object(batchingFields).nullish().meta({ description: 'May hold the same.' }),
  time_zone: timeZoneSchema
    .nullish()
    .meta({ description: 'An IANA time zone, for dates in words; wins over `X-Time-Zone` and over preferences.' }),
  preferences: z.object({ time_zone: timeZoneSchema.nullish() }).nullish().meta({
    description: 'May hold the `time_zone` too. What a user always wants is set by `update_preferences` (D1).',
  }),
  model: name.nullish().meta({ description: 'A provider or model that is asked first.' }),
})

/** The two of its fields that are refused in words of the contract. */
const outlineSchema = z.object({ messages: z.unknown(), session_id: z.unknown() }).partial().catch({})

/** What a body asks for. */
export interface TodoRequest {
  readonly command: StartCommand
  readonly batching: boolean
}

/**
 * Parses the body of `POST /api/todos/agent-create/stream`.
 * @param raw JSON, of a bounded depth; undefined where there is none
 * @param userId the caller's name, or null
 * @throws FreshetError `bad_request`, `empty_prompt`; `forbidden` for the session of another
 */
export function todoRequestOf(raw: unknown, userId: string | null): TodoRequest {
  const { messages, session_id } = outlineSchema.parse(raw)
  if (messages === undefined || messages === null || (Array.isArray(messages) && messages.length === 0)) {
    throw new FreshetError('bad_request', 'No messages provided')
  }
  const conversationId = sessionOf(session_id, userId)
  const parsed = todoBodySchema.safeParse(raw)
  if (!parsed.success) throw new FreshetError('bad_request', complaint(parsed.error))
  const { prompt, history } = dialogueOf(parsed.data.messages)
  const plain = plainCommand(prompt)
  const command = {
    ...plain,
    config: { ...plain.config, timeout: TIMEOUT_S },
    requestId: parsed.data.request_id ?? null,
    conversationId,
    agent: TODO_AGENT,
    history,
    model: parsed.data.model || null,
    closing: true,
    timeZone: parsed.data.time_zone || parsed.data.preferences?.time_zone || null,
  }
  const batching = [parsed.data, parsed.data.stream_config ?? {}].some(asksForBatching)
  return { command, batching }
}

/** @returns null where none is named */
function sessionOf(given: unknown, userId: string | null): string | null {
  if (given === undefined || given === null || given === '') return null
  if (typeof given === 'string' && SESSION.test(given) && isFree(given, userId)) return given
  throw new FreshetError('forbidden', 'Access denied: Invalid session')
}

/** False for the session of another user. */
function isFree(session: string, userId: string | null): boolean {
  if (!session.startsWith(OWNED)) return true
  const own = `${OWNED}${userId ?? ''}_`
  return userId !== null && session.startsWith(own) && session.length > own.length
}

/**
 * The last message of the user is the prompt, what stands before it the history; nothing before it: the history is the
 * session's (null). What follows it (a page's empty place for the answer) says nothing, and neither do empty messages.
 */
function dialogueOf(messages: readonly Message[]): Pick<StartCommand, 'prompt' | 'history'> {
  const last = messages.findLastIndex(({ role }) => role === 'user')
  const prompt = messages[last]?.content
  if (prompt === undefined) {
    throw new FreshetError('bad_request', 'No message of the user provided. Send one of the role `user`.')
  }
  if (prompt.trim() === '') {
    throw new FreshetError('empty_prompt', 'The last message of the user is empty. Say what is to be done.')
  }
  const before = messages.slice(0, last)
  return { prompt, history: before.length === 0 ? null : before.filter(({ content }) => content.trim() !== '') }
}

/** A new session of a caller: it tells whose it is, or leads back to a nameless caller's hub (ID2). */
export function newSession(userId: string | null, privateKey: string | null): string {
  const id = newId(privateKey)
  const named = `${OWNED}${userId ?? ''}_${id}`
  return userId !== null && SESSION.test(named) ? named : id
}
