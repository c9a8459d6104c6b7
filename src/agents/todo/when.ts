import { parse } from 'chrono-node/en'
import { TODO_LIMITS } from '../../core/limits.ts'
import { takeZone } from './named-zone.ts'
import { periodOf, plainWords } from './plain-words.ts'
import { addDays, dayOf, monthOf, timeOf, type Wall, type Zone } from './zone.ts'

/** Readings as the date parser gives them; its English part names no type for them. */
type ParsedResult = ReturnType<typeof parse>[number]
type ParsedComponents = ParsedResult['start']

const HOUR = 3_600_000
/** When a working day begins and ends, ms since midnight; a day without a time is meant from then on. */
export const WORKDAY = { from: 9 * HOUR, to: 18 * HOUR } as const

/** What words for a time mean. Instants in ms since 1970. */
export interface When {
  readonly start: number
  /** Where the words name an end (`from 9 to 11`); else null. */
  readonly end: number | null
  /** All that is meant when a span is asked for: a day, a part of one, a week; null for words with a time of day. */
  readonly span: { readonly from: number; readonly to: number } | null
}

/** Whose words they are, and when they were said. */
export interface Said {
  /** ms since 1970. */
  readonly now: number
  readonly zone: Zone
  /** What gives the day or the time of day that the words leave out, as when something is moved; ms. */
  readonly about?: number | null
  /** Whose clocks the words speak of, when they are not the user's (`2pm Berlin time`). */
  readonly clocks?: Zone
  /** True for what is done early in the morning: its hours are before noon. */
  readonly isEarly?: boolean
}

/** Words that say nothing about which time is meant, beside those that the date parser reads. */
const FILLERS =
  /^(?:at|on|by|in|for|from|around|about|before|until|till|the|of|and|sharp|starting|later|day|it|is|,|\.|-)*$/i

/**
 * Reads a time in words or in ISO 8601, as the user's clocks show it (see `plainWords` for weekdays):
 * - a day without a time is at 09:00; today, once that has passed, at the next full hour. `morning` is 09:00, `afternoon`
 *   15:00, `evening`, `night` and `tonight` 20:00;
 * - a todo of which no time is said at all is at the next full hour until 18:00, and later than that on the next morning at
 *   09:00 (`whenUntold`): nothing is put into the night unasked;
 * - an hour from 1 to 6 without am or pm and without a leading zero is in the afternoon, but for what is done early
 *   (`wake me up at 6`, breakfast, an alarm): that is in the morning;
 * - a zone that is named (`2pm Berlin time`, `9am EST`) says whose clocks are meant; the day is the user's;
 * - a time without a day is the next one to come; a month and a day without a year likewise;
 * - a past time comes only of words that name it: a date with its year, `yesterday`, `last Friday`, `today at 9`, `ago`;
 * - hours and minutes from now are as long as they say, days and weeks go by the calendar, whatever clocks do meanwhile.
 * @returns null for what is no time, or one outside the years that are kept
 */
export function readWhen(words: string, said: Said): When | null {
  if (words.length > MOST_CHARS) return null
  const { zone } = said
  const named = takeZone(words)
  if (named !== null) return named.zone === null ? null : readWhen(named.rest, { ...said, clocks: named.zone })
  const today = zone.wallAt(said.now)
  // What looks like ISO 8601 is nothing else: no parser is to make a day of 2026-13-01.
  const when = ISO.test(words.trim())
    ? readIso(words, said)
    : (readPeriod(words, said, today) ?? readWords(words, said, today))
  if (when === null) return null
  const years = [when.start, when.end ?? when.start].map((instant) => new Date(zone.wallAt(instant)).getUTCFullYear())
  return years.every((year) => year >= TODO_LIMITS.firstYear && year <= TODO_LIMITS.lastYear) ? when : null
}

/** When something is of which no time is said. */
export function whenUntold({ now, zone }: Said): number {
  const today = zone.wallAt(now)
  const isOver = timeOf(today) >= WORKDAY.to
  return onDay(isOver ? addDays(dayOf(today), 1) : dayOf(today), { now, zone }).start
}

const MOST_CHARS = 200
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i

const A_DAY =
  '(?:\\d{4}-\\d\\d-\\d\\d|\\b(?:today|tomorrow|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\\b)'
/** Two days, each with what is said of it, and a word between that makes a span of them. */
const DAYS = new RegExp(`^(?:from )?(.*${A_DAY}.*?) ?(?:\\bto\\b|\\buntil\\b|\\btill\\b|–| - ) ?(.*${A_DAY}.*)$`, 'i')

function readIso(words: string, said: Said): When | null {
  const match = ISO.exec(words.trim())
  if (match === null) return null
  const [, day = '', time, second = '00', offset] = match
  if (time === undefined) {
    const date = Date.parse(`${day}T00:00:00Z`)
    return isDate(day, date) ? onDay(date, said) : null
  }
  const wall = Date.parse(`${day}T${time}:${second}Z`)
  if (!isDate(day, dayOf(wall))) return null
  if (offset === undefined) return { start: said.zone.instantAt(wall), end: null, span: null }
  const instant = Date.parse(`${day}T${time}:${second}${offset.toUpperCase().replace(/(\d\d)(\d\d)$/, '$1:$2')}`)
  return Number.isNaN(instant) ? null : { start: instant, end: null, span: null }
}

