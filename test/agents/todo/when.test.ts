import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readWhen, whenUntold } from '../../../src/agents/todo/when.ts'
import { addDays, dayOf, timeOf, weekdayOf, weekOf, Zone } from '../../../src/agents/todo/zone.ts'

const BERLIN = new Zone('Europe/Berlin')
/** A Friday, 14:30:20 in Berlin. */
const NOW = Date.parse('2026-11-20T13:30:20Z')
const HOUR = 3_600_000

function told(words: string, now = NOW, zone = BERLIN): string | null {
  const when = readWhen(words, { now, zone })
  if (when === null) return null
  return when.end === null ? zone.iso(when.start) : `${zone.iso(when.start)} .. ${zone.iso(when.end)}`
}

/** From midnight to midnight, as clocks show it. */
function spanOf(words: string, now = NOW, zone = BERLIN): string | null {
  const span = readWhen(words, { now, zone })?.span ?? null
  return span === null ? null : `${zone.iso(span.from).slice(0, 16)} ${zone.iso(span.to).slice(0, 16)}`
}

describe('times in words', () => {
  it.each([
    ['tomorrow at 2pm', '2026-11-21T14:00:00+01:00'],
    ['2pm tomorrow', '2026-11-21T14:00:00+01:00'],
    ['at 2 p.m. tomorrow', '2026-11-21T14:00:00+01:00'],
    ['in 3 hours', '2026-11-20T17:30:00+01:00'],
    ['in half an hour', '2026-11-20T15:00:00+01:00'],
    ['2026-12-24 18:00', '2026-12-24T18:00:00+01:00'],
    ['2026-12-24T18:00:00+05:00', '2026-12-24T14:00:00+01:00'],
    ['2026-12-24T17:00:00.123Z', '2026-12-24T18:00:00+01:00'],
    ['2026-07-01T09:00', '2026-07-01T09:00:00+02:00'],
    ['24 December at 6pm', '2026-12-24T18:00:00+01:00'],
    ['the 25th at noon', '2026-11-25T12:00:00+01:00'],
    ['the 3rd of december at 9', '2026-12-03T09:00:00+01:00'],
    ['day after tomorrow at 10', '2026-11-22T10:00:00+01:00'],
    ['half past 10 tomorrow', '2026-11-21T10:30:00+01:00'],
    ['8 in the evening tomorrow', '2026-11-21T20:00:00+01:00'],
    ['end of day', '2026-11-20T18:00:00+01:00'],
    ['5pm EST', '2026-11-20T23:00:00+01:00'],
    ['tomorrow at 2pm Berlin time', '2026-11-21T14:00:00+01:00'],
    ['tomorrow at 2pm New York time', '2026-11-21T20:00:00+01:00'],
    ['9am tomorrow Pacific time', '2026-11-21T18:00:00+01:00'],
    ['tomorrow at 9 Asia/Tokyo', '2026-11-21T01:00:00+01:00'],
    ['at 3pm London time', '2026-11-20T16:00:00+01:00'],
    ['next Friday at 19h', '2026-11-27T19:00:00+01:00'],
    ["New Year's Eve at 8pm", '2026-12-31T20:00:00+01:00'],
    ['on 24.12 at 15:00', '2026-12-24T15:00:00+01:00'],
    ['tomorrow at 9h30', '2026-11-21T09:30:00+01:00'],
    ['now', '2026-11-20T14:30:00+01:00'],
  ])('[TW1] %s', (words, expected) => {
    expect(told(words)).toBe(expected)
  })

  it.each([
    ['on Monday from 9 to 11', '2026-11-23T09:00:00+01:00 .. 2026-11-23T11:00:00+01:00'],
    ['tomorrow 9-10', '2026-11-21T09:00:00+01:00 .. 2026-11-21T10:00:00+01:00'],
    ['between 2 and 4 tomorrow', '2026-11-21T14:00:00+01:00 .. 2026-11-21T16:00:00+01:00'],
    ['from 11 to 1pm tomorrow', '2026-11-21T11:00:00+01:00 .. 2026-11-21T13:00:00+01:00'],
    ['from 9 to 5 on Monday', '2026-11-23T09:00:00+01:00 .. 2026-11-23T17:00:00+01:00'],
    ['tomorrow from 22:00 to 02:00', '2026-11-21T22:00:00+01:00 .. 2026-11-22T02:00:00+01:00'],
    ['from Monday 9am to Tuesday 5pm', '2026-11-23T09:00:00+01:00 .. 2026-11-24T17:00:00+01:00'],
    ['from December 20 to January 3', '2026-12-20T09:00:00+01:00 .. 2027-01-03T18:00:00+01:00'],
    ['between Monday and Wednesday', '2026-11-23T09:00:00+01:00 .. 2026-11-25T18:00:00+01:00'],
    ['from 2026-12-24 10:00 to 11:00', '2026-12-24T10:00:00+01:00 .. 2026-12-24T11:00:00+01:00'],
  ])('[TW1] an end that is named: %s', (words, expected) => {
    expect(told(words)).toBe(expected)
  })

  it.each([
    // Said on a Friday.
    ['Friday', '2026-11-27T09:00:00+01:00'],
    ['this Friday', '2026-11-20T15:00:00+01:00'],
    ['next Friday', '2026-11-27T09:00:00+01:00'],
    ['last Friday', '2026-11-13T09:00:00+01:00'],
    ['Friday at 4pm', '2026-11-20T16:00:00+01:00'],
    ['Friday at 10', '2026-11-27T10:00:00+01:00'],
    ['Saturday 3pm', '2026-11-21T15:00:00+01:00'],
    ['next Saturday at 10', '2026-11-28T10:00:00+01:00'],
    ['Monday', '2026-11-23T09:00:00+01:00'],
    ['next Monday', '2026-11-23T09:00:00+01:00'],
    ['Friday next week', '2026-11-27T09:00:00+01:00'],
    ['friday night', '2026-11-20T20:00:00+01:00'],
  ])('[TW2] weekdays: %s', (words, expected) => {
    expect(told(words)).toBe(expected)
  })

  it('[TW2] `next` weekday is in the week after this one, a weekday alone is one of the next seven days', () => {
    const names = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
    fc.assert(
      fc.property(instantArb, zoneArb, fc.nat(6), (now, zone, day) => {
        const today = zone.wallAt(now)
        const wallOf = (words: string): number => zone.wallAt(readWhen(words, { now, zone })?.start ?? Number.NaN)
        const next = wallOf(`next ${names[day]}`)
        expect(weekOf(next)).toBe(addDays(weekOf(today), 7))
        expect(weekdayOf(next)).toBe(day)
        const plain = wallOf(`on ${names[day]}`)
        expect(weekdayOf(plain)).toBe(day)
        expect((dayOf(plain) - dayOf(today)) / (24 * HOUR)).toBeGreaterThan(0)
        expect((dayOf(plain) - dayOf(today)) / (24 * HOUR)).toBeLessThanOrEqual(7)
      }),
    )
  })

  it.each([
    ['today', '2026-11-20T15:00:00+01:00'],
    ['tomorrow', '2026-11-21T09:00:00+01:00'],
    ['in 3 days', '2026-11-23T09:00:00+01:00'],
    ['tomorrow morning', '2026-11-21T09:00:00+01:00'],
    ['tomorrow afternoon', '2026-11-21T15:00:00+01:00'],
    ['tonight', '2026-11-20T20:00:00+01:00'],
    ['tonight at 8', '2026-11-20T20:00:00+01:00'],
    ['next week', '2026-11-23T09:00:00+01:00'],
    ['next month', '2026-12-01T09:00:00+01:00'],
    ['in december', '2026-12-01T09:00:00+01:00'],
    ['24 december to 26 december', '2026-12-24T09:00:00+01:00 .. 2026-12-26T18:00:00+01:00'],
    ['dec 24-26', '2026-12-24T09:00:00+01:00 .. 2026-12-26T18:00:00+01:00'],
  ])('[TW3] a day without a time: %s', (words, expected) => {
    expect(told(words)).toBe(expected)
  })

  it('[TW3] today has its next full hour, and is still today at its end', () => {
    const late = Date.parse('2026-11-20T23:40:00+01:00')
    expect(told('this week', late)).toBe('2026-11-21T09:00:00+01:00')
    expect(told('today', late)).toBe('2026-11-20T23:59:00+01:00')
    expect(told('today', Date.parse('2026-11-20T07:40:00+01:00'))).toBe('2026-11-20T09:00:00+01:00')
    expect(told('tonight', Date.parse('2026-11-20T20:40:00+01:00'))).toBe('2026-11-20T21:00:00+01:00')
  })

  it.each([
    ['2026-11-20T07:40', '2026-11-20T09:00:00+01:00'],
    ['2026-11-20T14:30', '2026-11-20T15:00:00+01:00'],
    ['2026-11-20T17:59', '2026-11-20T18:00:00+01:00'],
    ['2026-11-20T18:00', '2026-11-21T09:00:00+01:00'],
    ['2026-11-20T23:40', '2026-11-21T09:00:00+01:00'],
  ])('[TW3] without any time it is soon, and never in the night: said at %s', (said, expected) => {
    expect(BERLIN.iso(whenUntold({ now: Date.parse(`${said}+01:00`), zone: BERLIN }))).toBe(expected)
  })

  it.each([
    ['at 2', '2026-11-21T14:00:00+01:00'],
    ['at 9', '2026-11-21T09:00:00+01:00'],
    ['at 15', '2026-11-20T15:00:00+01:00'],
    ['noon', '2026-11-21T12:00:00+01:00'],
    ['March 3', '2027-03-03T09:00:00+01:00'],
    ['Nov 20 at 4pm', '2026-11-20T16:00:00+01:00'],
  ])('[TW4] what is open is the next one to come: %s', (words, expected) => {
    // It is 14:30, so two in the afternoon is over.
    expect(told(words)).toBe(expected)
  })

  it.each([
    ['yesterday at 10', '2026-11-19T10:00:00+01:00'],
    ['2 hours ago', '2026-11-20T12:30:00+01:00'],
    ['today at 9am', '2026-11-20T09:00:00+01:00'],
    ['2020-01-01', '2020-01-01T09:00:00+01:00'],
    ['March 3, 2020', '2020-03-03T09:00:00+01:00'],
  ])('[TW4] the past is meant only where it is said: %s', (words, expected) => {
    expect(told(words)).toBe(expected)
  })

  it.each([
    ['at 5 tomorrow', '17:00'],
    ['at 6:30 tomorrow', '18:30'],
    ['at 7 tomorrow', '07:00'],
    ['at 05:00 tomorrow', '05:00'],
    ['at 5am tomorrow', '05:00'],
    ['at 5 in the morning tomorrow', '05:00'],
    ['at 12 tomorrow', '12:00'],
  ])('[TW5] an hour from 1 to 6 without am or pm is in the afternoon: %s', (words, clock) => {
    expect(told(words)?.slice(0, 16)).toBe(`2026-11-21T${clock}`)
  })

  it('[TW5] what is done early is in the morning', () => {
    const early = (words: string): string => {
      return BERLIN.iso(readWhen(words, { now: NOW, zone: BERLIN, isEarly: true })?.start ?? 0).slice(0, 16)
    }
    expect(early('at 6')).toBe('2026-11-21T06:00')
    expect(early('tomorrow at 5:30')).toBe('2026-11-21T05:30')
    expect(early('tomorrow at 7')).toBe('2026-11-21T07:00')
    expect(early('tomorrow at 6pm')).toBe('2026-11-21T18:00')
  })

  it.each([
    '',
    'soon',
    'every Monday',
    'tomorrow at 25:00',
    '2026-02-30',
    '2026-13-01',
    '2026-02-30T10:00Z',
    'milk',
    '9999-01-01',
    '1969-12-31',
    'tomorrow and on Friday',
    'tomorrow at 2pm Mars time',
    'x'.repeat(500),
  ])('[TW6] what is no one time is not guessed: %s', (words) => {
    expect(readWhen(words, { now: NOW, zone: BERLIN })).toBeNull()
  })

  it('[TW7] spans are days, parts of days, weeks from Monday, months', () => {
    expect(spanOf('tomorrow')).toBe('2026-11-21T00:00 2026-11-22T00:00')
    expect(spanOf('tomorrow afternoon')).toBe('2026-11-21T12:00 2026-11-21T18:00')
    expect(spanOf('this week')).toBe('2026-11-16T00:00 2026-11-23T00:00')
    expect(spanOf('next week')).toBe('2026-11-23T00:00 2026-11-30T00:00')
    expect(spanOf('last week')).toBe('2026-11-09T00:00 2026-11-16T00:00')
    expect(spanOf('this weekend')).toBe('2026-11-21T00:00 2026-11-23T00:00')
    expect(spanOf('next month')).toBe('2026-12-01T00:00 2027-01-01T00:00')
    expect(spanOf('the next 3 days')).toBe('2026-11-20T00:00 2026-11-23T00:00')
    expect(spanOf('in 2027')).toBe('2027-01-01T00:00 2028-01-01T00:00')
    expect(spanOf('tomorrow at 3pm')).toBeNull()
  })

  it('[TW8] what words leave out is taken from the time that they are about', () => {
    const about = Date.parse('2026-12-01T10:15:00+01:00')
    const moved = (words: string): string => BERLIN.iso(readWhen(words, { now: NOW, zone: BERLIN, about })?.start ?? 0)
    expect(moved('Saturday')).toBe('2026-11-21T10:15:00+01:00')
    expect(moved('at 5pm')).toBe('2026-12-01T17:00:00+01:00')
    expect(moved('at 9')).toBe('2026-12-01T09:00:00+01:00')
    expect(moved('Saturday 3pm')).toBe('2026-11-21T15:00:00+01:00')
  })
})

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Africa/Casablanca',
  'America/Sao_Paulo',
].map((name) => new Zone(name))
const zoneArb = fc.constantFrom(...ZONES)
/** Minutes of the years 2000 to 2037, many of them around changes of the clock. */
const instantArb = fc
  .oneof(
    fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2037, 11, 31) }),
    fc
      .tuple(
        fc.constantFrom(
          '2026-03-29T01:00Z',
          '2026-10-25T01:00Z',
          '2026-03-08T07:00Z',
          '2026-11-01T06:00Z',
          '2026-04-04T15:00Z',
        ),
        fc.integer({ min: -36 * HOUR, max: 36 * HOUR }),
      )
      .map(([change, after]) => Date.parse(change) + after),
  )
  .map((at) => Math.floor(at / 60_000) * 60_000)

