/*
 * Where in a sentence a time is said. What it means is for the tool that gets the words; here only words that are a time
 * beyond doubt count, so that "march to the shop" or "7 apples" stay what they are.
 */

const COUNT = '(?:\\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|half an?|a few)'
const UNIT = '(?:min(?:ute)?s?|hours?|hrs?|days?|weeks?|months?)'
const WEEKDAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)days?'
const SHORT_DAY = '(?:mon|tues?|wed|thur?s?|fri|sat|sun)'
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const NTH = '\\d{1,2}(?:st|nd|rd|th)'
const HALF_DAY = '(?:am|pm|a\\.m\\.|p\\.m\\.)'

/** A time of day that cannot be anything else. */
const CLOCK = `(?:\\d{1,2}(?::\\d{2})? ?${HALF_DAY}|\\d{1,2}:\\d{2}|\\d{1,2}h\\d{2}|noon|midday|midnight)`
/** One that needs a preposition before it. */
const HOUR = `(?:${CLOCK}|(?:half past |(?:a )?quarter (?:past|to) )?\\d{1,2}(?: o['’]clock| ?h)?)(?![\\d.:/%])`

const DAY = [
  '(?:the )?day (?:after tomorrow|before yesterday)',
  '(?:later )?today|tomorrow|tonight|yesterday',
  `(?:the )?(?:next|coming|following) (?:\\d{1,3}|two|three|four|few) (?:days|weeks|months)`,
  `(?:this coming|this|next|last|past|the coming|coming) (?:week|weekend|month|year|${WEEKDAY}|${SHORT_DAY})`,
  '(?:on |at )?the weekend',
  `${WEEKDAY}(?: (?:of )?(?:this|next|last) week)?`,
  `on ${SHORT_DAY}`,
  `\\d{4}-\\d\\d-\\d\\d(?:[T ]\\d\\d:\\d\\d(?::\\d\\d)?(?:Z|[+-]\\d\\d:?\\d\\d)?(?: ?(?:to|until|till|-|–) ?${HOUR})?)?`,
  '\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}',
  `${MONTH}\\.? \\d{1,2}(?:st|nd|rd|th)?(?! ?(?::|${HALF_DAY}))(?:,? \\d{4})?`,
  `(?:the )?\\d{1,2}(?:st|nd|rd|th)?(?: of)? ${MONTH}(?:,? \\d{4})?`,
  `(?:on )?the ${NTH}`,
  '(?:the )?end of (?:the )?(?:day|month)|eod',
  `in ${COUNT} ${UNIT}(?: and ${COUNT} ${UNIT})?`,
  `${COUNT} ${UNIT} (?:from now|ago)`,
  `in ${MONTH}(?: \\d{4})?`,
  // Some people are called April, May or June.
  'for (?:january|february|july|september|october|november|december)',
  `(?:on|at|by|for) (?:christmas(?: eve| day)?|new year['’]s (?:eve|day)|halloween|valentine['’]s day)`,
  '(?:on|by|for|due) \\d{1,2}(?:\\.\\d{1,2}\\.?|/\\d{1,2})(?![\\d./])',
  'in (?:the year )?(?:19|20|21)\\d\\d(?![\\d.:])',
].join('|')

const TIME = [
  `(?:from|between) ${HOUR} ?(?:to|until|till|and|-|–) ?${HOUR}`,
  `(?:at )?${CLOCK} ?(?:to|until|till|-|–) ?${HOUR}`,
  `\\d{1,2} ?[-–] ?${CLOCK}`,
  `at \\d{1,2}(?::\\d{2})? ?[-–] ?${HOUR}`,
  `(?:at|by|around|before|after|until|till|from) ${HOUR}`,
  CLOCK,
].join('|')

const PART = '(?:in the |this )(?:morning|afternoon|evening)|at night'
const LATER_PART = `${PART}|morning|afternoon|evening|night`
const LEAD = '(?:(?:on|at|by|for|from|around|before|until|till|starting|due|after) )?'
/** A time may stand before its day (`at 2pm tomorrow`), and a part of the day after both. */
const PHRASE = new RegExp(
  `(?<![\\w'’])${LEAD}(?:${DAY}|${TIME}|${PART})(?:,? (?:on |at |in )?(?:${DAY}|${TIME}|${LATER_PART}))*(?![\\w'’])`,
  'gi',
)
const HAS_DAY = new RegExp(`(?<!\\w)(?:${DAY})(?!\\w)`, 'i')
const HAS_TIME = new RegExp(`(?<!\\w)(?:${TIME})(?!\\w)`, 'i')

/** A time in a sentence. */
export interface FoundTime {
  /** Its words, without a leading `for` or `due`; null when none is said. */
  readonly words: string | null
  /** The sentence without them. */
  readonly rest: string
}

