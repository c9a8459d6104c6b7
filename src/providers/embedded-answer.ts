import type { ModelMessage, ModelRequest } from '../core/model.ts'
import { CONTEXT, TEXTS } from './embedded-texts.ts'
import { hashText, pick, type Random, seededRandom } from './random.ts'

/** Characters of the prompt that are quoted. */
const EXCERPT = 80
/** Enough of a prompt to find an excerpt in; a prompt may be 200,000 characters long. */
const LOOKED_AT = 1000

/** The number that all that is random in an answer comes from: the messages decide it, not what there is of an answer. */
export function seedOf(request: ModelRequest): number {
  return hashText(JSON.stringify(request.messages.map(({ role, content }) => [role, content])))
}

/** The whole answer to a request: by its task's class, quoting its last prompt, aware of the turns before that. */
export function composeAnswer(request: ModelRequest): string {
  const random: Random = seededRandom(seedOf(request))
  const asked = request.messages.findLastIndex(({ role }) => role === 'user')
  const texts = TEXTS[request.task]
  const excerpt = excerptOf(request.messages[asked]?.content ?? '')
  const turns = turnsBefore(request.messages.slice(0, Math.max(asked, 0)))
  const paragraphs = [pick(texts.openings, random), pick(texts.bodies, random), pick(texts.closings, random)]
  if (turns !== '') paragraphs.splice(1, 0, pick(CONTEXT, random))
  // A function, since a prompt may hold `$&`, and one pass, since it may hold `{turns}`.
  return paragraphs.join('\n\n').replace(/\{(?:excerpt|turns)\}/g, (slot) => (slot === '{turns}' ? turns : excerpt))
}

/** What goes on from another's unfinished answer: our own answer, a paragraph further on; nothing after its last one. */
export function continuationOf(answer: string): string {
  const at = answer.indexOf('\n\n')
  return at === -1 ? '' : answer.slice(at)
}

/**
 * The beginning of a prompt on one line, cut at a word: plain text, without back-ticks or control characters,
 * so that it cannot open a code block or end one.
 */
export function excerptOf(prompt: string): string {
  const line = prompt
    .slice(0, LOOKED_AT)
    .toWellFormed()
    .replace(/[\s\p{Cc}`“”]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  if (characters.length === 0) return 'an empty message'
  if (characters.length <= EXCERPT && prompt.length <= LOOKED_AT) return line
  const cut = characters.slice(0, EXCERPT).join('')
  const space = cut.lastIndexOf(' ')
  return `${space > EXCERPT / 2 ? cut.slice(0, space) : cut}…`
}

function turnsBefore(messages: readonly ModelMessage[]): string {
  const count = messages.filter(isTurn).length
  if (count === 0) return ''
  return count === 1 ? 'the one earlier turn' : `the ${count} earlier turns`
}

/** What people and the model said to each other; a turn in which the model only calls tools is part of the one that answers. */
function isTurn(message: ModelMessage): boolean {
  if (message.role === 'assistant') return (message.toolCalls ?? []).length === 0
  return message.role === 'user'
}
