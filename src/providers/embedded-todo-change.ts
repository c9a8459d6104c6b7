import { levelOf } from './embedded-todo-attributes.ts'
import { TIME_READERS } from './embedded-todo-change-times.ts'
import { isNoThing } from './embedded-todo-clauses.ts'
import { fieldsOf, timeIn } from './embedded-todo-fields.ts'
import { doneIn } from './embedded-todo-past.ts'
import {
  type Changes,
  COMPLETE,
  DELETE,
  DONE_ONES,
  each,
  OPEN_ONES,
  on,
  pair,
  type Reader,
  update,
} from './embedded-todo-readers.ts'
import { targetsOf } from './embedded-todo-targets.ts'
import { isTime } from './embedded-todo-times.ts'
import type { Wanted } from './embedded-todo-wanted.ts'

const DONE = '(?:done|completed?|finished|off|as off)'
const OPEN = '(?:not (?:yet )?(?:done|completed?|finished)|pending|open|undone|incomplete|unfinished|to do)'

const READERS: readonly Reader[] = [
  each(
    new RegExp(`^(?:(?:mark|set)\\s+(.+?)\\s+(?:as\\s+)?${OPEN}|(?:reopen|unmark|uncheck|untick)\\s+(.+))$`, 'i'),
    update({ status: 'pending' }),
    DONE_ONES,
  ),
  pair(
    /^(?:set|make|change|raise|lower|put)\s+(?:the\s+)?(?:importance|priority)\s+(?:of|for|on)\s+(?<which>.+?)(?:\s+from\s+\w+)?\s+(?:to|as)\s+(?<what>.+)$/i,
    leveled,
  ),
  pair(
    /^(?:make|mark|set|flag|change|give|update)\s+(?<which>.+?)\s+(?:as\s+|to\s+|an?\s+)?(?<what>(?:high|medium|low|top|normal)(?:[ -](?:importance|priority))?|(?:importance|priority) (?:high|medium|low|normal)|important|urgent|unimportant)$/i,
    leveled,
  ),
  pair(
    /^(?!it |is |what|that )(?<which>.+?)\s+(?:is|are)\s+(?:now\s+|very\s+)*(?<what>important|urgent|unimportant|(?:high|medium|low) (?:priority|importance))$/i,
    leveled,
  ),
  each(
    new RegExp(
      `^(?:mark|set|change|update|check|tick|cross)\\s+(?:off\\s+)?(.+?)\\s+(?:as\\s+|to\\s+(?:be\\s+)?)?${DONE}$`,
      'i',
    ),
    COMPLETE,
    OPEN_ONES,
  ),
  each(
    /^(?:complete|finish|check off|tick off|cross off|close|i(?:['’]ve| have)?(?: just| already)? (?:done|did|finished|completed)|(?:i(?:['’]m| am) )?done with)\s+(.+)$/i,
    COMPLETE,
    OPEN_ONES,
  ),
  each(
    /^(?!is |are |was )(.+?)\s+(?:is|are|was)\s+(?:now\s+|already\s+)?(?:done|completed?|finished)$/i,
    COMPLETE,
    OPEN_ONES,
  ),
  // `Completed tasks` asks for a list.
  (clause) => namedOnly(on(/^(?:done|finished|completed)(?::| with)?\s+(.+)$/i.exec(clause)?.[1] ?? '', COMPLETE)),
  (clause) => {
    const [, item = ''] = /^(?!get |have |need |be )(\S+(?: \S+){0,5}) (?:done|finished|completed)$/i.exec(clause) ?? []
    return item === '' || isNoThing(item) ? null : namedOnly(on(item, COMPLETE))
  },
  (clause) => {
    const item = doneIn(clause)
    return item === null ? null : on(item, COMPLETE)
  },
  pair(/^(?:tag|label)\s+(?<which>.+?)\s+(?:with|as)\s+(?<what>.+)$/i, (words) => ({ add_tags: tagsIn(words) })),
  pair(/^(?:tag|label)\s+(?<which>.+?)\s+(?<what>#?[\p{L}\p{N}_-]+(?:\s+#[\p{L}\p{N}_-]+)*)$/iu, (words) => ({
    add_tags: tagsIn(words),
  })),
  pair(/^add\s+(?:the\s+|an?\s+)?(?<what>\S+)\s+(?:tag|label)\s+to\s+(?<which>.+)$/i, (words) => ({
    add_tags: tagsIn(words),
  })),
  pair(/^(?:add|put|set)\s+(?:the\s+|a\s+)?(?:tags?|labels?)\s+(?<what>.+?)\s+(?:to|on)\s+(?<which>.+)$/i, (words) => ({
    add_tags: tagsIn(words),
  })),
  pair(
    /^(?:remove|delete|drop|clear)\s+(?:all\s+)?(?:(?:the|its)\s+)?(?<what>tags|labels)\s+(?:from|of)\s+(?<which>.+)$/i,
    () => ({
      tags: [],
    }),
  ),
  pair(/^(?:remove|delete|drop)\s+(?:the\s+)?(?:tags?|labels?)\s+(?<what>.+?)\s+from\s+(?<which>.+)$/i, (words) => ({
    remove_tags: tagsIn(words),
  })),
  pair(/^untag\s+(?<what>#?[\p{L}\p{N}_-]+)\s+from\s+(?<which>.+)$/iu, (words) => ({ remove_tags: tagsIn(words) })),
  pair(/^(?<what>untag|unlabel)\s+(?<which>.+)$/i, () => ({ tags: [] })),
  ...TIME_READERS,
  pair(/^(?:update|change|edit|modify|set)\s+(?<which>[^:]+?)(?::| so that| to have| to)\s+(?<what>.+)$/i, fieldsOf),
  // `I meant Friday`, `make it 5pm`: what was spoken of just now.
  (clause) => {
    const time = timeIn(/^(?:i meant?|rather|better|make (?:it|that)|change that to)\s+(.+)$/i.exec(clause)?.[1] ?? '')
    return time === null ? null : on('it', update({ start_time: time }))
  },
  renamed,
  (clause) => {
    const [, day = ''] = /^(?:clear|empty|wipe)\s+(?:out\s+)?(.+)$/i.exec(clause) ?? []
    return isTime(day) ? on(`everything ${day}`, DELETE) : null
  },
  // `Clean up the kitchen` is a todo, `clean up completed tasks` is none.
  (clause) => {
    const [, what = ''] = /^(?:clean|tidy|clear) up\s+(.+)$/i.exec(clause) ?? []
    const wanted = on(what, DELETE)
    return wanted?.every((one) => one.kind === 'change' && one.target.kind === 'all') === true ? wanted : null
  },
  each(/^(?:delete|remove|cancel|drop|erase|get rid of|scrap|clear|clear out|empty|wipe|throw away)\s+(.+)$/i, DELETE),
]

/** `change yoga's end time to 8pm`, `set yoga duration to 2 hours`. */
const OWNED =
  /^(change|set|update|edit)\s+(?:the\s+)?(?!.*\b(?:of|for)\b)(.{1,80}?)(?:['’]s)?\s+(start time|end time|time|date|day|end|start|due date|priority|importance|name|title|duration|length)\s+to\s+/i

/** `bring the dentist forward to Monday`, `put gym off until Friday`: a move. */
const OFF = /^(?:bring|pull|push|put|move)\s+(.+?)\s+(?:forward|off|back|up)\s+(to|until|till|for)\s+/i

/** Two moves with one verb: `move gym to 8pm and yoga to 9pm`. */
const TWO_MOVES = /^(move|reschedule|change|postpone|push|rename|set)\s+(.+? to .+?),? and (.+? to .+)$/i

/** Characters that are looked through for several moves: each is read anew. */
const MOST_MOVES = 300

/** What a sentence that changes todos wants; null when it is none. */
export function changes(said: string): readonly Wanted[] | null {
  const clause = said.replace(OWNED, '$1 the $3 of $2 to ').replace(OFF, 'move $1 $2 ')
  const [, verb = '', first = '', second = ''] = (clause.length <= MOST_MOVES && TWO_MOVES.exec(clause)) || []
  const both = verb === '' ? [] : [first, second].map((part) => changes(`${verb} ${part}`))
  if (both.length > 0 && both.every((one) => one !== null)) return both.flat()
  for (const read of READERS) {
    const wanted = read(clause)
    if (wanted !== null) return wanted
  }
  return null
}

/** What is about todos by their names only; null when all of a kind are meant. */
function namedOnly(wanted: readonly Wanted[] | null): readonly Wanted[] | null {
  return wanted?.every((one) => one.kind === 'change' && one.target.kind === 'named') === true ? wanted : null
}

function leveled(words: string): Changes | null {
  const importance = levelOf(words.replace('-', ' ').replace(/^(?:importance|priority) /i, ''))
  return importance === null ? null : { importance }
}

/** A new name. Of several todos with one name nobody speaks, so there must be one. */
function renamed(clause: string): readonly Wanted[] | null {
  const [, which, item] =
    /^rename\s+(.+?)\s+(\uE000\d+\uE000)$/i.exec(clause) ??
    /^(?:rename|change (?:the )?(?:name|title|item|text) of|change|update)\s+(.+?)\s+(?:to|as|into)\s+(.+)$/i.exec(
      clause,
    ) ??
    []
  if (which === undefined || item === undefined) return null
  const targets = targetsOf(which)
  if (targets === null || targets.some(({ kind }) => kind === 'all')) return null
  return targets.length === 1 ? on(which, update({ item })) : null
}

function tagsIn(words: string): readonly string[] {
  return words
    .split(/,\s*(?:and\s+)?|\s+and\s+|\s+(?=#)/)
    .map((tag) => tag.trim().replace(/^#/, ''))
    .filter((tag) => tag !== '')
}
