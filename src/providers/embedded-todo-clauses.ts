import { takeAttributes } from './embedded-todo-attributes.ts'
import { isTime } from './embedded-todo-times.ts'

/** Verbs that begin a command wherever they stand. */
const STRONG =
  "add|create|delete|mark|complete|rename|reschedule|postpone|remind me|list (?:my|all|the)|show(?: me)?|search|check off|tick off|what(?:'s| do| is| are)|when (?:am|is|are)|find (?:me |my |all |some |free |todos|tasks|time)|am i free|do i have|tell me|let me know|give me"
/** Verbs that may as well be a part of what is to be done, so that `and` alone does not make them a command. */
const WEAK =
  'finish|cancel|move|push|shift|change|update|set|remove|drop|find|make|tag (?=[^,]+ (?:with|as) )|schedule|plan|reopen|check|tick|close'
/** What is done to a todo that was named just before, so that it is a command after `and` too. */
const TO_IT =
  '(?:move|push|shift|delay|change|set|make|mark|tag|label|flag|cancel|remove|drop|finish|close|reopen|untag|give|extend|put off|tick|check)(?: off)? (?:it|that|them|both|these|those)'
/** Verbs that speak of todos that are there: what begins with one is never a todo of its own. */
const COMMANDS =
  "move|reschedule|postpone|push|shift|delay|snooze|bring forward|put off|change|update|edit|modify|set(?! up)|make|give|raise|lower|delete|remove|cancel|clear|erase|drop|scrap|get rid of|mark|unmark|flag|complete|finish|check|uncheck|tick|untick|cross|close|reopen|extend|prolong|shorten|lengthen|rename|tag|untag|label|repeat|free|undo|redo|revert|restore|skip|archive|swap|merge|copy|duplicate|share|export|sync|suggest|propose|recommend|help|stop|start|end|do not|don['’]?t|never|stop|show|list|display|see|view|find|search|look|tell|give me|let me know|what|when|where|who|whom|why|how|which|is|are|am|was|were|do|does|did|can|could|will|would|should|have|has|i|i['’]\\w+|it|it['’]s|my|that|this|these|those|everything|all|nothing|the weather"

/** True for a clause that is a command, whatever stands before it. */
export function isCommand(clause: string): boolean {
  return new RegExp(`^(?:${STRONG})\\b`, 'i').test(clause)
}

/** True for a clause that changes or asks, or is about somebody: it is no thing with a time. */
export function isNoThing(clause: string): boolean {
  return new RegExp(`^(?:${COMMANDS})(?![\\w'’])`, 'i').test(clause)
}

const JOINTS = new RegExp(
  [
    `,\\s*(?:and\\s+)?(?:then\\s+|also\\s+)*(?:please\\s+)?(?=(?:${STRONG}|${WEAK}|${TO_IT})\\b)`,
    `\\s+(?:and\\s+then|and\\s+also|then|also|plus)\\s+(?:please\\s+)?(?=(?:${STRONG}|${WEAK}|${TO_IT})\\b)`,
    `\\s+and\\s+(?:please\\s+)?(?=(?:${STRONG}|${TO_IT})\\b)`,
  ].join('|'),
  'i',
)
/** The end of a sentence, but not of `Dr.` or a number; of `a.m.` only before a command. */
const SENTENCES = new RegExp(
  `(?<=[.!?;])(?<!\\b(?:[ap]\\.m|mr|mrs|ms|dr|st|no|e\\.g|i\\.e)\\.)\\s+|(?<=\\b[ap]\\.m\\.)\\s+(?=(?:${STRONG}|${WEAK})\\b)`,
  'i',
)
const MORE =
  /^(?:mark|set|move|reschedule|postpone|tag|make|change)(?: (?:these|them|those|the following|all of these|the following \S+))? ((?:as|to|with|by|until|high|low|urgent|important|done|complete)\b.*)$/i
const BULLET = /^\s*(?:[-*•]|\d{1,2}[.)])\s+/
/** Asks whether somebody would do it, which is a request in spite of its question mark. */
const WOULD = '(?:can|could|would|will) you|would you mind'
/** What somebody wants of us; `I want to finish the report` is a todo of theirs. */
const WANTED =
  "(?=(?:add|book|cancel|change|clear|complete|create|delete|do not|edit|extend|find|free|know|list|make|mark|move|plan|postpone|push|put|remove|rename|reopen|repeat|reschedule|schedule|search|see|set|show|tag|undo|untag|update|don[’']?t)\\b)"
/** After `I need to` fewer are: `I need to change the tires` is a todo. */
const NEEDED =
  '(?=(?:add|book|cancel|create|delay|delete|find (?:me|a|some|time)|know|list|mark|move|plan|postpone|push|remove|rename|reopen|reschedule|schedule|see|show|tag|untag)\\b)'
