import { takeAttributes } from './embedded-todo-attributes.ts'
import { ACTION } from './embedded-todo-create.ts'
import { COMPLETED, lookFor, PENDING, THINGS } from './embedded-todo-filters.ts'
import { takeTime } from './embedded-todo-times.ts'
import type { Target } from './embedded-todo-wanted.ts'

const PARTING = new RegExp(`,\\s*(?:and\\s+)?|\\s+and\\s+(?=(?:the|my)\\s|\uE000|${ACTION}\\b)`, 'i')
const WHOSE = ['my', 'the', 'our', 'any'].join('|')
const STATES = `(?:${PENDING.source}|${COMPLETED.source}|overdue|high|medium|low|important|urgent)`
/** Words for all todos, or for all of a kind; a plural of ours at the end is one too (`the finance tasks`). */
const ALL = new RegExp(
  [
    "^(?:all|every|each|everything|anything)(?![\\w'’-])",
    `^(?:(?:my|the|our)\\s+)?(?:whole\\s+|entire\\s+)?(?:(?:todo|to-do|task)\\s+)?(?:list|calendar|agenda|schedule|todos|to-dos|tasks|reminders|appointments)(?![\\w'’])`,
    `^(?:(?:${WHOSE})\\s+)?${STATES}(?:\\s+(?:priority|importance))?\\s+(?:\\S+\\s+)?(?:todos|to-dos|tasks|items|reminders|appointments|things|ones)(?![\\w'’])`,
    `^(?:the\\s+)?(?:completed|done|finished|overdue|pending|open)$`,
    `^(?:my|the)\\s+\\S+\\s+(?:todos|to-dos|tasks|reminders|appointments)(?![\\w'’])`,
  ].join('|'),
  'i',
)
const PRONOUN =
  /^(?:it|that|this|that one|this one|the same|(them|these|those|both|both of them|all of them|them all|all of those|all of it|it all))$/i
const PLACES = ['first', 'second', 'third', 'fourth', 'fifth'] as const
const PLACE = new RegExp(
  `^(?:the\\s+)?(?:(${PLACES.join('|')}|last|latest)(?:\\s+(?:one|${THINGS}))(?:\\s+(?:of|on|in)\\s+.*)?|(?:the\\s+)(first|second|third|last)|(?:number|no\\.?|#)\\s*(\\d{1,2}))$`,
  'i',
)
const ID = /^(?:(?:todo|task|item|the one)\s+)?(?:with\s+)?(?:the\s+)?(?:id\s*[:=]?\s*)?([\w~.-]*\d[\w~.-]*)$/i

/**
 * The todos that words name; null when they name none.
 * @param usual filters of `all`, where the words say nothing else
 */
export function targetsOf(words: string, usual: Readonly<Record<string, string>> = {}): readonly Target[] | null {
  // `Monday's tasks` are the tasks for Monday.
  const said = words
    .trim()
    .replace(
      /^(?:all (?:of )?)?(?:the |my )?(\w+day|today|tomorrow)['’]s (\S+s)$/i,
      (_, day: string, things: string) => `all ${things} ${day}`,
    )
  if (said === '') return null
  const pronoun = PRONOUN.exec(said)
  if (pronoun !== null) return [{ kind: 'it', word: said, isMany: pronoun[1] !== undefined }]
  const place = PLACE.exec(said)
  if (place !== null) return [{ kind: 'place', at: placeOf(place) }]
  if (ALL.test(said)) return isCounted(said) ? null : [{ kind: 'all', look: lookFor(said, usual) }]
  const targets = said.split(PARTING).map(named)
  return targets.every((target) => target !== null) ? targets : null
}

/** All but some: what cannot be said to the tools is better not done at all. */
const BUT =
  /\b(?:except|excluding|but|other than|apart from|besides|before|after|until|till|since|older|earlier|later|not|without|no|first|last|\d+ of)\b/i

function isCounted(words: string): boolean {
  return BUT.test(takeTime(words.replaceAll(new RegExp(PENDING, 'gi'), ' ')).rest)
}

function placeOf([, ordinal, short, number]: RegExpExecArray): number {
  if (number !== undefined) return Number(number) - 1
  return PLACES.findIndex((name) => name === (ordinal ?? short ?? '').toLowerCase())
}

/** One that is called by its name, by words of it and its day, or by its id; null when the words are no name. */
function named(words: string): Target | null {
  const id = ID.exec(words.trim())?.[1]
  const isId = id !== undefined && (id.length >= 16 || /\bid\b/i.test(words))
  if (isId) return { kind: 'named', which: { todo_id: id.slice(0, 200) } }
  const { words: time, rest } = takeTime(words)
  // Only at the end is it a day to tell it by: in `the Monday meeting` it is part of the name.
  const isApart = time !== null && rest !== '' && words.trim().startsWith(rest)
  const item = nameIn(isApart ? rest : words)
  if (item === '' || PRONOUN.test(item)) return null
  const on = isApart && time !== null ? { on: time.replace(/^(?:from|of) /i, '') } : {}
  return { kind: 'named', which: { item, ...on } }
}

function nameIn(words: string): string {
  return takeAttributes(words)
    .rest.replace(
      /^(?:(?:the|my|our|that|this|todos?|tasks?|reminders?|appointment)\s+(?:(?:about|for|to|with|called|named)\s+)?)+/i,
      '',
    )
    .replace(
      /\s+(?:from|off|on|in|of)\s+(?:my|the)\s+(?:(?:todo|to-do|task)\s+)?(?:list|todos?|tasks|calendar|agenda)$/i,
      '',
    )
    .replace(/\s+(?:todos?|tasks?|reminders?|item)$/i, '')
    .replace(/[\s,;:]+$/, '')
    .trim()
}
