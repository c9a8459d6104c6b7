import type { PlannedCall } from './embedded-part.ts'
import { takeAttributes } from './embedded-todo-attributes.ts'
import { rangeIn, takeDays, takeTime } from './embedded-todo-times.ts'

export const THINGS =
  '(?:todos?|to-dos?|tasks?|items?|reminders?|appointments?|things?|everything|anything|entries|entry|ones)'
export const PENDING =
  /\b(?:open|pending|unfinished|incomplete|outstanding|remaining|left|not (?:yet )?(?:done|completed?|finished)|still (?:to do|have|need)|undone)\b/i
export const COMPLETED = /\b(?:completed?|done|finish(?:ed)?|closed)\b/i
const ABOUT =
  /\b(?:about|regarding|concerning|containing|matching|mentioning|named|called|related to|with the words?|that (?:mention|contain|say)s?)\s+/i
const LITTLE = new Set(
  'all every each any of my the our these those that which are is were have has been i we do did with on for from in at to and currently still already now them list calendar agenda schedule importance priority planned due scheduled me whole entire please it yet'.split(
    ' ',
  ),
)
const LEVEL = /\b(?:that|which) (?:are|is|have|has) (?:an? )?(?:very )?(high|medium|low|important|urgent|normal)\b/i
const BARE_LEVEL = new RegExp(`\\b(high|medium|low|important|urgent)\\b(?= (?:\\S+ )?${THINGS}\\b)`, 'i')

/** The call that looks up the todos which some words describe: `completed todos`, `finance tasks for tomorrow`. */
export function lookFor(words: string, usual: Readonly<Record<string, string>> = {}): PlannedCall {
  const days = takeDays(words)
  const { words: time, rest: timeless } = takeTime(words)
  const level = LEVEL.exec(timeless) ?? BARE_LEVEL.exec(timeless)
  const leveled = level === null ? timeless : timeless.replace(level[0], level[0].startsWith('that') ? 'that are' : '')
  const { importance, tags, rest } = takeAttributes(leveled)
  const isOverdue = /\boverdue\b/i.test(rest)
  const status = isOverdue || PENDING.test(rest) ? 'pending' : COMPLETED.test(rest) ? 'completed' : null
  const said = importance ?? levelIn(level?.[1])
  const query = queryIn(rest)
  const args = {
    ...usual,
    ...(query !== '' && { query }),
    ...(status !== null && { status }),
    ...(said !== null && { importance: said }),
    ...(tags[0] !== undefined && { tag: tags[0] }),
    ...(isOverdue ? { to: 'now' } : (days ?? (time !== null && rangeIn(words, time)))),
  }
  return { name: query === '' ? 'list_todos' : 'search_todos', arguments: args }
}

function levelIn(words = ''): 'high' | 'medium' | 'low' | null {
  if (/^(?:high|important|urgent)$/i.test(words)) return 'high'
  return /^(?:medium|normal)$/i.test(words) ? 'medium' : /^low$/i.test(words) ? 'low' : null
}

/** What of some words is a description of the todos' own words; plurals are put so that they find one of them. */
function queryIn(words: string): string {
  const without = words
    .replaceAll(new RegExp(PENDING, 'gi'), ' ')
    .replaceAll(new RegExp(COMPLETED, 'gi'), ' ')
    .replaceAll(/\boverdue\b/gi, ' ')
  const about = ABOUT.exec(without)
  const text = about === null ? without : without.slice(about.index + about[0].length)
  const kept: string[] = []
  for (const word of text.replaceAll(/[,.!?;:]/g, ' ').split(/\s+/)) {
    if (word === '' || LITTLE.has(word.toLowerCase()) || new RegExp(`^${THINGS}$`, 'i').test(word)) continue
    kept.push(/[^s]s$/i.test(word) && word.length > 4 && about === null ? word.slice(0, -1) : word)
  }
  return kept.join(' ').slice(0, 200)
}
