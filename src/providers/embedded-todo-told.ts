import * as z from 'zod'
import { clockWords, type Todo, todoSchema } from '../core/todo.ts'
import { tell } from './embedded-outputs.ts'
import type { Result } from './embedded-turn.ts'
import { jsonOf } from './json-of.ts'

const listSchema = z.object({ todos: z.array(todoSchema), total: z.number() })
const slotsSchema = z.object({
  duration_minutes: z.number(),
  from: z.string(),
  to: z.string(),
  slots: z.array(z.object({ start_time: z.string(), end_time: z.string() })),
  total: z.number(),
})
const errorSchema = z.object({ error: z.string() })
const namedSchema = z.object({ item: z.string().catch(''), todo_id: z.string().catch('') })
const changesSchema = z.object({ changes: z.record(z.string(), z.unknown()).catch({}) })

/** What was done, in words: a point for each line where there are several. */
export function toldOf(lines: readonly string[]): string {
  return lines.length === 1 ? (lines[0] ?? '') : lines.map((line) => `- ${line.replaceAll('\n', '\n  ')}`).join('\n')
}

/** What came of a call. */
export function lineOf({ call, output }: Result): string {
  const value = jsonOf(output)
  const error = errorSchema.safeParse(value)
  const args = jsonOf(call.arguments)
  if (error.success) return `I could not ${attempt(call.name, args)}: ${forUser(error.data.error)}`
  switch (call.name) {
    case 'create_todo':
      return withTodo(value, output, (todo) => `Added ${quoted(todo)} for ${timeOf(todo)}${extras(todo)}.`)
    case 'update_todo':
      return withTodo(value, output, (todo) => `Changed ${quoted(todo)}: ${changed(todo, args)}.`)
    case 'complete_todo':
      return withTodo(value, output, (todo) => `Marked ${quoted(todo)} as done.`)
    case 'delete_todo': {
      const parsed = z.object({ deleted: todoSchema }).safeParse(value)
      return parsed.success
        ? `Deleted ${quoted(parsed.data.deleted)} (${timeOf(parsed.data.deleted)}).`
        : tell(output).words
    }
    case 'list_todos':
    case 'search_todos': {
      const parsed = listSchema.safeParse(value)
      return parsed.success ? listed(parsed.data, askedFor(args)) : tell(output).words
    }
    case 'find_free_time': {
      const parsed = slotsSchema.safeParse(value)
      return parsed.success ? free(parsed.data) : tell(output).words
    }
    default:
      return tell(output).words
  }
}

function withTodo(value: unknown, output: string, say: (todo: Todo) => string): string {
  const parsed = todoSchema.safeParse(value)
  return parsed.success ? say(parsed.data) : tell(output).words
}

/** A refusal without what is for a model only: ids, and the names of tools. */
function forUser(error: string): string {
  return error
    .replaceAll(/, id [\w~.-]+(?=\))/g, '')
    .replace(/ Look for it with list_todos.*$/, '')
    .replaceAll(/"([^"]*)"/g, '“$1”')
}

/** `add “buy milk”`, for the sentence that says why it did not work. */
function attempt(name: string, args: unknown): string {
  const named = namedSchema.safeParse(args)
  const item = named.success ? named.data.item || named.data.todo_id : ''
  const what = item === '' ? 'that todo' : `“${item}”`
  switch (name) {
    case 'create_todo':
      return `add ${what}`
    case 'update_todo':
      return `change ${what}`
    case 'complete_todo':
      return `mark ${what} as done`
    case 'delete_todo':
      return `delete ${what}`
    case 'find_free_time':
      return 'look for free time'
    default:
      return 'look through your todos'
  }
}

function changed(todo: Todo, args: unknown): string {
  const parsed = changesSchema.safeParse(args)
  const keys = new Set(parsed.success ? Object.keys(parsed.data.changes) : [])
  const said = [
    ...(keys.has('item') ? ['it has its new name'] : []),
    ...(keys.has('start_time') || keys.has('end_time') ? [`it is now on ${timeOf(todo)}`] : []),
    ...(keys.has('importance') ? [`its importance is ${todo.importance}`] : []),
    ...(keys.has('status') ? [todo.status === 'pending' ? 'it is open again' : 'it is done'] : []),
    ...([...keys].some((key) => key.includes('tags'))
      ? [todo.tags.length === 0 ? 'it has no tags' : `its tags are ${todo.tags.join(', ')}`]
      : []),
  ]
  return said.length === 0 ? `it is on ${timeOf(todo)}` : said.join(', ')
}

/** `that match “milk”`, or the filters of a list. */
function askedFor(args: unknown): string {
  const parsed = z.record(z.string(), z.unknown()).safeParse(args)
  const given = (key: string): string | null => {
    const value = parsed.success ? parsed.data[key] : undefined
    return typeof value === 'string' ? value : null
  }
  const [query, from, to] = [given('query'), given('from'), given('to')]
  return [
    given('tag') === null ? '' : ` tagged ${given('tag')}`,
    given('importance') === null ? '' : ` of ${given('importance')} importance`,
    given('status') === null ? '' : given('status') === 'pending' ? ' that are open' : ' that are done',
    query === null ? '' : ` that match “${query}”`,
    whenAsked(from, to),
  ].join('')
}

