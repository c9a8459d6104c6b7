import { cutText } from './gather.ts'
import { LIMITS } from './limits.ts'

/** What is looked at, UTF-16 units: enough for a title though half of it were blank. */
const LOOKED_AT = LIMITS.titleChars * 4

/** The title of a conversation that was given none: the beginning of its first prompt on one line, cut at a word (CV4). */
export function titleOf(prompt: string): string {
  const said = prompt.replace(/^[\s\p{Cc}]+/u, '')
  const [head = ''] = cutText(said.slice(0, LOOKED_AT + 1), LOOKED_AT)
  const line = head
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  if (characters.length <= LIMITS.titleChars) return said.length > LOOKED_AT ? `${line}…` : line
  // One more is looked at: the word may end just there.
  const space = characters.slice(0, LIMITS.titleChars + 1).lastIndexOf(' ')
  return `${characters.slice(0, space > LIMITS.titleChars / 2 ? space : LIMITS.titleChars).join('')}…`
}