/** False for a day that no calendar has, like 30 February, which is read as 2 March. */
function isDate(day: string, wall: Wall): boolean {
  return !Number.isNaN(wall) && new Date(wall).toISOString().startsWith(day)
}

function readPeriod(words: string, said: Said, today: Wall): When | null {
  const period = periodOf(words, today)
  if (period === null) return null
  const isNow = period.from <= today && today < period.to
  // Of a period that goes on after today, today's evening is not what is meant.
  const tomorrow = addDays(dayOf(today), 1)
  const first = timeOf(today) >= WORKDAY.to && tomorrow < period.to ? tomorrow : dayOf(today)
  return { ...onDay(isNow ? first : period.from, said), span: spanOf(period.from, period.to, said) }
}

/** A day on which no time is named. */
function onDay(day: Wall, { zone, now, about }: Said, time = WORKDAY.from): When {
  const today = zone.wallAt(now)
  const wanted = about === undefined || about === null ? time : timeOf(zone.wallAt(about))
  let wall = day + wanted
  // Today, and over: the next full hour, as long as it is today.
  if (day === dayOf(today) && wall < today) {
    wall = Math.min(Math.ceil(today / HOUR) * HOUR, addDays(day, 1) - HOUR / 60)
  }
  return { start: zone.instantAt(wall), end: null, span: spanOf(day, addDays(day, 1), { zone }) }
}

function spanOf(from: Wall, to: Wall, { zone }: Pick<Said, 'zone'>): When['span'] {
  return { from: zone.instantAt(from), to: zone.instantAt(to) }
}

function readWords(words: string, said: Said, today: Wall): When | null {
  const { text, weekday } = plainWords(words, today)
  const iso = readIso(text, said)
  const days = DAYS.exec(text)
  if (days !== null) return fromTo(days[1] ?? '', days[2] ?? '', said)
  // The wall's time stands in for UTC, so that no clock change of any zone gets into what the words say.
  const found = oneReading(text, parse(text, { instant: new Date(today), timezone: 0 }))
  if (found === null) return null
  if (iso !== null && weekday === null) return iso
  const { start, end } = found
  if (start.tags().has('result/relativeDateAndTime') || start.tags().has('casualReference/now')) {
    const instant = said.now + wallOf(start) - Math.floor(today / 1000) * 1000
    return { start: Math.floor(instant / 60_000) * 60_000, end: null, span: null }
  }
  const given = dateOf(start, today)
  const time = clockOf(start, text, said, end)
  if (given === 'month') {
    const month = monthNamed(start, today)
    return readSpan(month, monthOf(month, 1), said, today)
  }
  const wall = { day: given ?? dayOf(said.about == null ? today : said.zone.wallAt(said.about)) }
  if (given !== null && weekday !== null && given === dayOf(today)) {
    const isOver = time === null ? weekday === 'plain' && partOf(start) === null : given + time <= today
    if (isOver) wall.day = addDays(given, 7)
  }
  if (time === null) return withoutTime(wall.day, start, end, said, today)
  const isOpen = given === null && said.about == null
  if (isOpen && instantOf(start, wall.day + time, said) <= said.now) wall.day = addDays(wall.day, 1)
  const from = wall.day + time
  const to = end === null ? null : endOf(end, text, from, said)
  return {
    start: instantOf(start, from, said),
    end: to === null ? null : instantOf(end ?? start, to, said),
    span: null,
  }
}

/** Two days, both with a time (`from Monday 9am to Tuesday 5pm`) or both without (`24 to 26 December`). */
function fromTo(first: string, last: string, said: Said): When | null {
  const from = readWhen(first, said)
  const to = readWhen(last, { ...said, about: null })
  if (from === null || to === null || to.start <= from.start) return null
  if (from.span === null && to.span === null) return { start: from.start, end: to.start, span: null }
  if (from.span === null || to.span === null) return null
  const end = said.zone.instantAt(dayOf(said.zone.wallAt(to.span.from)) + WORKDAY.to)
  return { start: from.start, end, span: { from: from.span.from, to: to.span.to } }
}

function readSpan(from: Wall, to: Wall, said: Said, today: Wall): When {
  return { ...onDay(from <= today && today < to ? dayOf(today) : from, said), span: spanOf(from, to, said) }
}

/** What a text says as one time, with the end that it names. */
interface Reading {
  readonly start: ParsedComponents
  readonly end: ParsedComponents | null
}

/** Null for what names no time or several, and for words beside it that are none of a time's. */
function oneReading(text: string, results: readonly ParsedResult[]): Reading | null {
  const [only, ...more] = results
  if (only === undefined || more.length > 0) return null
  if (!isFiller(text.slice(0, only.index), text.slice(only.index + only.text.length))) return null
  // Typed as left out where there is none; in fact it is null.
  return { start: only.start, end: only.end ?? null }
}

