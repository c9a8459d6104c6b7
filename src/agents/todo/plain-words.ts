import { MONTHS } from '../../core/todo.ts'
import { addDays, dayOf, monthOf, type Wall, weekdayOf, weekOf } from './zone.ts'

const DAY_NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const DAY =
  '(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)'
const MONTH = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*'
const HOUR = '\\d{1,2}(?::\\d\\d)?\\s*(?:am|pm)?'

const FEASTS =
  /\b(?:christmas eve|christmas(?: day)?|new year['’]s eve|new year['’]s day|halloween|valentine['’]s day)(?!\w)/gi

/** The date on which a feast is each year. */
function feastOf(name: string): string {
  const feast = name.toLowerCase()
  if (feast === 'christmas eve') return 'December 24'
  if (feast.startsWith('christmas')) return 'December 25'
  if (feast.startsWith('new year')) return feast.endsWith('eve') ? 'December 31' : 'January 1'
  return feast === 'halloween' ? 'October 31' : 'February 14'
}

/** What is known of a text beyond its words, once its weekday is a date. */
export interface PlainWords {
  readonly text: string
  /** A weekday that is open to mean the one a week later, if this one has passed; `this` one may be today as a whole. */
  readonly weekday: 'plain' | 'this' | null
}

/**
 * Puts words for times as the date parser reads them: what it does not know (`the day after tomorrow`, `the 25th`,
 * `9-10`, `half past three`), and what it leaves open (weekdays), becomes a date or a plain time.
 *
 * Weekdays: `next Friday` is the Friday of the week after this one, and weeks begin on Monday; `Friday next week` is the
 * same. `Friday` is the next one that comes; `last Friday` is the one before today.
 * @param today any time of the user's day, on the wall
 */
export function plainWords(words: string, today: Wall): PlainWords {
  let kind: PlainWords['weekday'] = null
  const ofWeekday = (day: string, modifier: string): string => {
    kind = modifier === 'this' ? 'this' : modifier === '' || modifier.includes('coming') ? 'plain' : null
    return isoDay(weekday(DAY_NAMES.indexOf(day.toLowerCase().slice(0, 3)), modifier, today))
  }
  const text = words
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\b(?:the )?day after tomorrow\b/gi, isoDay(addDays(today, 2)))
    .replaceAll(/\b(?:the )?day before yesterday\b/gi, isoDay(addDays(today, -2)))
    .replaceAll(/\b(?:the )?end of (?:the )?(?:day|business)\b|\b(?:eod|cob)\b/gi, 'at 18:00')
    .replaceAll(FEASTS, (name) => feastOf(name))
    .replaceAll(/\b(?:on|by|for|due) (\d{1,2})\.(\d{1,2})\.?(?![\d.])/gi, (found, day: string, month: string) =>
      Number(month) >= 1 && Number(month) <= 12 ? `${MONTHS[Number(month) - 1]} ${day}` : found,
    )
    .replaceAll(
      new RegExp(`\\b${DAY} (?:of )?(this|next|last|past) week\\b`, 'gi'),
      (_, day: string, modifier: string) =>
        ofWeekday(day, modifier.toLowerCase() === 'this' ? 'week' : modifier.toLowerCase()),
    )
    .replaceAll(
      new RegExp(`\\b(?:(this coming|this|next|last|past|coming) )?${DAY}\\b(?! week)`, 'gi'),
      (_, modifier: string | undefined, day: string) => ofWeekday(day, (modifier ?? '').toLowerCase()),
    )
    .replaceAll(
      new RegExp(`\\b(?:on )?the (\\d{1,2})(?:st|nd|rd|th)\\b(?! (?:of )?${MONTH})`, 'gi'),
      (found, day: string) => dayOfMonth(Number(day), today) ?? found,
    )
    .replaceAll(/\b(?:at )?(\d{1,2}) ?h(\d\d)?\b(?! later)/gi, (found, hour: string, minute = '00') =>
      Number(hour) < 24 ? `at ${hour.padStart(2, '0')}:${minute}` : found,
    )
    .replaceAll(/\bhalf past (\d{1,2})\b/gi, '$1:30')
    .replaceAll(/\b(?:a )?quarter past (\d{1,2})\b/gi, '$1:15')
    .replaceAll(/\b(?:a )?quarter to (\d{1,2})\b/gi, (_, hour: string) => `${(Number(hour) + 11) % 12 || 12}:45`)
    .replaceAll(/\b(\d{1,2}) o[’']?clock\b/gi, 'at $1')
    .replaceAll(/\b(\d{1,2}(?::\d\d)?) in the morning\b/gi, '$1am')
    .replaceAll(/\b(\d{1,2}(?::\d\d)?) (?:in the (?:afternoon|evening)|at night)\b/gi, '$1pm')
    .replaceAll(new RegExp(`\\bbetween (${HOUR}) and (${HOUR})`, 'gi'), 'from $1 to $2')
    .replace(/^between (.+) and (.+)$/i, 'from $1 to $2')
    .replaceAll(
      new RegExp(
        `(?<![\\d.:/-]|${MONTH}\\.? )(?:from |at )?(${HOUR})\\s*[-–]\\s*(${HOUR})(?![\\d.:/-]| ?${MONTH})`,
        'gi',
      ),
      'from $1 to $2',
    )
  return { text, weekday: kind }
}

/** A span of days by its name, on the wall, `to` not included; null when the words name none. */
export function periodOf(words: string, today: Wall): { readonly from: Wall; readonly to: Wall } | null {
  const text = words
    .trim()
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .replace(/^(?:for|during|in|on|over|within|all|at) /, '')
  const coming = /^(?:the )?(?:next|coming|following) (\d{1,3}|two|three|four|few) (days|weeks|months)$/.exec(text)
  if (coming !== null) {
    const count = Number({ two: 2, three: 3, four: 4, few: 3 }[coming[1] ?? ''] ?? coming[1])
    const begin = dayOf(today)
    if (coming[2] === 'months') return { from: begin, to: monthOf(today, count) + (begin - monthOf(today)) }
    return { from: begin, to: addDays(begin, count * (coming[2] === 'weeks' ? 7 : 1)) }
  }
  const numbered = /^(?:the year )?((?:19|20|21)\d\d)$/.exec(text)
  if (numbered !== null && !/^at /i.test(words.trim())) {
    const year = Number(numbered[1])
    return { from: Date.UTC(year, 0, 1), to: Date.UTC(year + 1, 0, 1) }
  }
  const named = /^(?:(this|the|next|last|past|coming|the coming) )?(week|weekend|month|year)$/.exec(text)
  if (named === null) return null
  const step =
    named[1] === 'next' || named[1]?.includes('coming') ? 1 : named[1] === 'last' || named[1] === 'past' ? -1 : 0
  const monday = addDays(weekOf(today), 7 * step)
  switch (named[2]) {
    case 'week':
      return { from: monday, to: addDays(monday, 7) }
    case 'weekend':
      // The coming weekend is this week's.
      return named[1]?.includes('coming') ? weekendOf(weekOf(today)) : weekendOf(monday)
    case 'month':
      return { from: monthOf(today, step), to: monthOf(today, step + 1) }
    default: {
      const year = new Date(today).getUTCFullYear() + step
      return { from: Date.UTC(year, 0, 1), to: Date.UTC(year + 1, 0, 1) }
    }
  }
}

function weekendOf(monday: Wall): { readonly from: Wall; readonly to: Wall } {
  return { from: addDays(monday, 5), to: addDays(monday, 7) }
}

/** @param day 0 for Monday */
function weekday(day: number, modifier: string, today: Wall): Wall {
  const monday = weekOf(today)
  const ahead = (day - weekdayOf(today) + 7) % 7
  switch (modifier) {
    case 'next':
      return addDays(monday, 7 + day)
    case 'week':
      return addDays(monday, day)
    case 'last':
    case 'past':
      return addDays(dayOf(today), ahead === 0 ? -7 : ahead - 7)
    default:
      return addDays(dayOf(today), ahead)
  }
}

/** The next such day of a month that has one, today included, as ISO 8601; null for what no month has. */
function dayOfMonth(day: number, today: Wall): string | null {
  if (day < 1 || day > 31) return null
  for (let months = 0; ; months++) {
    const found = addDays(monthOf(today, months), day - 1)
    if (found >= dayOf(today) && new Date(found).getUTCDate() === day) return isoDay(found)
  }
}

function isoDay(wall: Wall): string {
  return new Date(wall).toISOString().slice(0, 10)
}
