import * as z from 'zod'
import {
  ASSISTANT,
  clientIdSchema,
  complaint,
  optionalIdSchema,
  plainCommand,
  type StartCommand,
} from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { timeZoneSchema } from '../core/time-zone.ts'
import { patientConfigSchema } from './request-config.ts'
import { dialogueOf, type UiDialogue, uiMessageSchema } from './ui-messages.ts'
import { uiToolsSchema } from './ui-tools.ts'

/**
 * The body of `POST /api/chat`: what `DefaultChatTransport` sends, the one `message` that apps send instead with
 * `prepareSendMessagesRequest`, and Freshet's own fields, which `useChat` adds with its option `body`.
 */
export const uiBodySchema = z.object({
  id: clientIdSchema.meta({ description: 'The chat: a conversation, made with its first message.' }),
  messages: z.array(uiMessageSchema).nullish().meta({
    description: 'The chat so far. The last message of the user is answered, what stands before is its history.',
  }),
  message: uiMessageSchema
    .nullish()
    .meta({ description: 'Instead of `messages`: the new one alone. Its history is what is kept of the chat.' }),
  trigger: z
    .enum(['submit-message', 'regenerate-message'], { error: 'must be `submit-message` or `regenerate-message`' })
    .nullish()
    .meta({ description: '`regenerate-message` asks for a new answer to the last message of the user.' }),
  agent: z.string().min(1).max(LIMITS.idChars).nullish().meta({ description: 'Who answers.' }),
  config: patientConfigSchema,
  tools: uiToolsSchema.meta({
    description: 'Tools that the client runs: a list with names, or a map by name, of `description` and `inputSchema`.',
  }),
  request_id: optionalIdSchema.meta({
    description: 'The same one twice is one generation. Left out: made of the ids of chat and message, and its words.',
  }),
  time_zone: timeZoneSchema.nullish().meta({ description: 'An IANA time zone, for dates in words.' }),
})
export type UiBody = z.output<typeof uiBodySchema>

/**
 * Parses the body of `POST /api/chat`.
 * @param raw JSON, of a bounded depth
 * @throws FreshetError `bad_request`, `empty_prompt`, `prompt_too_long`
 */
export function commandOf(raw: unknown): StartCommand {
  const parsed = uiBodySchema.safeParse(raw)
  if (!parsed.success) throw new FreshetError('bad_request', complaint(parsed.error))
  return commandFrom(parsed.data)
}

/**
 * What a body asks for.
 * @throws FreshetError `bad_request`, `empty_prompt`, `prompt_too_long`
 */
export function commandFrom(body: UiBody): StartCommand {
  const messages = body.messages ?? (body.message ? [body.message] : [])
  const anew = body.trigger === 'regenerate-message'
  const dialogue = dialogueOf(messages, anew)
  const { prompt, history, after } = dialogue
  const answerId = answerIdOf(dialogue)
  const plain = plainCommand(prompt)
  return {
    ...plain,
    requestId: body.request_id ?? (anew ? null : derivedId(body.id, dialogue)),
    config: body.config,
    streamConfig: anew ? { ...plain.streamConfig, cache: 'off' } : plain.streamConfig,
    conversationId: body.id,
    agent: body.agent ?? ASSISTANT,
    history,
    after,
    tools: body.tools,
    messageId: idOrNull(dialogue.messageId),
    answerId,
    timeZone: body.time_zone || null,
  }
}

/** A message's id where it is one that can be kept: an app may make its own as it likes. */
function idOrNull(id: string | undefined): string | null {
  const parsed = clientIdSchema.safeParse(id)
  return parsed.success ? parsed.data : null
}

/** The id must come back as it was: under another one the client would show its message twice. */
function answerIdOf({ answer }: UiDialogue): string | null {
  if (answer === null) return null
  const parsed = clientIdSchema.safeParse(answer.id)
  if (parsed.success) return parsed.data
  throw new FreshetError('bad_request', `The \`id\` of the last message: ${parsed.error.issues[0]?.message ?? 'bad'}.`)
}

/**
 * A request's id that says what is asked: a body that comes twice is one generation (GE3). An edited message keeps its
 * id, so its words are in it; an answer that goes on is asked for with its results, so these are in it.
 * @returns null when the message has no id, or the ids are too long
 */
function derivedId(conversationId: string, { prompt, after, messageId, answer }: UiDialogue): string | null {
  if (idOrNull(messageId) === null) return null
  const results = after.filter(({ role }) => role === 'tool').length
  const rest = results === 0 ? hash(prompt) : `${hash(JSON.stringify([prompt, answer?.id, after]))}:${results}`
  return idOrNull(`${conversationId}:${messageId}:${rest}`)
}

/** FNV-1a of 32 bits over UTF-16 units. It tells a few versions of one message apart; nobody relies on it for more. */
function hash(text: string): string {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return (sum >>> 0).toString(36)
}
