import * as z from 'zod'
import { checkPrompt, type StartCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { newestTurns } from '../core/history.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelMessage } from '../core/model.ts'

/** All messages together, in characters: 200,000 tokens of 4, the window of large models. Beyond: `prompt_too_long`. */
const MOST_CHARS = 4 * LIMITS.promptChars

const partSchema = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('refusal'), refusal: z.string() }),
  ],
  { error: 'only text is read here. Leave out images, audio and files' },
)

/** A text, or its parts: they become one text, a line for each. */
const textSchema = z
  .preprocess(
    (given) => (typeof given === 'string' ? [{ type: 'text', text: given }] : given),
    // Its JSON Schema tells of what comes before the text is made a part.
    z.array(partSchema, { error: 'must be a text or a list of text parts' }).meta({ type: ['string', 'array'] }),
  )
  .transform((parts) => parts.map((part) => (part.type === 'text' ? part.text : part.refusal)).join('\n'))

const idSchema = z
  .string()
  .min(1, { error: 'is empty' })
  .max(LIMITS.idChars, { error: `may have at most ${LIMITS.idChars} characters` })

const callSchema = z.object({
  id: idSchema,
  type: z.literal('function', { error: 'only calls of the type `function` are known here' }).optional(),
  function: z.object({ name: idSchema, arguments: z.string() }),
})

const OLD_FORM = 'is the old form. Send `tools`, and what they gave back as messages of the role `tool`'

const messageSchema = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.enum(['system', 'developer']), content: textSchema }),
    z.object({ role: z.literal('user'), content: textSchema }),
    z.object({
      role: z.literal('assistant'),
      content: textSchema.nullish(),
      refusal: z.string().nullish(),
      tool_calls: z.array(callSchema).nullish(),
      function_call: z.null({ error: OLD_FORM }).optional(),
    }),
    z.object({ role: z.literal('tool'), tool_call_id: idSchema, content: textSchema }),
  ],
  { error: 'must be system, developer, user, assistant or tool' },
)

/** `messages` of a request. */
export const messagesSchema = z
  .array(messageSchema, { error: 'must be a list of messages' })
  .max(LIMITS.messages, { error: `at most ${LIMITS.messages} messages are taken` })
type Message = z.output<typeof messageSchema>

/** What a list of messages is in a command. */
export interface Dialogue extends Pick<StartCommand, 'prompt' | 'after'> {
  readonly history: readonly ModelMessage[]
}

/**
 * The last message of the user is the prompt; what stands before it is history, what follows it has come of it already.
 * @throws FreshetError when there is no such message, when calls of tools and what they gave back do not belong
 *   together (OpenAI's API refuses these too, and so do most models), or when it is all too long
 */
export function dialogueOf(messages: readonly Message[]): Dialogue {
  const turns = toTurns(messages)
  const chars = turns.reduce((sum, turn) => sum + charsOf(turn), 0)
  if (chars > MOST_CHARS) {
    throw new FreshetError(
      'prompt_too_long',
      `The messages have ${chars} characters together; at most ${MOST_CHARS} are taken. Leave out the oldest ones.`,
    )
  }
  const at = turns.findLastIndex(({ role }) => role === 'user')
  const prompt = turns[at]?.content
  if (prompt === undefined) {
    throw new FreshetError('bad_request', '`messages`: there is none of the user. Send one with the role `user`.')
  }
  if (prompt.trim() === '') {
    throw new FreshetError('empty_prompt', "The user's last message is empty. Give it some text.")
  }
  return { prompt: checkPrompt(prompt), history: newestTurns(turns.slice(0, at)), after: turns.slice(at + 1) }
}

function toTurns(messages: readonly Message[]): readonly ModelMessage[] {
  const open: OpenCalls = new Map()
  const turns: ModelMessage[] = []
  for (const [i, message] of messages.entries()) {
    if (message.role !== 'tool') checkAnswered(open)
    turns.push(toTurn(message, i, open))
  }
  checkAnswered(open)
  return turns
}

/** Calls without a result yet by their ids, and the names of their tools. */
type OpenCalls = Map<string, string>

function toTurn(message: Message, i: number, open: OpenCalls): ModelMessage {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: message.content }
    case 'user':
      return { role: 'user', content: message.content }
    case 'assistant':
      return assistantTurn(message, i, open)
    case 'tool': {
      const callId = message.tool_call_id
      const name = open.get(callId)
      if (name === undefined) {
        const where = `\`messages.${i}.tool_call_id\``
        throw new FreshetError('bad_request', `${where}: no call before it waits for this. Send the call first.`)
      }
      open.delete(callId)
      return { role: 'tool', callId, name, content: message.content }
    }
  }
}

function assistantTurn(message: Extract<Message, { role: 'assistant' }>, i: number, open: OpenCalls): ModelMessage {
  const toolCalls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: words } }) => {
    if (open.has(id)) {
      throw new FreshetError('bad_request', `\`messages.${i}.tool_calls\`: two have one id. Give each its own.`)
    }
    open.set(id, name)
    return { id, name, arguments: words }
  })
  const content = message.content ?? message.refusal ?? null
  if (toolCalls.length > 0) return { role: 'assistant', content: content ?? '', toolCalls }
  if (content !== null) return { role: 'assistant', content }
  throw new FreshetError('bad_request', `\`messages.${i}.content\`: without \`tool_calls\` it must be a text.`)
}

function checkAnswered(open: OpenCalls): void {
  if (open.size === 0) return
  throw new FreshetError(
    'bad_request',
    '`messages`: each of `tool_calls` must be followed by a message of the role `tool` with its `tool_call_id`.',
  )
}

function charsOf(turn: ModelMessage): number {
  if (turn.role !== 'assistant') return turn.content.length
  return (turn.toolCalls ?? []).reduce((sum, call) => sum + call.arguments.length, turn.content.length)
}
