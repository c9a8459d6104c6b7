import { minutesIn } from '../core/duration-words.ts'
import { levelOf, takeAttributes } from './embedded-todo-attributes.ts'
import { isTime, takeTime } from './embedded-todo-times.ts'

const FIELD =
  /^(?:the |its )?(?:new )?([a-z]+(?: time| date)?)(?:\s*[:=]\s*|\s+(?:is\s+|to\s+(?:be\s+)?|at\s+|as\s+)?)(.+)$/i
const STARTS =
  /^(?:starts?|starting|begins?|beginning|time|date|day|when|start time|start date|due|due date|from|move)$/i
const ENDS = /^(?:ends?|ending|finish(?:es)?|until|till|end time|end date|stops?)$/i
const NAMES = /^(?:name|title|item|text)$/i

/** What fields say of a todo: `start 4pm, importance high`; null as soon as one of them is not understood. */
export function fieldsOf(words: string): Record<string, unknown> | null {
  const { importance, tags, rest } = takeAttributes(`, ${words}`)
  const changes: Record<string, unknown> = {
    ...(importance !== null && { importance }),
    ...(tags.length > 0 && { add_tags: tags }),
  }
  for (const part of rest.split(/[,;]\s*|\s+and\s+/).map((one) => one.trim())) {
    if (part === '') continue
    const change = fieldOf(part)
    if (change === null) return null
    Object.assign(changes, change)
  }
  return Object.keys(changes).length === 0 ? null : changes
}

function fieldOf(part: string): Record<string, unknown> | null {
  const bare = timeIn(part)
  if (bare !== null) return { start_time: bare }
  const long = minutesIn(part)
  if (long !== null) return { end_time: `${long} minutes` }
  const [, name = '', value = ''] = FIELD.exec(part) ?? []
  if (NAMES.test(name)) return { item: value }
  const level = /^(?:importance|priority)$/i.test(name) ? levelOf(value) : null
  if (level !== null) return { importance: level }
  if (/^status$/i.test(name)) {
    if (/^(?:done|completed?|finished|closed)$/i.test(value)) return { status: 'completed' }
    return /^(?:open|pending|to do|not done)$/i.test(value) ? { status: 'pending' } : null
  }
  if (/^(?:duration|length|takes?|lasts?)$/i.test(name)) {
    const minutes = minutesIn(value)
    return minutes === null ? null : { end_time: `${minutes} minutes` }
  }
  const time = timeIn(value)
  if (time === null) return null
  if (STARTS.test(name)) return { start_time: time }
  return ENDS.test(name) ? { end_time: time } : null
}

/** The words of a time that is nothing else, an hour too (`3`); null for anything else. */
export function timeIn(words: string): string | null {
  const text = words.trim()
  const spoken = [text, `at ${text}`].find((one) => isTime(one))
  return spoken === undefined ? null : (takeTime(spoken).words ?? spoken)
}
