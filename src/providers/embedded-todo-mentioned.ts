import * as z from 'zod'
import type { ModelMessage } from '../core/model.ts'
import { MONTHS, type Todo, todoSchema } from '../core/todo.ts'
import type { Which } from './embedded-todo-wanted.ts'
import { jsonOf } from './json-of.ts'

/** A todo that was spoken of before. */
export interface Mentioned {
  readonly which: Which
  readonly item: string
}

const outputSchema = z.union([
  todoSchema.transform((todo) => [todo]),
  z.object({ todos: z.array(todoSchema) }).transform(({ todos }) => todos),
])
const DATE = `\\w+day (\\d{1,2}) (${MONTHS.join('|')}) (\\d{4}), (\\d\\d:\\d\\d)`
/** Lines of our own answers; what was deleted or refused is no todo that could be meant. */
const LINES = [
  new RegExp(`^\\s*- (?:✓ )?(.+?): ${DATE}`, 'u'),
  new RegExp(`^\\s*(?:- )?(?:Added|Changed) “(.+?)”[^“]*?${DATE}`, 'u'),
  /^\s*(?:- )?(?:Added|Changed|Marked) “(.+?)”/u,
  new RegExp(`^\\s*“(.+?)” is (?:not )?done.*?${DATE}`, 'u'),
] as const

const GONE = /^\s*(?:- )?Deleted \d+ todos?:$/

/** What a conversation spoke of before the user's last message. */
export interface Spoken {
  /** In the answer before it: what `it` may be. */
  readonly last: readonly Mentioned[]
  /** In the newest answer that was about several: what `the first one` may be of. */
  readonly list: readonly Mentioned[]
}

export const NOTHING_SPOKEN: Spoken = { last: [], list: [] }
/** Answers that are looked through for a list. */
const MOST_TURNS = 10

/**
 * The todos that were spoken of: by the outputs of tools where the history has them, else by what was said, since a kept
 * conversation has the words only.
 */
export function spokenOf(messages: readonly ModelMessage[]): Spoken {
  const turns: (readonly Mentioned[])[] = []
  let end = messages.findLastIndex(({ role }) => role === 'user')
  while (end > 0 && turns.length < MOST_TURNS) {
    const before = messages.slice(0, end)
    const begin = before.findLastIndex(({ role }) => role === 'user')
    turns.push(mentionedIn(before.slice(begin + 1)))
    end = begin
  }
  return { last: turns[0] ?? [], list: turns.find((turn) => turn.length > 1) ?? [] }
}

function mentionedIn(turn: readonly ModelMessage[]): readonly Mentioned[] {
  const outputs = turn.flatMap((message) => (message.role === 'tool' ? [message] : []))
  const gone = new Set(outputs.flatMap(({ content }) => goneIn(content)))
  const known = outputs.flatMap(({ content }) => todosIn(content)).filter(({ todo_id }) => !gone.has(todo_id))
  const spoken = turn.flatMap(({ role, content }) => (role === 'assistant' ? saidIn(content) : []))
  const all = outputs.length > 0 ? known.map(({ todo_id, item }) => ({ item, which: { todo_id } })) : spoken
  return all.filter((one, i) => all.findIndex((other) => same(one, other)) === i)
}

function same(a: Mentioned, b: Mentioned): boolean {
  return JSON.stringify(a.which) === JSON.stringify(b.which)
}

function todosIn(output: string): readonly Todo[] {
  const parsed = outputSchema.safeParse(jsonOf(output))
  return parsed.success ? parsed.data : []
}

function goneIn(output: string): readonly string[] {
  const parsed = z.object({ deleted: todoSchema }).safeParse(jsonOf(output))
  return parsed.success ? [parsed.data.deleted.todo_id] : []
}

function saidIn(answer: string): readonly Mentioned[] {
  let isGone = false
  return answer.split('\n').flatMap((line) => {
    if (GONE.test(line)) isGone = true
    const mentioned = inLine(line)
    // What was deleted is listed under its heading, and no more.
    if (isGone && LINES[0].test(line)) return []
    isGone = isGone && mentioned.length === 0
    return mentioned
  })
}

function inLine(line: string): readonly Mentioned[] {
  for (const pattern of LINES) {
    const [, item, day, month, year, time] = pattern.exec(line) ?? []
    if (item === undefined) continue
    if (day === undefined || month === undefined) return [{ item, which: { item } }]
    const date = [year, String(MONTHS.indexOf(month) + 1).padStart(2, '0'), day.padStart(2, '0')].join('-')
    return [{ item, which: { item, on: `${date} ${time}` } }]
  }
  return []
}
