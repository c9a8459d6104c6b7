import { minutesIn, takeDuration } from '../core/duration-words.ts'
import type { PlannedCall } from './embedded-part.ts'
import { takeAttributes } from './embedded-todo-attributes.ts'
import { COMPLETED, lookFor, PENDING, THINGS } from './embedded-todo-filters.ts'
import { doneIn } from './embedded-todo-past.ts'
import { isTime, rangeIn, takeDays, takeTime } from './embedded-todo-times.ts'
import type { Wanted } from './embedded-todo-wanted.ts'

/** Words that say nothing about what is looked for. */
const LITTLE = 'me|for|through|in|all|any|my|the|your|up'
const ASKS =
  /^(?:(?:completed|finished|done) (?=todos|tasks|items|ones)|what about(?= (?:on |today|tomorrow|this|next|\w+day))|what(?:['’]?s| is| are| do| did| have| was)?\b|show\b|list\b|display\b|see\b|view\b|give me\b|tell me\b|let me know\b|which\b|do i have\b|have i (?:got )?\b|are there\b|is there\b|read\b|get me\b|my\b|all\b|open\b|pending\b|agenda\b|anything\b|todos?\b|tasks?\b|overdue\b|how many\b)/i
const MATTERS = new RegExp(
  `\\b(?:${THINGS}|to do|list|agenda|schedule|plans?|planned|calendar|due|open|pending|completed?|done|finish(?:ed)?|overdue|busy|left|remaining|outstanding|next|up|on|tagged|priority|importance|important|urgent)\\b|do i have|have i got`,
  'i',
)
const ABOUT =
  /\b(?:about|regarding|concerning|containing|matching|mentioning|named|called|related to|with the words?|that (?:mention|contain|say)s?)\s+(.+)$/i
const SEARCHES = new RegExp(
  `^(?:find|search|look up|look for|where is|where['’]s)\\b(?:\\s+(?:${LITTLE}|${THINGS}|list))*(?:\\s+(?:about|with|for|containing|named|called|matching|mentioning|regarding|on))?\\s+(.+)$`,
  'i',
)
/** What no list of todos answers, though it has a day. */
const ELSEWHERE = /\b(?:weather|forecast|temperature|news|joke)\b/i
const FINDS = /^(?:find|search(?: for)?|look (?:up|for))\b/i
const WHEN_IS =
  /^(?:when(?: is|['’]?s| are| was| do (?:i|we) (?:have|go to|need to|have to))|what time is(?! it\b))\s+(.+?)(?:\s+(?:due|scheduled|planned|happening|again))?$/i
const FREE = new RegExp(
  [
    '\\b(?:free|available|availability|(?:time )?slots?|gaps?|openings?|fit in)\\b',
    `^(?:find|get)\\s+(?:me\\s+|us\\s+)?(?:an?\\s+)?(?:\\d{1,3}(?:\\.\\d{1,2})?|an?|one|two|three|four|five|six|half an?)[ -]?(?:hours?|hrs?|h|minutes?|mins?)\\b(?!.*\\b${THINGS}\\b)`,
    '^(?:suggest|find|propose|recommend|what|when|is there|are there|do i have)\\b.*\\b(?:an?|some|any|good|free|best) (?:time|slot) (?:for|to)\\b',
    '^when (?:can|could|should|might) (?:i|we)\\b',
    '\\b(?:find|have|is there|got|make)\\s+(?:me\\s+)?(?:some\\s+|any\\s+|enough\\s+)?(?:(?:\\S+[\\s-]){0,3}(?:hours?|minutes?|mins?)\\s+)?(?:of\\s+)?time\\b',
  ].join('|'),
  'i',
)
const FREE_ASKS =
  /^(?:when|free|available|availability|any(?= )|(?:time )?slots?|gaps?|openings?|am i|are there|is there|find|do i have|have i|what|where|show|check|look for|suggest|propose|recommend|give|how|i need|list|search|get)\b/i
const LENGTH =
  /\b(?:\d{1,3}(?:\.\d{1,2})?|an?|one|two|three|four|five|six|half an?)[ -]?(?:hours?|hrs?|h|minutes?|mins?)\b(?: and (?:a half|\d{1,2} minutes))?/i

const PLAN =
  /^(?:plan|organi[sz]e|arrange|structure)(?: out)? (?:my|the) (day|week|morning|afternoon|evening|today|tomorrow|weekend)(?: for)?\b(.*)$/i
const MEET =
  /^(?:schedule|plan|add|book|arrange|set up|put|find a time for|create) (.+?),? (?:when(?:ever)?|where|at a time) (?:i am|i['’]m|we are|we['’]re|i have|it is|there is|it['’]s)(?: both| all)? (?:free|available|time|some time|a gap|a slot)\b(.*)$/i
const BUSY = /^(?:how busy (?:am|are) (?:i|we)|(?:am|are) (?:i|we) (?:busy|booked|occupied|doing anything))\b/i
const STATE =
  /^(?:is|are|was|were|did i|have i(?: already)?)(?: already)? (?:(?:finish|complete|do|did|done|finished|completed) (.+)|(?!there\b|it\b)(.+?) (?:done|finished|completed?|ready|still open|open|pending)(?: yet| already| now)?)$/i

/** What a question for free time, for a list or for what matches some words wants; null when it is none. */
export function lookUp(clause: string): readonly Wanted[] | null {
  const [, done, asked] = STATE.exec(clause) ?? []
  const query = plain(done ?? asked ?? '')
  if (query !== '' && !new RegExp(`^${THINGS}$`, 'i').test(query))
    return [{ kind: 'state', query: query.slice(0, 200) }]
  if (isTime(clause))
    return [{ kind: 'call', call: { name: 'list_todos', arguments: { from: takeTime(clause).words } } }]
  const did = didIn(clause)
  if (did !== null) return [{ kind: 'state', query: did }]
  const there = isThere(clause)
  if (there !== null) return [{ kind: 'call', call: { name: 'search_todos', arguments: { query: there } } }]
  const days = ASKS.test(clause) ? twoDays(clause) : []
  if (days.length > 0) return days.flatMap((day) => lookUp(day) ?? [])
  const call = freeTime(clause) ?? described(clause) ?? search(clause) ?? list(clause)
  return call === null ? null : [{ kind: 'call', call }]
}

/** Questions that begin like a wish for a todo: `plan my day`, `schedule a meeting when I am free`. */
export function lookUpFirst(clause: string): readonly Wanted[] | null {
  return plan(clause) ?? meet(clause)
}

/** `plan my day`: what there is, and what is free beside it. */
function plan(clause: string): readonly Wanted[] | null {
  const [, what = '', more = ''] = PLAN.exec(clause) ?? []
  if (what === '') return null
  const said = takeTime(more).words
  const usual = /^(?:day|today)$/i.test(what)
    ? 'today'
    : /^tomorrow$/i.test(what)
      ? 'tomorrow'
      : `this ${what.toLowerCase()}`
  const from = said ?? usual
  return [
    { kind: 'call', call: { name: 'list_todos', arguments: { from } } },
    { kind: 'call', call: { name: 'find_free_time', arguments: { from } } },
  ]
}

/** `schedule a meeting with Bob when I am free tomorrow`: which of the free times it is to be is for the user to say. */
function meet(clause: string): readonly Wanted[] | null {
  const [, what = '', when = ''] = MEET.exec(clause) ?? []
  if (what === '') return null
  const lasting = takeDuration(`${what}${when}`)
  const { words, rest } = takeTime(`${lasting === null ? `${what}${when}` : lasting.rest}`)
  const item = rest.replace(/^(?:an?|the) /i, '')
  const args = {
    ...(words !== null && { from: words }),
    ...(lasting !== null && { duration_minutes: lasting.minutes }),
  }
  const note = `Nothing was added yet: say which time, as in “Add ${item} tomorrow at 3pm”.`
  return [{ kind: 'call', call: { name: 'find_free_time', arguments: args }, note }]
}

/** `did I call Bob`, `have I paid the rent`: the todo by its name. */
function didIn(clause: string): string | null {
  const [, did, have] =
    /^(?:did i|have i) (?:already )?(?:(?<=did i (?:already )?)(?!have\b)(.+)|(.+?))(?: yet| already)?$/i.exec(
      clause,
    ) ?? []
  const item = did ?? (have === undefined ? null : doneIn(`i ${have}`))
  return item === null || item === undefined ? null : item.slice(0, 200)
}

/** `is the gym tomorrow`: asks after one todo. */
function isThere(clause: string): string | null {
  const asked = /^(?:is|are) (?!there\b|it\b|that\b|this\b)(.+)$/i.exec(clause)?.[1]
  if (asked === undefined || FREE.test(clause)) return null
  const { words, rest } = takeTime(asked)
  const query = plain(rest)
  return words === null || query === '' ? null : query.slice(0, 200)
}

/** A question for two days that are apart, as two: `what do I have on Monday and on Friday`. */
function twoDays(clause: string): readonly string[] {
  const [, first = '', second = ''] = /^(.+?) and (on .+|(?:on )?\w+day)$/i.exec(clause) ?? []
  const [one, other] = [takeTime(first), takeTime(second)]
  if (one.words === null || other.words === null || other.rest !== '' || / between /i.test(first)) return []
  return [first, `${one.rest} ${second}`]
}

/** A question for todos by their words and by more (`what todos about gym do I have that are high?`). */
function described(clause: string): PlannedCall | null {
  if (BUSY.test(clause)) {
    const { words } = takeTime(clause)
    return { name: 'list_todos', arguments: { status: 'pending', from: words ?? 'today' } }
  }
  if (!(ASKS.test(clause) || FINDS.test(clause)) || !ABOUT.test(clause)) return null
  const words = clause
    .replace(ASKS, '')
    .replace(FINDS, '')
    .replaceAll(/\b(?:do|did) (?:i|we) (?:have|got)\b/gi, ' ')
  const call = lookFor(words.replaceAll(/\s+/g, ' '))
  const { query, ...filters } = call.arguments
  return typeof query === 'string' && Object.keys(filters).length > 0 ? call : null
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
  const query = found?.[1] ?? (ASKS.test(clause) ? ABOUT.exec(clause)?.[1] : undefined) ?? WHEN_IS.exec(clause)?.[1]
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
  if (ELSEWHERE.test(clause)) return null
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
      ...(takeDays(clause) ?? (words !== null && rangeIn(clause, words))),
      ...(isNext && { from: 'now' }),
    },
  }
}
