import { takeTime } from './embedded-todo-times.ts'

const OFTEN =
  '(?:daily|nightly|hourly|weekly|biweekly|fortnightly|monthly|quarterly|yearly|annually|on weekdays|on weekends)'
const EACH =
  '(?:every|each)\\s+(?:other|single|second|third|few|day|week|weekday|weekend|month|year|quarter|morning|afternoon|evening|night|hour|\\d|two|three|four|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)'
/** What comes again and again. `daily` before a noun may be part of a name (`the daily report`). */
const REPEATED = new RegExp(
  `\\b${EACH}|\\b${OFTEN}(?=$|,| (?:at|on|from|until|till|starting|in|for|around|and|\\d|to)\\b)|\\bon (?:mon|tues|wednes|thurs|fri|satur|sun)days\\b|\\b(?:once|twice|\\d times) (?:a|per) (?:day|week|month|year)\\b|\\b(?:recurring|repeating)\\b`,
  'i',
)
const REPEATS = /^(?:repeat|recur)\b|^(?:make|set|let)\s+.+\s+(?:to\s+)?(?:repeat|recur)(?:ing|s)?\b/i
const NOT = /^(?:do not|don['’]?t|never|please don['’]?t)\s+(?!(?:let me\s+)?forget\b)(\w+)/i
const CHANGES =
  /^(?:add|create|delete|remove|cancel|clear|move|change|update|mark|complete|rename|tag|make|set|touch|do|schedule)$/i
const NOTHING = /^(?:never ?mind|forget (?:it|that)|do nothing|stop|no,? thanks?|nothing|leave it)$/i
const UNDO = /^(?:undo|revert|redo|take (?:it|that) back|bring (?:it|that) back|restore)\b/i
const INCOMPLETE = /^(?:move|reschedule|postpone|push|shift|delay|put off|snooze)\s+((?:the|my)?\s*[^\d,]{1,60})$/i

/** True for words that want something again and again, which no todo can. */
export function isRepeated(clause: string): boolean {
  return REPEATED.test(clause) || REPEATS.test(clause)
}

/** What is said to a request that is understood and cannot be carried out; null for any other. */
export function noteOn(clause: string): string | null {
  const kept = NOT.exec(clause)
  if (NOTHING.test(clause) || (kept !== null && CHANGES.test(kept[1] ?? '')))
    return 'All right, I leave it as it is: nothing was changed.'
  if (UNDO.test(clause)) {
    return 'I cannot undo a change. Say what it shall be instead: “Reopen buy milk”, “Move gym to Friday at 6pm”, or add a deleted one again.'
  }
  return REPEATS.test(clause) ? repeatNote() : null
}

/** What is asked back where a change lacks what it needs; null where it is none. */
export function askBack(clause: string): string | null {
  const item = INCOMPLETE.exec(clause)?.[1]?.trim()
  if (item === undefined || takeTime(item).words !== null) return null
  return `Say to when: “Move ${item} to Friday at 3pm” or “Postpone ${item} by 2 hours”. Nothing was changed.`
}

/** @param item what was to be done again and again, if it is known */
export function repeatNote(item = ''): string {
  const what = item === '' ? '' : ` for “${item}”`
  return `Todos do not repeat, so nothing was added or changed${what}. Name one day, and I add it for that: “Add gym on Monday at 9”.`
}

/** What is said beside a todo whose name sounds as if it came again (`daily standup`); null for any other. */
export function onceNote(item: string): string | null {
  if (!new RegExp(`^${OFTEN}\\b`, 'i').test(item)) return null
  return `Todos do not repeat: “${item}” is there once.`
}