const POLITE = new RegExp(
  `^(?:(?:hi|hello|hey|ok|okay|well|so|and|also|then|please|kindly|just|now|thanks|thank you|great|first|next|finally)\\b(?: there)?[,!:]?\\s+|(?:sorry|actually|wait|no|yes|yeah|oh|hmm|sure|alright),\\s+|(?:${WOULD})\\s+|(?:i(?:['’]d| would) (?:like|love)|i(?: really)? (?:want|wish))(?: you)? to\\s+${WANTED}|i(?: really)? (?:need|have)(?: you)? to\\s+${NEEDED}|go ahead and\\s+|let'?s\\s+)+`,
  'i',
)

/** `would you mind deleting` is `would you delete`. */
const MIND =
  /^((?:\w+,? )?would you )mind (?:(delet|remov|mov|chang|postpon|reschedul|complet|renam|schedul|creat)|(cancel|add|mark|show|list|tag|find|push)l?)ing\b/i

/** A text with what is in quotation marks set aside, so that no word of it is taken for a command. */
export class Quoted {
  readonly text: string
  readonly #parts: string[] = []

  constructor(text: string) {
    const aside = (_: string, before: string, part: string): string => {
      this.#parts.push(part.trim())
      return `${before}\uE000${this.#parts.length - 1}\uE000`
    }
    this.text = text
      .replaceAll('\uE000', '')
      .replaceAll(/()[“"]([^“”"\n]{1,300})[”"]/g, aside)
      .replaceAll(/(^|[\s(])['‘]([^'‘’\n]{1,300})['’](?=[\s,.!?;:)]|$)/g, aside)
  }

  /** What was set aside, put back without its marks. */
  restore(text: string): string {
    return text.replaceAll(/\uE000(\d+)\uE000/g, (_, index: string) => this.#parts[Number(index)] ?? '')
  }
}

/** A single command. */
export interface Clause {
  readonly text: string
  /** True when it goes on with the sentence of the clause before it, which it may belong to. */
  readonly goesOn: boolean
  /** True for a question; one whether somebody would do something is a request. */
  readonly isQuestion: boolean
}

/**
 * Cuts what somebody asks for into single commands, in the order in which they were said. Lines of a list get the
 * verb of the line above them (`Add these:`).
 */
export function clausesOf(text: string): readonly Clause[] {
  const clauses: Clause[] = []
  let verb = ''
  // What the line above them says beside its verb (`Mark as done:`, `Move these to Friday:`).
  let more = ''
  for (const line of text.split('\n')) {
    const isBullet = BULLET.test(line)
    const words = line.replace(BULLET, '').trim()
    if (words === '') continue
    if (isBullet) {
      clauses.push(clauseOf(verb === '' ? words : `${verb} ${words} ${more}`, false, words.endsWith('?')))
      continue
    }
    const heading = words.endsWith(':') ? words.slice(0, -1).trim().replace(POLITE, '') : ''
    verb = /^\p{L}+/u.exec(heading)?.[0] ?? ''
    more = MORE.exec(heading)?.[1] ?? ''
    if (verb !== '') continue
    for (const sentence of sentencesOf(words)) {
      clauses.push(...sentence.split(JOINTS).map((part, i) => clauseOf(part, i > 0, /\?[)\s]*$/.test(sentence))))
    }
  }
  return clauses.filter((clause) => clause.text !== '')
}

/** After a semicolon a time or an attribute alone belongs to what it follows (`Doctor visit; tomorrow at 11; tag a`). */
function sentencesOf(line: string): readonly string[] {
  const sentences: string[] = []
  for (const part of line.split(SENTENCES)) {
    const before = sentences.at(-1)
    const bare = part.replace(/[;.]$/, '')
    const isMore = before?.endsWith(';') === true && (isTime(bare) || takeAttributes(`, ${bare}`).rest === '')
    if (isMore) sentences.splice(-1, 1, `${before?.slice(0, -1)}, ${part}`)
    else sentences.push(part)
  }
  return sentences
}

function clauseOf(part: string, goesOn: boolean, isAsked: boolean): Clause {
  const isRequest = new RegExp(`^(?:\\S+\\s+){0,3}?(?:${WOULD})\\b`, 'i').test(part.trim())
  return { text: tidy(part), goesOn, isQuestion: isAsked && !isRequest }
}

function tidy(clause: string): string {
  return clause
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(
      MIND,
      (_, polite: string, stem: string, plain: string) => `${polite}${stem === undefined ? plain : `${stem}e`}`,
    )
    .replace(POLITE, '')
    .replace(/(?:,? (?:please|thanks|thank you))?[\s.!?;,:]*$/i, (end) =>
      /\b[ap]\.m\.$/i.test(clause) ? '.' : end && '',
    )
    .trim()
}
