const NUMBER = '(\\d{1,4}(?:\\.\\d{1,2})?|an?|one|two|three|four|five|six|half an?)'
const HOURS = 'h(?:ou)?rs?|h'
const MINUTES = 'min(?:ute)?s?|m'
const DURATION = `${NUMBER}(?: |-)?(?:(${HOURS})|(${MINUTES}))\\b(?:(?: and)? (half|\\d{1,2})(?: (?:${MINUTES}))?\\b)?`
const NAMED: Readonly<Record<string, number>> = { a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6 }

/** A duration that was found in a text. */
export interface FoundDuration {
  readonly minutes: number
  /** The text without it, and without its `for`. */
  readonly rest: string
}

/** Minutes of words like `2 hours`, `90 min`, `half an hour`, `1.5h`, `an hour and a half`; null for anything else. */
export function minutesIn(words: string): number | null {
  const text = words
    .trim()
    .replace(/^(?:\+|for |about )/i, '')
    .replace(/ (?:later|long|after that)$/i, '')
  const found = new RegExp(`^${DURATION}(?: and a half)?$`, 'i').exec(text)
  return found === null ? null : minutesOf(found)
}

/** The first `for 2 hours` of a text, taken out of it; null when there is none. */
export function takeDuration(text: string): FoundDuration | null {
  const found = new RegExp(`(?:^|,? )(?:for |of )(?:about |at least )?${DURATION}(?: and a half)?`, 'i').exec(text)
  if (found === null) return null
  const minutes = minutesOf(found)
  if (minutes === null) return null
  const rest = `${text.slice(0, found.index)} ${text.slice(found.index + found[0].length)}`
  return { minutes, rest: rest.replaceAll(/ {2,}/g, ' ').trim() }
}

function minutesOf(found: RegExpExecArray): number | null {
  const [whole, number = '', hours, , more] = found
  const half = number.toLowerCase().startsWith('half')
  const count = half ? 0.5 : (NAMED[number.toLowerCase()] ?? Number(number))
  const extra = / and a half$/i.test(whole) || more === 'half' ? 0.5 : 0
  const minutes = hours === undefined ? count + extra : (count + extra) * 60 + (extra === 0 ? Number(more ?? 0) : 0)
  return minutes > 0 && minutes <= MOST_MINUTES ? Math.round(minutes) : null
}

/** A month: what is longer is no appointment. */
const MOST_MINUTES = 31 * 24 * 60
