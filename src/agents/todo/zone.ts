/** A time as a clock on the wall shows it, in ms as if it were UTC; which instant it is depends on the zone. */
export type Wall = number

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Formats are dear to make (some 50 µs), and a user has one zone. */
const formats = new Map<string, Intl.DateTimeFormat>()
const MOST_FORMATS = 50

/** A time zone by its IANA name, with its offsets as they are at each instant. */
export class Zone {
  readonly #format: Intl.DateTimeFormat

  /** @param name one that is not known counts as UTC */
  constructor(name: string) {
    this.#format = formatIn(name)
  }

  /** The name by which the platform knows it. */
  get name(): string {
    return this.#format.resolvedOptions().timeZone
  }

  /** What clocks show at an instant (ms since 1970). */
  wallAt(instant: number): Wall {
    return instant + this.#offsetAt(instant)
  }

  /**
   * The instant at which clocks show a time. A time that comes twice, when clocks go back, is its first one; one that is
   * left out, when they go forward, is as much later as was left out (both as in RFC 5545, 3.3.5).
   */
  instantAt(wall: Wall): number {
    const before = wall - this.#offsetAt(wall - DAY)
    const after = wall - this.#offsetAt(wall + DAY)
    const found = [before, after].filter((instant) => this.wallAt(instant) === wall)
    return found.length === 0 ? before : Math.min(...found)
  }

  /** An instant as ISO 8601 with the offset that the zone has then, to the second: `2026-11-21T14:00:00+01:00`. */
  iso(instant: number): string {
    const offset = this.#offsetAt(instant) / MINUTE
    const size = Math.abs(offset)
    const hours = String(Math.floor(size / 60)).padStart(2, '0')
    const wall = new Date(this.wallAt(instant)).toISOString().slice(0, 19)
    return `${wall}${offset < 0 ? '-' : '+'}${hours}:${String(size % 60).padStart(2, '0')}`
  }

  /** ms to add to UTC, in whole minutes: ISO 8601 has no finer ones, and no zone has had any since 1972. */
  #offsetAt(instant: number): number {
    const parts = new Map(this.#format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]))
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (
      ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
    ).map((type) => parts.get(type))
    const wall = Date.UTC(year, month - 1, day, hour, minute, second)
    return Math.round((wall - Math.floor(instant / 1000) * 1000) / MINUTE) * MINUTE
  }
}

function formatIn(name: string): Intl.DateTimeFormat {
  const known = formats.get(name)
  if (known !== undefined) return known
  const format = formatOf(name) ?? formatOf('UTC') ?? new Intl.DateTimeFormat()
  if (formats.size < MOST_FORMATS) formats.set(name, format)
  return format
}

function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return null
  }
}

/** Midnight before a time on the wall. */
export function dayOf(wall: Wall): Wall {
  return Math.floor(wall / DAY) * DAY
}

/** So many days later on the wall, at the same time of day. */
export function addDays(wall: Wall, days: number): Wall {
  return wall + days * DAY
}

/** The time of day, ms since midnight. */
export function timeOf(wall: Wall): number {
  return wall - dayOf(wall)
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(wall: Wall): number {
  return (new Date(wall).getUTCDay() + 6) % 7
}

/** Midnight on which its week begins: a Monday. */
export function weekOf(wall: Wall): Wall {
  return addDays(dayOf(wall), -weekdayOf(wall))
}

/** Midnight on which a month begins, `months` after its own. */
export function monthOf(wall: Wall, months = 0): Wall {
  const date = new Date(wall)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)
}
