import { addDays, monthOf, timeOf, type Wall, type Zone } from './zone.ts'

const MINUTE = 60_000
const COUNT = '(\\d{1,3}(?:\\.\\d)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|half an?|a few|a couple of)'
const UNIT = '(min(?:ute)?s?|hours?|hrs?|h|days?|weeks?|months?)'
const SHIFT = new RegExp(`^${COUNT}[ -]?${UNIT}(?:(?:,| and)? ${COUNT} ${UNIT})? (later|earlier|longer|shorter)$`, 'i')
const NAMED: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  'half a': 0.5,
  'half an': 0.5,
  'a few': 3,
  'a couple of': 2,
}

/** How far a time goes from where it is; below zero: back. */
export interface Shift {
  readonly months: number
  readonly days: number
  readonly minutes: number
}

/** `two hours later`, `a day earlier`, of an end also `30 minutes longer`; null for anything else. */
export function shiftIn(words: string): Shift | null {
  const found = SHIFT.exec(words.trim())
  if (found === null) return null
  const [, count = '', unit = '', more, moreUnit, way = ''] = found
  const sign = /earlier|shorter/i.test(way) ? -1 : 1
  const parts = [part(count, unit), ...(more === undefined || moreUnit === undefined ? [] : [part(more, moreUnit)])]
  const sum = (key: keyof Shift): number => sign * parts.reduce((total, one) => total + one[key], 0)
  return { months: Math.round(sum('months')), days: Math.round(sum('days')), minutes: Math.round(sum('minutes')) }
}

/** Days, weeks and months go by the calendar, hours and minutes are as long as they say, whatever clocks do meanwhile. */
export function shifted(instant: number, { months, days, minutes }: Shift, zone: Zone): number {
  if (months === 0 && days === 0) return instant + minutes * MINUTE
  return zone.instantAt(addDays(monthsLater(zone.wallAt(instant), months), days)) + minutes * MINUTE
}

/** The same day of a later month, or its last one where it has no such day. */
function monthsLater(wall: Wall, months: number): Wall {
  const first = monthOf(wall, months)
  const last = addDays(monthOf(wall, months + 1), -1)
  return Math.min(first + (wall - monthOf(wall)), last + timeOf(wall))
}

function part(count: string, unit: string): Shift {
  const number = NAMED[count.toLowerCase()] ?? Number(count)
  const of = unit.toLowerCase()
  if (of.startsWith('month')) return { months: number, days: 0, minutes: 0 }
  if (of.startsWith('week')) return { months: 0, days: number * 7, minutes: 0 }
  if (of.startsWith('day')) return { months: 0, days: number, minutes: 0 }
  return { months: 0, days: 0, minutes: of.startsWith('h') ? number * 60 : number }
}