describe('time zones', () => {
  it('[TW9] an instant goes to the wall and back; of two with the same clock it is the first', () => {
    fc.assert(
      fc.property(instantArb, zoneArb, (instant, zone) => {
        const wall = zone.wallAt(instant)
        const back = zone.instantAt(wall)
        expect(zone.wallAt(back)).toBe(wall)
        expect(back).toBeLessThanOrEqual(instant)
        expect(instant - back).toBeLessThanOrEqual(HOUR)
      }),
    )
  })

  it('[TW9] ISO text with its offset is the instant, and shows the clock', () => {
    fc.assert(
      fc.property(instantArb, zoneArb, (instant, zone) => {
        const iso = zone.iso(instant)
        expect(Date.parse(iso)).toBe(instant)
        expect(Date.parse(`${iso.slice(0, 19)}Z`)).toBe(zone.wallAt(instant))
        expect(readWhen(iso, { now: 0, zone })?.start).toBe(instant)
      }),
    )
  })

  it('[TW9] a time that is left out is as much later, one that comes twice is its first', () => {
    expect(told('2027-03-28 02:30')).toBe('2027-03-28T03:30:00+02:00')
    expect(told('2027-03-28 01:59')).toBe('2027-03-28T01:59:00+01:00')
    expect(told('2026-10-25 02:30')).toBe('2026-10-25T02:30:00+02:00')
    expect(told('2026-10-25 03:00')).toBe('2026-10-25T03:00:00+01:00')
    const lordHowe = new Zone('Australia/Lord_Howe')
    // Half an hour is left out there.
    expect(told('2026-10-04 02:15', NOW, lordHowe)).toBe('2026-10-04T02:45:00+11:00')
  })

  it('[TW9] days go by the calendar over a change of the clock, hours by their length', () => {
    const before = Date.parse('2027-03-27T22:30:00+01:00')
    expect(told('tomorrow at 10pm', before)).toBe('2027-03-28T22:00:00+02:00')
    expect(told('in 4 hours', before)).toBe('2027-03-28T03:30:00+02:00')
    expect(spanOf('tomorrow', before)).toBe('2027-03-28T00:00 2027-03-29T00:00')
  })

  it('[TW9] `tomorrow at <clock>` is the next day at that clock, in any zone', () => {
    fc.assert(
      fc.property(instantArb, zoneArb, fc.integer({ min: 4, max: 23 }), fc.nat(59), (now, zone, hour, minute) => {
        const clock = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
        const when = readWhen(`tomorrow at ${clock}`, { now, zone })
        const wall = zone.wallAt(when?.start ?? Number.NaN)
        expect(dayOf(wall)).toBe(addDays(dayOf(zone.wallAt(now)), 1))
        expect(timeOf(wall)).toBe(hour * HOUR + minute * 60_000)
      }),
    )
  })

  it('[TW9] `in n minutes` is n minutes from now, in any zone', () => {
    fc.assert(
      fc.property(instantArb, zoneArb, fc.integer({ min: 1, max: 3000 }), (now, zone, minutes) => {
        expect(readWhen(`in ${minutes} minutes`, { now, zone })?.start).toBe(now + minutes * 60_000)
      }),
    )
  })

  it('[TW4] nothing that leaves the day open is in the past', () => {
    const words = fc.constantFrom(
      'at 9',
      'at 17:30',
      'noon',
      'Friday',
      'Friday at 10',
      'this evening',
      'March 3',
      'on the 5th',
      'midnight',
    )
    fc.assert(
      fc.property(instantArb, zoneArb, words, (now, zone, text) => {
        const start = readWhen(text, { now, zone })?.start ?? Number.NaN
        // What the clock skips or repeats may be an hour off; a minute is `today` at its end.
        expect(start).toBeGreaterThanOrEqual(now - HOUR)
      }),
    )
  })

  it('[TW9] a zone that is not known counts as UTC', () => {
    expect(new Zone('Mars/Olympus').name).toBe('UTC')
    expect(new Zone('UTC').iso(0)).toBe('1970-01-01T00:00:00+00:00')
  })

  it('[TW6] any text is read or refused, never thrown at', () => {
    const piece = fc.constantFrom(
      'tomorrow',
      'at',
      '5',
      '25',
      ':',
      'pm',
      'next',
      'Friday',
      'the',
      '31st',
      'of',
      'feb',
      '-',
      'in',
      'hours',
      'week',
      '2026-',
      'from',
      'to',
      '😀',
      '\n',
      '(',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), zoneArb, (pieces, zone) => {
        const when = readWhen(pieces.join(' '), { now: NOW, zone })
        if (when === null) return
        expect(Number.isSafeInteger(when.start)).toBe(true)
        if (when.end !== null) expect(when.end).toBeGreaterThan(when.start)
        if (when.span !== null) expect(when.span.to).toBeGreaterThan(when.span.from)
      }),
    )
  })
})