/**
 * Takes the time out of a sentence. A day and a time of day that stand apart are one time; of several that do not
 * belong together it is the last, and the others stay in the sentence (`prepare the Monday meeting tomorrow`).
 */
export function takeTime(sentence: string): FoundTime {
  const span = SPAN.exec(sentence)
  if (span !== null) return { words: trimmed(span[0]), rest: cutOut(sentence, span.index, span[0]) }
  const found = [...sentence.matchAll(PHRASE)].map(({ 0: text, index }) => {
    return { text: text + (HAS_TIME.test(text) ? zoneAfter(sentence.slice(index + text.length)) : ''), index }
  })
  const last = found.at(-1)
  if (last === undefined) return { words: null, rest: sentence }
  const before = found.at(-2)
  const pair = before === undefined ? null : paired(before.text, last.text)
  const taken = pair === null || before === undefined ? [last] : [before, last]
  let rest = sentence
  for (const { index, text } of taken.toReversed()) rest = cutOut(rest, index, text)
  return { words: trimmed(pair ?? last.text), rest }
}

function cutOut(sentence: string, index: number, part: string): string {
  const rest = `${sentence.slice(0, index).trimEnd()} ${sentence.slice(index + part.length).trimStart()}`
  return rest.replaceAll(/ +(?=,|$)/g, '').trim()
}

/** A zone after a clock, as far as it is one beyond doubt: `EST`, `UTC+2`, `Berlin time`, but not `story time`. */
function zoneAfter(text: string): string {
  return ZONE.exec(text)?.[0] ?? ''
}

const NO_ZONE =
  'free|story|movie|film|play|bed|dinner|lunch|tea|quality|family|some|extra|me|my|nap|screen|this|same|that|first|last|next|a|the|no|any|real'
const ZONE = new RegExp(
  `^ \\(?(?:(?:UTC|GMT)(?: ?[+-]\\d{1,2}(?::?\\d\\d)?)?|[A-Z]{2,4}T|ET|PT|[A-Z][a-z]+/[A-Z]\\w+|(?:\\p{Lu}[\\p{L}.-]+ ){1,3}time|(?!(?:${NO_ZONE}) )[a-z]{3,12} time)\\)?(?![\\w'’])`,
  'u',
)
/** Days from one to another, without times: `from December 20 to January 3`. */
const SPAN = new RegExp(
  `(?<![\\w'’])(?:for |on )?(?:from (?:${DAY}) ?(?:to|until|till|through|-|–)|between (?:${DAY}) and) ?(?:${DAY})(?![\\w'’])(?! (?:at|from) \\d)`,
  'i',
)

const DAYS = new RegExp(`(?<!\\w)(?:from |between )?(${DAY}) (?:and|to|until|till|through|-) (${DAY})(?!\\w)`, 'i')

/** Two days that a span goes from and to (`today and tomorrow`), or null. */
export function takeDays(sentence: string): { readonly from: string; readonly to: string } | null {
  const [, from, to] = DAYS.exec(sentence) ?? []
  return from === undefined || to === undefined ? null : { from, to }
}

/** What the time of a sentence spans: `before Friday` and `until Friday` are ends, `after Friday` is a beginning. */
export function rangeIn(sentence: string, words: string): { readonly from: string } | { readonly to: string } {
  const bare = words.replace(/^(?:until|till|from) /i, '')
  const before = sentence.slice(0, Math.max(0, sentence.toLowerCase().indexOf(bare.toLowerCase())))
  switch (/\b(before|until|till|by|after)\s+$/i.exec(before)?.[1]?.toLowerCase()) {
    case 'before':
      return { to: `before ${bare}` }
    case 'until':
    case 'till':
    case 'by':
      return { to: bare }
    case 'after':
      return { from: `after ${bare}` }
    default:
      return { from: words }
  }
}

/** True for a sentence that is a time and nothing else. */
export function isTime(sentence: string): boolean {
  const { words, rest } = takeTime(sentence)
  return words !== null && rest === ''
}

/** A day and a time as one, the day first; null when they are not one of each. */
function paired(first: string, second: string): string | null {
  const [dayFirst, daySecond] = [HAS_DAY.test(first), HAS_DAY.test(second)]
  const [timeFirst, timeSecond] = [HAS_TIME.test(first), HAS_TIME.test(second)]
  if (dayFirst && !timeFirst && timeSecond && !daySecond) return `${trimmed(first)} ${second}`
  if (daySecond && !timeSecond && timeFirst && !dayFirst) return `${trimmed(second)} ${first}`
  return null
}

function trimmed(words: string): string {
  return words
    .replace(/^(?:for|due|by|around|before|starting|after) /i, '')
    .replace(/\((.*)\)$/, '$1')
    .trim()
}
