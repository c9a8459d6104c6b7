import { minutesIn, takeDuration } from '../core/duration-words.ts'
import type { PlannedCall } from './embedded-part.ts'
import { takeAttributes } from './embedded-todo-attributes.ts'
import { isNoThing } from './embedded-todo-clauses.ts'
import { isRepeated, onceNote, repeatNote } from './embedded-todo-notes.ts'
import { takeTime } from './embedded-todo-times.ts'
import type { Wanted } from './embedded-todo-wanted.ts'

/** Verbs that todos begin with: after one of them a new todo begins, and a sentence with one is a wish for a todo. */
export const ACTION =
  '(?:answer|ask|bake|book|bring|build|buy|call|clean|collect|contact|cook|do|download|draft|email|exercise|feed|fill|fix|get|go|hand in|install|invite|iron|learn|mail|meet|message|mow|order|organi[sz]e|pack|paint|pay|phone|pick up|practi[sc]e|prepare|print|read|register|renew|repair|reply|return|review|ring|run|sell|send|set up|sign|sort|study|submit|take|text|thank|train|visit|walk|wash|watch|water|work out|write)'

const NEW =
  "(?:(?:an?|another|the|me)\\s+)*(?:new\\s+)?(?:(?<=\\ban? )(?:\\S+\\s+){0,2}?)?(?:todo|task|reminder|note|item|alarm|appointment|meeting|call)(?![\\w'’])"
const LENGTH =
  '(?:an?|one|two|three|four|five|six|half an|\\d{1,3}(?:\\.\\d{1,2})?)[ -]?(?:hours?|hrs?|h|minutes?|mins?|min)(?: and a half)?'