function whenAsked(from: string | null, to: string | null): string {
  if (to === 'now') return ' and overdue'
  if (from === 'now') return ' from now on'
  if (from === null) return to === null ? '' : /^before /i.test(to) ? ` ${to}` : ` until ${to}`
  if (to !== null) return ` from ${from} to ${to}`
  // `in 2027` and `from 9 to 11` say it themselves.
  return /^(?:in|from|between|after) /i.test(from) ? ` ${from}` : ` for ${from.replace(/^(?:on|for) /i, '')}`
}

function listed({ todos, total }: z.infer<typeof listSchema>, filters: string): string {
  const asked = total === 1 ? filters.replace(' that are', ' that is').replace(' that match', ' that matches') : filters
  if (total === 0) return `You have no todos${asked}.`
  const lines = todos.map(listLine)
  const more = total > todos.length ? [`and ${total - todos.length} more`] : []
  return [`You have ${total} todo${total === 1 ? '' : 's'}${asked}:`, ...lines, ...more].join('\n')
}

function listLine(todo: Todo): string {
  return `- ${todo.status === 'completed' ? '✓ ' : ''}${todo.item}: ${timeOf(todo)}${extras(todo)}`
}

/** Whether the todos that were found are done. */
export function stateOf(found: Result): string {
  const parsed = listSchema.safeParse(jsonOf(found.output))
  if (!parsed.success || parsed.data.total === 0) return lineOf(found)
  return parsed.data.todos
    .map((todo) => {
      return `${quoted(todo)} is ${todo.status === 'completed' ? 'done' : `not done yet`}: it is on ${timeOf(todo)}.`
    })
    .join('\n')
}

const DEEDS = {
  complete_todo: ['Marked', ' as done', 'marked as done'],
  delete_todo: ['Deleted', '', 'deleted'],
  update_todo: ['Changed', '', 'changed'],
} as const

/** What was done with all todos that were found: how many, which, and how many are left. */
export function toldOfAll(name: keyof typeof DEEDS, found: Result, made: readonly Result[]): string {
  const [did, as, done] = DEEDS[name]
  const parsed = listSchema.safeParse(jsonOf(found.output))
  if (!parsed.success) return lineOf(found)
  const { total } = parsed.data
  if (total === 0) return `You have no todos${askedFor(jsonOf(found.call.arguments))}, so nothing was ${done}.`
  const todos = made.flatMap(({ output }) => {
    const value = jsonOf(output)
    const one = z
      .union([todoSchema, z.object({ deleted: todoSchema }).transform(({ deleted }) => deleted)])
      .safeParse(value)
    return one.success ? [{ ...one.data, status: 'pending' as const }] : []
  })
  const failed = made.filter(({ output }) => errorSchema.safeParse(jsonOf(output)).success).map(lineOf)
  const rest = total - made.length
  const more = rest > 0 ? [`There are ${rest} more: say it again for them.`] : []
  return [
    `${did} ${todos.length} todo${todos.length === 1 ? '' : 's'}${as}:`,
    ...todos.map(listLine),
    ...failed,
    ...more,
  ].join('\n')
}

function free({ slots, total, duration_minutes, from, to }: z.infer<typeof slotsSchema>): string {
  const length = lengthOf(duration_minutes)
  if (total === 0) return `You have no free time of ${length} between ${clockWords(from)} and ${clockWords(to)}.`
  const lines = slots.map(({ start_time, end_time }) => `- ${spanOf(start_time, end_time)}`)
  const more = total > slots.length ? [`and ${total - slots.length} more`] : []
  return [`You are free for ${length} at these times:`, ...lines, ...more].join('\n')
}

function lengthOf(minutes: number): string {
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  const said = [
    ...(hours > 0 ? [`${hours} hour${hours === 1 ? '' : 's'}`] : []),
    ...(rest > 0 ? [`${rest} minutes`] : []),
  ]
  return said.join(' ')
}

function quoted({ item }: Todo): string {
  return `“${item}”`
}

function extras({ importance, tags }: Todo): string {
  const said = [
    ...(importance === 'medium' ? [] : [`${importance} importance`]),
    ...(tags.length === 0 ? [] : [`tagged ${tags.join(', ')}`]),
  ]
  return said.length === 0 ? '' : ` (${said.join(', ')})`
}

function timeOf({ start_time, end_time }: Todo): string {
  return end_time === null ? clockWords(start_time) : spanOf(start_time, end_time)
}

function spanOf(start: string, end: string): string {
  return start.slice(0, 10) === end.slice(0, 10)
    ? `${clockWords(start)}–${end.slice(11, 16)}`
    : `${clockWords(start)} to ${clockWords(end)}`
}
