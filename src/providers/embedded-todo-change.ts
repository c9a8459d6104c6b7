import { takeDuration } from '../core/duration-words.ts'
import type { PlannedCall } from './embedded-part.ts'
import { levelOf, takeAttributes } from './embedded-todo-attributes.ts'
import { ACTION } from './embedded-todo-create.ts'
import { isTime, takeTime } from './embedded-todo-times.ts'

const DONE = '(?:done|completed?|finished|off|as off)'
const OPEN = '(?:not (?:yet )?(?:done|completed?|finished)|pending|open|undone|incomplete|unfinished|to do)'
const PARTING = new RegExp(`,\\s*(?:and\\s+)?|\\s+and\\s+(?=(?:the|my)\\s|\uE000|${ACTION}\\b)`, 'i')

type Reader = (clause: string) => readonly PlannedCall[] | null

/** Calls for each todo that the first group of a pattern names. */
function each(pattern: RegExp, call: (item: string) => PlannedCall): Reader {
  return (clause) => {
    const named = pattern
      .exec(clause)
      ?.slice(1)
      .find((group) => group !== undefined)
    if (named === undefined) return null
    const items = named.split(PARTING).map(targetOf)
    return items.every((item) => item !== null) ? items.map((item) => call(item)) : null
  }
}

const update = (item: string, changes: Record<string, unknown>): PlannedCall => {
  return { name: 'update_todo', arguments: { item, changes } }
}

/** A change of two parts: which todo, and what about it. */
function pair(pattern: RegExp, changes: (words: string) => Record<string, unknown> | null): Reader {
  return (clause) => {
    const [, first, second] = pattern.exec(clause) ?? []
    if (first === undefined || second === undefined) return null
    const item = targetOf(first)
    const change = changes(second.trim())
    return item === null || change === null ? null : [update(item, change)]
  }
}

const READERS: readonly Reader[] = [
  each(
    new RegExp(`^(?:(?:mark|set)\\s+(.+?)\\s+(?:as\\s+)?${OPEN}|(?:reopen|unmark|uncheck|untick)\\s+(.+))$`, 'i'),
    (item) => update(item, { status: 'pending' }),
  ),
  pair(
    /^(?:set|make|change|raise|lower|put)\s+(?:the\s+)?(?:importance|priority)\s+(?:of|for|on)\s+(.+?)\s+(?:to|as)\s+(.+)$/i,
    leveled,
  ),
  pair(
    /^(?:make|mark|set|flag|change|give)\s+(.+?)\s+(?:as\s+|to\s+|an?\s+)?((?:high|medium|low|top|normal)(?:[ -](?:importance|priority))?|important|urgent|unimportant)$/i,
    leveled,
  ),
  each(new RegExp(`^(?:mark|set|check|tick|cross)\\s+(?:off\\s+)?(.+?)\\s+(?:as\\s+)?${DONE}$`, 'i'), completed),
  each(
    /^(?:complete|finish|check off|tick off|cross off|close|i(?:['’]ve| have)?(?: just| already)? (?:done|did|finished|completed)|(?:i(?:['’]m| am) )?done with)\s+(.+)$/i,
    completed,
  ),
  each(/^(.+?)\s+(?:is|are|was)\s+(?:now\s+|already\s+)?(?:done|completed?|finished)$/i, completed),
  pair(/^tag\s+(.+?)\s+(?:with|as)\s+(.+)$/i, (words) => ({ add_tags: tagsIn(words) })),
  swapped(/^(?:add|put)\s+(?:the\s+)?(?:tags?|labels?)\s+(.+?)\s+(?:to|on)\s+(.+)$/i, (words) => ({
    add_tags: tagsIn(words),
  })),
  swapped(/^(?:remove|delete|drop)\s+(?:the\s+)?(?:tags?|labels?)\s+(.+?)\s+from\s+(.+)$/i, (words) => ({
    remove_tags: tagsIn(words),
  })),
  moved(
    /^(?:move|reschedule|postpone|push|shift|delay|change|set|update|put off|rename|bring forward)\s+(?:the\s+(?:time|date|day|start)\s+of\s+)?(.+)$/i,
  ),
  pair(
    /^(?:rename|change (?:the )?(?:name|title|item|text) of|change|update)\s+(.+?)\s+(?:to|as|into)\s+(.+)$/i,
    (item) => ({
      item,
    }),
  ),
  each(/^(?:delete|remove|cancel|drop|erase|get rid of|scrap)\s+(.+)$/i, (item) => ({
    name: 'delete_todo',
    arguments: { item },
  })),
]

/** The calls of a sentence that changes todos; null when it is none. */
export function changes(clause: string): readonly PlannedCall[] | null {
  for (const read of READERS) {
    const calls = read(clause)
    if (calls !== null) return calls
  }
  return null
}

function completed(item: string): PlannedCall {
  return { name: 'complete_todo', arguments: { item } }
}

function leveled(words: string): Record<string, unknown> | null {
  const importance = levelOf(words.replace('-', ' '))
  return importance === null ? null : { importance }
}

/** Like `pair`, with the todo in second place. */
function swapped(pattern: RegExp, change: (words: string) => Record<string, unknown>): Reader {
  return (clause) => {
    const [, words, target] = pattern.exec(clause) ?? []
    const item = target === undefined ? null : targetOf(target)
    return words === undefined || item === null ? null : [update(item, change(words))]
  }
}

/** A move: a todo, `to`, and nothing but a time, and how long it takes. */
function moved(pattern: RegExp): Reader {
  return (clause) => {
    const [, said] = pattern.exec(clause) ?? []
    if (said === undefined) return null
    for (const joint of said.matchAll(/\s+(?:to|until|till|for|on|at|by)\s+/gi)) {
      const time = said.slice(joint.index + joint[0].length)
      const lasting = takeDuration(time)
      const words = lasting?.rest ?? time
      // `at 3`: an hour is a time only with the word before it.
      const spoken = [words, `at ${words}`].find((one) => isTime(one))
      if (spoken === undefined) continue
      const item = targetOf(takeTime(said.slice(0, joint.index)).rest)
      if (item === null) return null
      const end = lasting === null ? {} : { end_time: `${lasting.minutes} minutes` }
      return [update(item, { start_time: takeTime(spoken).words ?? spoken, ...end })]
    }
    return null
  }
}

function tagsIn(words: string): readonly string[] {
  return words.split(/,\s*(?:and\s+)?|\s+and\s+/).map((tag) => tag.trim().replace(/^#/, ''))
}

/** The words by which a todo is named; null when they name none that can be known here (`it`, `everything`). */
function targetOf(words: string): string | null {
  const item = takeAttributes(words)
    .rest.replace(
      /^(?:(?:the|my|our|that|this|todos?|tasks?|reminders?|appointment)\s+(?:(?:about|for|to|called|named)\s+)?)+/i,
      '',
    )
    .replace(/\s+(?:from|off|on|in)\s+(?:my|the)\s+(?:(?:todo|to-do|task)\s+)?(?:list|todos?|tasks)$/i, '')
    .replace(/\s+(?:todos?|tasks?|reminders?|item)$/i, '')
    .trim()
  return item === '' || /^(?:it|them|that|this|all|everything|all of (?:it|them)|all .*|every .*|both|one)$/i.test(item)
    ? null
    : item
}
