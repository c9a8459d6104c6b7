import { minutesIn, takeDuration } from '../core/duration-words.ts'
import type { PlannedCall } from './embedded-part.ts'
import { takeAttributes } from './embedded-todo-attributes.ts'
import { takeDays, takeTime } from './embedded-todo-times.ts'

const THINGS = '(?:todos?|to-dos?|tasks?|items?|reminders?|appointments?|things|everything|anything|entries)'
/** Words that say nothing about what is looked for. */
const LITTLE = 'me|for|through|in|all|any|my|the|your|up'
const ASKS =
  /^(?:what(?:['’]?s| is| are| do| did| have| was)?\b|show\b|list\b|display\b|see\b|view\b|give me\b|tell me\b|let me know\b|which\b|do i have\b|have i (?:got )?\b|are there\b|is there\b|read\b|get me\b|my\b|all\b|open\b|pending\b|agenda\b|todos?\b|tasks?\b|overdue\b|how many\b)/i
const MATTERS = new RegExp(
  `\\b(?:${THINGS}|to do|list|agenda|schedule|plans?|planned|calendar|due|open|pending|completed|done|finished|overdue|left|remaining|outstanding|next|up|on|tagged|priority|importance|important|urgent)\\b|do i have|have i got`,
  'i',
)
const PENDING =
  /\b(?:open|pending|unfinished|incomplete|outstanding|remaining|left|not (?:yet )?(?:done|completed?|finished)|still (?:to do|have|need)|undone)\b/i
const COMPLETED = /\b(?:completed?|done|finished|closed)\b/i
const ABOUT =
  /\b(?:about|regarding|concerning|containing|matching|mentioning|named|called|related to|with the words?|that (?:mention|contain|say)s?)\s+(.+)$/i
const SEARCHES = new RegExp(
  `^(?:find|search|look up|look for|where is|where['’]s)\\b(?:\\s+(?:${LITTLE}|${THINGS}|list))*(?:\\s+(?:about|with|for|containing|named|called|matching|mentioning|regarding|on))?\\s+(.+)$`,
  'i',
)
const WHEN_IS =
  /^(?:when(?: is|['’]?s| are| was)|what time is)\s+(.+?)(?:\s+(?:due|scheduled|planned|happening|again))?$/i
const FREE = new RegExp(
  [
    '\\b(?:free|available|availability|(?:time )?slots?|gaps?|openings?|fit in)\\b',
    '\\b(?:find|have|is there|got|make)\\s+(?:me\\s+)?(?:some\\s+|any\\s+|enough\\s+)?(?:(?:\\S+[\\s-]){0,3}(?:hours?|minutes?|mins?)\\s+)?(?:of\\s+)?time\\b',
  ].join('|'),
  'i',
)
const FREE_ASKS =
  /^(?:when|am i|are there|is there|find|do i have|have i|what|where|show|check|look for|suggest|give|how|i need|list|search|get)\b/i
const LENGTH =
  /\b(?:\d{1,3}(?:\.\d{1,2})?|an?|one|two|three|four|five|six|half an?)[ -]?(?:hours?|hrs?|h|minutes?|mins?)\b(?: and (?:a half|\d{1,2} minutes))?/i

/** The call of a question for free time, for a list or for what matches some words; null when it is none. */
export function lookUp(clause: string): PlannedCall | null {
  return freeTime(clause) ?? search(clause) ?? list(clause)
}

function freeTime(clause: string): PlannedCall | null {
  if (!FREE.test(clause) || !FREE_ASKS.test(clause)) return null
  const lasting = takeDuration(clause)
  const { words, rest } = takeTime(lasting?.rest ?? clause)
  const minutes = lasting?.minutes ?? minutesIn(LENGTH.exec(rest)?.[0] ?? '')
  const args = { ...(words !== null && { from: words }), ...(minutes !== null && { duration_minutes: minutes }) }
  return { name: 'find_free_time', arguments: args }
}

function search(clause: string): PlannedCall | null {
  const found = SEARCHES.exec(clause)
  const query = found?.[1] ?? (ASKS.test(clause) ? ABOUT.exec(clause)?.[1] : WHEN_IS.exec(clause)?.[1])
  if (query === undefined) return null
  const { tags, importance, rest } = takeAttributes(query)
  const words = plain(rest)
  // What is left without words is asked for by its tag, its importance or its time.
  if (words === '' || takeTime(rest).rest === '') return list(`list ${query}`, tags, importance)
  return { name: 'search_todos', arguments: { query: words } }
}

function plain(query: string): string {
  return query
    .replace(new RegExp(`^(?:(?:${LITTLE}|an?)\\s+)+`, 'i'), '')
    .replace(/\s+(?:todos?|tasks?|items?)$/i, '')
    .trim()
}

function list(clause: string, ...known: readonly unknown[]): PlannedCall | null {
  const { words, rest: withoutTime } = takeTime(clause)
  if (known.length === 0 && (!ASKS.test(clause) || (words === null && !MATTERS.test(clause)))) return null
  const { importance, tags, rest } = takeAttributes(withoutTime)
  const level = importance ?? (/\b(?:important|urgent)\b/i.test(rest) ? 'high' : null)
  if (/\boverdue\b/i.test(rest)) return { name: 'list_todos', arguments: { status: 'pending', to: 'now' } }
  const isNext = words === null && /\b(?:next|coming up|upcoming)\b/i.test(rest)
  const status = PENDING.test(rest) || isNext ? 'pending' : COMPLETED.test(rest) ? 'completed' : null
  return {
    name: 'list_todos',
    arguments: {
      ...(status !== null && { status }),
      ...(level !== null && { importance: level }),
      ...(tags[0] !== undefined && { tag: tags[0] }),
      ...(takeDays(clause) ?? (words !== null && { from: words })),
      ...(isNext && { from: 'now' }),
    },
  }
}