function isFiller(before: string, after: string): boolean {
  return FILLERS.test(`${before}${after}`.replaceAll(/\s+/g, ''))
}

const PARTS = { morning: [6, 12, 9], afternoon: [12, 18, 15], evening: [18, 24, 20], tonight: [18, 24, 20] } as const

/** The part of a day that is named: its hours, and the one at which something is that has no other. */
function partOf(read: ParsedComponents): readonly [from: number, to: number, at: number] | null {
  const found = Object.entries(PARTS).find(([name]) => read.tags().has(`casualReference/${name}`))
  return found?.[1] ?? null
}

/** A day, several days, or a part of a day, of which no time is named. */
function withoutTime(day: Wall, start: ParsedComponents, end: ParsedComponents | null, said: Said, today: Wall): When {
  const part = partOf(start)
  if (part !== null) {
    const [from, to, at] = part
    // `in the evening`, said when it is over, is tomorrow's.
    const isOver = dateOf(start, today) === null && day + to * HOUR <= today
    const on = isOver ? addDays(day, 1) : day
    const when = onDay(on, { ...said, about: null }, at * HOUR)
    return { ...when, span: spanOf(on + from * HOUR, on + to * HOUR, said) }
  }
  const last = end === null ? null : dateOf(end, today)
  if (last === null || last === 'month' || last <= day) return onDay(day, said)
  const to = said.zone.instantAt(last + WORKDAY.to)
  return { ...onDay(day, said), end: to, span: spanOf(day, addDays(last, 1), said) }
}

/** The fields of a reading as a time on the wall. */
function wallOf(read: ParsedComponents): Wall {
  const [year, month, day, hour, minute, second] = (['year', 'month', 'day', 'hour', 'minute', 'second'] as const).map(
    (field) => read.get(field) ?? 0,
  )
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0)
}

/** Midnight of the day that is named; `month` for a whole month; null when the words name none. */
function dateOf(read: ParsedComponents, today: Wall): Wall | 'month' | null {
  if (!read.isCertain('day')) return read.isCertain('month') ? 'month' : null
  const day = dayOf(wallOf(read))
  if (read.isCertain('year')) return day
  const inYear = (year: number): Wall => {
    return Date.UTC(year, (read.get('month') ?? 1) - 1, read.get('day') ?? 1)
  }
  const year = new Date(today).getUTCFullYear()
  return inYear(year) < dayOf(today) ? inYear(year + 1) : inYear(year)
}

function monthNamed(read: ParsedComponents, today: Wall): Wall {
  const month = (read.get('month') ?? 1) - 1
  if (read.isCertain('year')) return Date.UTC(read.get('year') ?? 0, month, 1)
  const year = new Date(today).getUTCFullYear()
  const thisYears = Date.UTC(year, month, 1)
  return thisYears < monthOf(today) ? Date.UTC(year + 1, month, 1) : thisYears
}

/** The time of day that is named, ms since midnight, or null. */
function clockOf(
  read: ParsedComponents,
  text: string,
  { isEarly = false }: Said,
  end: ParsedComponents | null = null,
): number | null {
  if (!read.isCertain('hour')) return null
  const hour = read.get('hour') ?? 0
  const rest = (read.get('minute') ?? 0) * 60_000 + (read.get('second') ?? 0) * 1000
  const isOpen = !read.isCertain('meridiem')
  const isPadded = new RegExp(`(?<!\\d)0${hour}(?!\\d)`).test(text)
  const isMorning = isEarly || read.tags().has('casualReference/morning')
  if (isOpen && hour >= 1 && hour <= 6 && !isPadded && !isMorning) return (hour + 12) * HOUR + rest
  // `from 11 to 1pm`: the parser takes the first hour for one of the evening, since the second is.
  if (isOpen && hour > 12 && end?.isCertain('meridiem') === true && hour > (end.get('hour') ?? 0)) {
    return (hour - 12) * HOUR + rest
  }
  return hour * HOUR + rest
}

/**
 * When it ends, on the wall: after it began. On the same day, or in the night after it: the parser puts an end that seems
 * to be too early on the next day, and an end with a day of its own was read before (`fromTo`).
 */
function endOf(end: ParsedComponents, text: string, from: Wall, said: Said): Wall | null {
  const time = clockOf(end, text, said)
  if (time === null) return null
  const to = dayOf(from) + time
  if (to > from) return to
  const later = !end.isCertain('meridiem') && time < 12 * HOUR ? to + 12 * HOUR : to
  return later > from ? later : addDays(to, 1)
}

/** Words may bring their own offset (`5pm EST`). */
function instantOf(read: ParsedComponents, wall: Wall, { zone, clocks = zone }: Said): number {
  const offset = read.isCertain('timezoneOffset') ? read.get('timezoneOffset') : null
  return offset === null ? clocks.instantAt(wall) : wall - offset * 60_000
}
