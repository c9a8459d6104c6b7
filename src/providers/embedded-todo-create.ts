import { takeDuration } from '../core/duration-words.ts'
import type { PlannedCall } from './embedded-part.ts'
import { takeAttributes } from './embedded-todo-attributes.ts'
import { takeTime } from './embedded-todo-times.ts'

/** Verbs that todos begin with: after one of them a new todo begins, and a sentence with one is a wish for a todo. */
export const ACTION =
  '(?:answer|ask|bake|book|bring|build|buy|call|clean|collect|contact|cook|do|download|draft|email|exercise|feed|fill|fix|get|go|hand in|install|invite|iron|learn|mail|meet|message|mow|order|organi[sz]e|pack|paint|pay|phone|pick up|practi[sc]e|prepare|print|read|register|renew|repair|reply|return|review|ring|run|sell|send|sign|sort|study|submit|take|text|thank|train|visit|walk|wash|watch|water|work out|write)'

const VERBS =
  /^(?:add|create|schedule|plan|put|set up|enter|note(?: down)?|jot down|new|make (?=(?:an? )?(?:new )?(?:todo|task|reminder|note|item)\b))\b:?\s*/i
const WISHES =
  /^(?:remind me(?: again)?|remember|(?:do not|don['’]?t)(?: let me)? forget|i(?: really)? (?:need|have|must|should|want|ought|got)(?: got)?(?= to\b| \p{L})|i['’]ve got|i gotta|(?:todo|task|to-do):)\s*/iu
const NOUNS =
  /^(?:me )?(?:(?:an?|the|another|one|some|these|two|three|my|new|following)\s+)*(?:todos?|to-dos?|tasks?|reminders?|items?|entry|note)(?:\s*:\s*|\s+(?:to|for|about|called|named|saying|that says)\s+|\s+|$)/i
const PLACE =
  /\s+(?:to|on|in|onto|into)\s+(?:my|the)\s+(?:(?:todo|to-do|task|shopping)\s+)?(?:list|todos?|tasks|calendar|agenda|schedule)(?=$|,|\s)/gi
const PARTING = new RegExp(
  `,\\s*(?:and\\s+)?(?:to\\s+)?(?=${ACTION}\\b)|\\s+and\\s+(?:also\\s+)?(?:to\\s+)?(?=${ACTION}\\b)`,
  'i',
)
const SOME_PARTING = /;\s*|,\s*(?:and\s+)?|\s+and\s+/i

/** A list of tags that may go on. */
const TAGS_OPEN =
  /\b(?:tags|tagged|labels)\b[\s:]*(?:(?:as|with)\s+)?[\p{L}\p{N}_#-]+(?:(?:,\s*(?:and\s+)?|\s+and\s+)[\p{L}\p{N}_#-]+)*$/iu
/** What comes again and again is more than a todo can say. */
const REPEATED =
  /\bevery\s+(?:other|single|second|day|week|weekday|weekend|month|year|morning|evening|night|hour|\d|mon|tue|wed|thu|fri|sat|sun)/i

/** One todo that is wished for. */
interface Wish {
  item: string
  time: string | null
  minutes: number | null
  importance: 'low' | 'medium' | 'high' | null
  tags: readonly string[]
}

/** The calls of a sentence that wishes for todos; none when it is no such sentence. */
export function creations(clause: string): readonly PlannedCall[] {
  const verb = VERBS.exec(clause) ?? WISHES.exec(clause)
  const isBare = verb === null && (new RegExp(`^${ACTION}\\b`, 'i').test(clause) || isAppointment(clause))
  if ((verb === null && !isBare) || REPEATED.test(clause)) return []
  const said = clause.slice(verb?.[0].length ?? 0)
  const isList =
    /^[^:]{0,40}\b(?:todos|tasks|items|things|following|these)\b[^:]{0,20}:/i.test(said) ||
    /^(?:add|create):/i.test(clause)
  const wished = said.replace(/^[^:]{0,40}\b(?:things|following|these)\b[^:]{0,20}:\s*/i, '').replace(NOUNS, '')
  const wishes = partsOf(wished.replaceAll(PLACE, ''), isList).map(wishOf)
  return shared(wishes)
    .filter(({ item }) => item !== '')
    .map(callOf)
}

/** A thing with a time, and no question: `dentist on Monday at 9`. */
function isAppointment(clause: string): boolean {
  if (
    /^(?:what|when|where|who|why|how|which|is|are|am|do|does|did|can|could|will|would|should|show|list|find|i|it|my|the weather)\b/i.test(
      clause,
    )
  )
    return false
  const { words, rest } = takeTime(clause)
  const count = rest.split(' ').length
  return words !== null && rest !== '' && count <= 8
}

/**
 * Cuts a wish for several todos: where a verb begins the next, and where one with its time or its attributes is
 * complete. Parts that are only attributes or a time belong to what they follow.
 */
function partsOf(wished: string, isList: boolean): readonly string[] {
  const parts: string[] = []
  for (const rough of wished.split(PARTING)) {
    let current = ''
    for (const piece of pieces(rough)) {
      const isComplete =
        current !== '' && !isTagOf(current, piece.text) && (isList || hasOwn(current)) && itemIn(piece.text) !== ''
      if (isComplete) {
        parts.push(current)
        current = piece.text
      } else current += piece.joint + piece.text
    }
    if (parts.length > 0 && itemIn(current) === '') parts.push(`${parts.pop()}, ${current}`)
    else parts.push(current)
  }
  return parts
}

/** True for a word that goes on with a list of tags (`tags: home, money`). */
function isTagOf(part: string, word: string): boolean {
  return TAGS_OPEN.test(part) && /^#?[\p{L}\p{N}_-]+$/u.test(word.trim())
}

/** A text at its commas and `and`s, each piece with what was before it. */
function pieces(text: string): readonly { joint: string; text: string }[] {
  const found: { joint: string; text: string }[] = []
  let rest = text
  for (let joint = ''; ; ) {
    const next = SOME_PARTING.exec(rest)
    found.push({ joint, text: next === null ? rest : rest.slice(0, next.index) })
    if (next === null) return found
    joint = next[0]
    rest = rest.slice(next.index + next[0].length)
  }
}

/** True for a part with a time, an importance or a tag of its own. */
function hasOwn(part: string): boolean {
  const { time, importance, tags, minutes } = wishOf(part)
  return time !== null || importance !== null || tags.length > 0 || minutes !== null
}

function itemIn(part: string): string {
  // Attributes stand after a comma where they stand alone.
  return wishOf(`, ${part}`).item
}

function wishOf(part: string): Wish {
  const { importance, tags, rest } = takeAttributes(part)
  const lasting = takeDuration(rest)
  const { words, rest: item } = takeTime(lasting?.rest ?? rest)
  return { item: itemOf(item), time: words, minutes: lasting?.minutes ?? null, importance, tags }
}

/** What is to be done, without the words that hold a sentence together. */
function itemOf(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ,/g, ',')
    .replace(/^[\s,;:.-]+/, '')
    .replace(/^(?:(?:to|that i (?:need|have) to|about|of|for)\s+)+/i, '')
    .replace(/^(?:(?:an?|the|new)\s+)*(?:todo|task|reminder|item)(?:\s*:|\s+(?:to|for|about|called|named))\s+/i, '')
    .replace(/^(?:an?|the)\s+(?=\S+)/i, '')
    .replace(/(?:[\s,;:.-]|\s(?:and|with|on|at|for|by|from|to|in|due|as))+$/i, '')
    .trim()
}

/** A todo without a time has that of the next one that was said in the same breath (`buy milk and call mom tomorrow`). */
function shared(wishes: readonly Wish[]): readonly Wish[] {
  let time: string | null = null
  return wishes
    .toReversed()
    .map((wish) => {
      time = wish.time ?? time
      return { ...wish, time }
    })
    .toReversed()
}

function callOf({ item, time, minutes, importance, tags }: Wish): PlannedCall {
  return {
    name: 'create_todo',
    arguments: {
      item,
      start_time: time ?? 'today',
      ...(minutes !== null && { end_time: `${minutes} minutes` }),
      ...(importance !== null && { importance }),
      ...(tags.length > 0 && { tags }),
    },
  }
}
