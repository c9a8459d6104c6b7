import { LIMITS } from './limits.ts'

/** The title of a conversation that was given none: the beginning of its first prompt on one line, cut at a word (CV4). */
export function titleOf(prompt: string): string {
  const line = prompt
    .slice(0, LIMITS.titleChars * 4)
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  if (characters.length <= LIMITS.titleChars) return line
  const cut = characters.slice(0, LIMITS.titleChars).join('')
  const space = cut.lastIndexOf(' ')
  return `${space > LIMITS.titleChars / 2 ? cut.slice(0, space) : cut}…`
}
