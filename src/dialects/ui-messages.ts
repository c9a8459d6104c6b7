import * as z from 'zod'
import { checkPrompt, type StartCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { newestTurns } from '../core/history.ts'
import type { ModelMessage } from '../core/model.ts'
import { type UiPart, uiPartSchema } from './ui-parts.ts'

/** A message as `useChat` keeps it. */
export const uiMessageSchema = z.object({
  id: z.string().optional(),
  role: z.enum(['system', 'user', 'assistant'], { error: 'must be system, user or assistant' }),
  parts: z.array(uiPartSchema, { error: 'must be a list of parts' }),
})
export type UiMessage = z.output<typeof uiMessageSchema>

/** What a list of messages asks for. */
export interface UiDialogue extends Pick<StartCommand, 'prompt' | 'history' | 'after'> {
  /** The user's message that is answered, by its own id. */
  readonly messageId: string | undefined
  /** The answer that goes on, by its own id; null when a new one begins. */
  readonly answer: { readonly id: string | undefined } | null
}

/**
 * The user's last message is the prompt. What stands before it is its history; when nothing does, the hub's own
 * conversation is. What stands after it is an answer that waits for more: its calls have their results.
 * @param anew a new answer is wanted: what stands after the prompt does not count
 * @throws FreshetError `bad_request`, `empty_prompt`, `prompt_too_long`
 */
export function dialogueOf(messages: readonly UiMessage[], anew: boolean): UiDialogue {
  const at = messages.findLastIndex(({ role }) => role === 'user')
  const asked = messages[at]
  if (asked === undefined) {
    throw refused('There is no message of the user. Send `messages` with the one that is to be answered.')
  }
  const answers = anew ? [] : messages.slice(at + 1)
  const last = answers.at(-1)
  if (last !== undefined) checkWaits(last)
  return {
    prompt: promptOf(asked),
    history: at === 0 ? null : newestTurns(messages.slice(0, at).flatMap(turnsOf)),
    after: answers.flatMap(turnsOf),
    messageId: asked.id,
    answer: last === undefined ? null : { id: last.id },
  }
}

function promptOf(asked: UiMessage): string {
  const prompt = textOf(asked)
  if (prompt.trim() === '') {
    throw new FreshetError('empty_prompt', "The user's message has no text. Give it a part of the type `text`.")
  }
  return checkPrompt(prompt)
}

/** The text of a user or system message, a line for each of its parts. */
function textOf({ parts }: UiMessage): string {
  return parts
    .flatMap((part) => {
      if (part.kind === 'file') throw refused('Files are not taken here, only text. Send the message without them.')
      return part.kind === 'text' ? [part.text] : []
    })
    .join('\n')
}

type CallPart = Extract<UiPart, { kind: 'call' }>

interface Step {
  readonly texts: string[]
  readonly calls: CallPart[]
}

/** An answer by the model's turns; the empty ones left out. */
function stepsOf({ parts }: UiMessage): readonly Step[] {
  let step: Step = { texts: [], calls: [] }
  const steps = [step]
  for (const part of parts) {
    if (part.kind === 'step') {
      step = { texts: [], calls: [] }
      steps.push(step)
    } else if (part.kind === 'text' && part.text !== '') step.texts.push(part.text)
    else if (part.kind === 'call') step.calls.push(part)
  }
  return steps.filter(({ texts, calls }) => texts.length + calls.length > 0)
}

/** @throws FreshetError unless the last thing in an answer is calls that all have their results */
function checkWaits(answer: UiMessage): void {
  const calls = answer.role === 'assistant' ? (stepsOf(answer).at(-1)?.calls ?? []) : []
  if (calls.length === 0) {
    throw refused(
      'The last message is an answer already. Send a message of the user, the result of a tool, or `trigger` = `regenerate-message`.',
    )
  }
  if (calls.some(({ result }) => result === null)) {
    throw refused('A tool call of the last message has no result yet. Send it with its output, or with its error.')
  }
}

/** A message as the model is told it. */
function turnsOf(message: UiMessage): readonly ModelMessage[] {
  if (message.role !== 'assistant') {
    const content = textOf(message)
    return content === '' ? [] : [{ role: message.role, content }]
  }
  return stepsOf(message).flatMap(({ texts, calls }): readonly ModelMessage[] => {
    // A call without a result was given up; models refuse a history with one.
    const answered = calls.flatMap(({ call, result }) => (result === null ? [] : [{ call, result }]))
    // The blank line that the stream left out between two texts.
    const content = texts.join('\n\n')
    if (answered.length === 0) return content === '' ? [] : [{ role: 'assistant', content }]
    return [
      { role: 'assistant', content, toolCalls: answered.map(({ call }) => call) },
      ...answered.map(({ call: { id, name }, result }): ModelMessage => {
        return { role: 'tool', callId: id, name, content: result }
      }),
    ]
  })
}

function refused(sentence: string): FreshetError {
  return new FreshetError('bad_request', sentence)
}
