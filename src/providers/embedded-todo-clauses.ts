/** Verbs that begin a command wherever they stand. */
const STRONG =
  "add|create|delete|mark|complete|rename|reschedule|postpone|remind me|list (?:my|all|the)|show(?: me)?|search|check off|tick off|what(?:'s| do| is| are)|when (?:am|is|are)|find (?:me |my |all |some |free |todos|tasks|time)|am i free|do i have|tell me|let me know|give me"
/** Verbs that may as well be a part of what is to be done, so that `and` alone does not make them a command. */
const WEAK =
  'finish|cancel|move|push|shift|change|update|set|remove|drop|find|make|tag (?=[^,]+ (?:with|as) )|schedule|plan|reopen|check|tick|close'

/** True for a clause that is a command, whatever stands before it. */
export function isCommand(clause: string): boolean {
  return new RegExp(`^(?:${STRONG})\\b`, 'i').test(clause)
}

const JOINTS = new RegExp(
  [
    `,\\s*(?:and\\s+)?(?:then\\s+|also\\s+)*(?:please\\s+)?(?=(?:${STRONG}|${WEAK})\\b)`,
    `\\s+(?:and\\s+then|and\\s+also|then|also|plus)\\s+(?:please\\s+)?(?=(?:${STRONG}|${WEAK})\\b)`,
    `\\s+and\\s+(?:please\\s+)?(?=(?:${STRONG})\\b)`,
  ].join('|'),
  'i',
)
/** The end of a sentence, but not of `Dr.` or a number; of `a.m.` only before a command. */
const SENTENCES = new RegExp(
  `(?<=[.!?;])(?<!\\b(?:[ap]\\.m|mr|mrs|ms|dr|st|no|e\\.g|i\\.e)\\.)\\s+|(?<=\\b[ap]\\.m\\.)\\s+(?=(?:${STRONG}|${WEAK})\\b)`,
  'i',
)
const BULLET = /^\s*(?:[-*•]|\d{1,2}[.)])\s+/
const POLITE =
  /^(?:(?:hi|hello|hey|ok|okay|well|so|and|also|then|please|now|thanks|thank you|great|first|next|finally)\b(?: there)?[,!:]?\s+|(?:can|could|would|will) you\s+|i(?:'d| would) like (?:you )?to\s+(?=(?:add|create|delete|mark|see|list|show|move|rename|schedule|complete|find|search)\b)|i want (?:you )?to\s+(?=(?:add|create|delete|mark|see|list|show|move|rename|schedule|complete|find|search)\b)|let'?s\s+)+/i

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
}

/**
 * Cuts what somebody asks for into single commands, in the order in which they were said. Lines of a list get the
 * verb of the line above them (`Add these:`).
 */
export function clausesOf(text: string): readonly Clause[] {
  const clauses: Clause[] = []
  let verb = ''
  for (const line of text.split('\n')) {
    const isBullet = BULLET.test(line)
    const words = line.replace(BULLET, '').trim()
    if (words === '') continue
    if (isBullet) {
      clauses.push({ text: tidy(verb === '' ? words : `${verb} ${words}`), goesOn: false })
      continue
    }
    verb = words.endsWith(':') ? (/^\p{L}+/u.exec(words.replace(POLITE, ''))?.[0] ?? '') : ''
    if (verb !== '') continue
    for (const sentence of words.split(SENTENCES)) {
      clauses.push(...sentence.split(JOINTS).map((part, i) => ({ text: tidy(part), goesOn: i > 0 })))
    }
  }
  return clauses.filter((clause) => clause.text !== '')
}

function tidy(clause: string): string {
  return clause
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(POLITE, '')
    .replace(/(?:,? (?:please|thanks|thank you))?[\s.!?;,:]*$/i, (end) =>
      /\b[ap]\.m\.$/i.test(clause) ? '.' : end && '',
    )
    .trim()
}