const VERBS = new RegExp(
  `^(?:(?:add|create|schedule|plan|put|enter|note to self|note(?: down)?|jot down|write down|new)(?![\\w'’-])|(?:set up|set|make)(?= ${NEW})|(?:book|block|reserve|arrange)(?= (?:(?:an? )?${LENGTH}|(?:an? )?(?:meeting|call|appointment) (?:with|for|on|at|about|tomorrow|today|next|this)\\b))):?\\s*`,
  'i',
)
const WISHES =
  /^(?:remind me(?: again)?|remember|(?:do not|don['’]?t)(?: let me)? forget|i(?: really)? (?:need|have|must|should|want|ought|got)(?: got)?(?= to\b| \p{L})|i['’]ve got|i gotta|(?:todo|task|to-do|reminder):|(?:todo|task|to-do|reminder)(?= \p{L}))\s*/iu
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
/** One todo that is wished for. */
interface Wish {
  item: string
  time: string | null
  minutes: number | null
  importance: 'low' | 'medium' | 'high' | null
  tags: readonly string[]
}

/** True for words that are a new todo beyond doubt, though their verb may also change one (`set a reminder …`). */
export function isNew(clause: string): boolean {
  return new RegExp(
    `^(?:set up|set|make) ${NEW}|^(?:todo|task|to-do|reminder)(?::| ${ACTION}\\b)|^(?:remind me|add|create|new|schedule|put)\\b(?! (?:the )?(?:tags?|labels?|off)\\b)(?! (?:the |a )?\\S+ (?:tag|label) to\\b)(?! \\S+ off\\b)`,
    'i',
  ).test(clause)
}

/**
 * What a sentence that wishes for todos wants; nothing when it is no such sentence.
 * @param isQuestion with a question mark nothing is wished for
 */
export function creations(clause: string, isQuestion = false): readonly Wanted[] {
  const said = unfronted(clause)
  const verb = VERBS.exec(said) ?? WISHES.exec(said)
  const isBare =
    verb === null && !isNoThing(said) && (new RegExp(`^${ACTION}\\b`, 'i').test(said) || isAppointment(said))
  if (isQuestion || (verb === null && !isBare)) return []
  const wishes = wishesIn(said.slice(verb?.[0].length ?? 0), said)
  if (isRepeated(said)) return [{ kind: 'say', words: repeatNote(wishes.length === 1 ? repeatedItem(wishes[0]) : '') }]
  return wishes.map((wish) => {
    const note = onceNote(wish.item)
    return { kind: 'call', call: callOf(wish), ...(note !== null && { note }) }
  })
}

/** A leading time goes behind what is said of it: `Tomorrow at 8 I have to take out the trash`. */
function unfronted(clause: string): string {
  const { words, rest } = takeTime(clause)
  const isAhead = words !== null && clause.endsWith(rest) && !clause.startsWith(rest)
  const bare = rest.replace(/^[\s,:-]+/, '')
  return isAhead && (VERBS.test(bare) || WISHES.test(bare)) ? `${bare} ${words}` : clause
}

function repeatedItem(wish: Wish | undefined): string {
  const item = (wish?.item ?? '').replace(/^(?:daily|weekly|monthly|yearly|every \S+|each \S+)\s+(?=to\b)/i, '')
  return itemOf(item.replace(/\s*\b(?:daily|weekly|monthly|yearly|every|each|repeat(?:ed|ing)?|recurring)\b.*$/i, ''))
}

function wishesIn(said: string, clause: string): readonly Wish[] {
  const isList =
    /^[^:]{0,40}\b(?:todos|tasks|items|things|following|these)\b[^:]{0,20}:/i.test(said) ||
    /^(?:add|create):/i.test(clause)
  const plain = said.replace(
    /^(?:an?\s+|the\s+)?(?:new\s+)?(?:very\s+)?(urgent|important)\s+((?:todo|task|reminder|item)\b.*)$/i,
    'a $2, $1',
  )
  const wished = plain.replace(/^[^:]{0,40}\b(?:things|following|these)\b[^:]{0,20}:\s*/i, '').replace(NOUNS, '')
  const wishes = partsOf(wished.replaceAll(PLACE, ''), isList).map(wishOf)
  return shared(wishes).filter(({ item }) => item !== '')
}

/** A thing with a time: `dentist on Monday at 9`, but not what is said of one (`yoga is at 8 now`). */
function isAppointment(clause: string): boolean {
  const { words, rest } = takeTime(clause)
  if (/\b(?:is|are|was|were|has|have|will|should|must|shall|needs|isn['’]t|aren['’]t)\b/i.test(rest)) return false
  const count = rest.split(' ').length
  return words !== null && itemOf(rest) !== '' && count <= 8
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
  const first = takeLength(rest) ?? takeDuration(rest)
  // An alarm is `for 6`.
  const { words, rest: timeless } = takeTime(
    (first?.rest ?? rest).replace(/\b(alarm|wake me(?: up)?) for (?=\d)/i, '$1 at '),
  )
  const lasting = first ?? takeLength(timeless)
  const item = first === null ? (lasting?.rest ?? timeless) : timeless
  return { item: itemOf(item), time: words, minutes: lasting?.minutes ?? null, importance, tags }
}

const LEADING = new RegExp(`^(?:an? )?(${LENGTH}) (?:(for|of|to|with) )?(.+)$`, 'i')

/** How long it takes, said before what it is: `2 hours for deep work`, `30 min with Ann`, `1 hour meeting`. */
function takeLength(text: string): { readonly minutes: number; readonly rest: string } | null {
  const [, length = '', joint = '', rest = ''] = LEADING.exec(text.trim()) ?? []
  const minutes = minutesIn(length)
  if (
    minutes === null ||
    (joint === '' && !/^(?:meeting|call|chat|session|appointment|break|slot|workout)\b/i.test(rest))
  ) {
    return null
  }
  return { minutes, rest: joint.toLowerCase() === 'with' ? `meeting with ${rest}` : rest }
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
      ...(time !== null && { start_time: time }),
      ...(minutes !== null && { end_time: `${minutes} minutes` }),
      ...(importance !== null && { importance }),
      ...(tags.length > 0 && { tags }),
    },
  }
}
