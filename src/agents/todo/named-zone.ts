import { isTimeZone } from '../../core/time-zone.ts'
import { Zone } from './zone.ts'

/** A time zone that words name. */
export interface NamedZone {
  /** Null when there is none of that name. */
  readonly zone: Zone | null
  readonly name: string
  /** The words without it. */
  readonly rest: string
}

const AREAS = ['Europe', 'America', 'Asia', 'Africa', 'Australia', 'Pacific', 'Atlantic', 'Indian', 'America/Argentina']
/** What people say for zones that are called after another city. */
const SAID: Readonly<Record<string, string>> = {
  eastern: 'America/New_York',
  central: 'America/Chicago',
  mountain: 'America/Denver',
  pacific: 'America/Los_Angeles',
  'san francisco': 'America/Los_Angeles',
  washington: 'America/New_York',
  boston: 'America/New_York',
  uk: 'Europe/London',
  british: 'Europe/London',
  german: 'Europe/Berlin',
  munich: 'Europe/Berlin',
  hamburg: 'Europe/Berlin',
  frankfurt: 'Europe/Berlin',
  'central european': 'Europe/Berlin',
  indian: 'Asia/Kolkata',
  mumbai: 'Asia/Kolkata',
  delhi: 'Asia/Kolkata',
  japan: 'Asia/Tokyo',
  beijing: 'Asia/Shanghai',
  utc: 'UTC',
}
const PLACES = [3, 2, 1].map(
  (words) => new RegExp(`[ ,]+\\(?(?:in )?([\\p{L}.]+(?:[ -][\\p{L}.]+){${words - 1}}) time\\)?$`, 'iu'),
)
/** An IANA name as it is written. */
const IANA = /[ ,]+\(?([A-Z][a-z]+\/[A-Z]\w+(?:\/\w+)?)\)?$/

/** The zone at the end of a time: `2pm Berlin time`, `at 9 Europe/Paris`; null when none is named there. */
export function takeZone(words: string): NamedZone | null {
  const found = [IANA, ...PLACES].flatMap((pattern) => {
    const match = pattern.exec(words)
    const name = match?.[1] ?? ''
    return match === null ? [] : [{ zone: zoneOf(name), name, rest: words.slice(0, match.index) }]
  })
  return found.find(({ zone }) => zone !== null) ?? found.at(-1) ?? null
}

function zoneOf(name: string): Zone | null {
  const word = name.toLowerCase()
  const said = Object.hasOwn(SAID, word) ? SAID[word] : undefined
  if (said !== undefined) return new Zone(said)
  const city = name.split(/[ -]/).join('_')
  const names = name.includes('/') ? [name] : AREAS.map((area) => `${area}/${city}`)
  return names.filter((one) => isTimeZone(one)).map((one) => new Zone(one))[0] ?? null
}
