import { FreshetError } from '../../core/errors.ts'
import { TODO_LIMITS } from '../../core/limits.ts'
import { clockWords, isMeant, type Todo, type TodoStatus, type TodoStore, wordsOf } from '../../core/todo.ts'
import { type ToolContext, ToolRefusal } from '../agent.ts'
import { readWhen } from './when.ts'
import { Zone } from './zone.ts'

/** How a tool names a todo. */
export interface Named {
  readonly todo_id?: string | undefined
  readonly item?: string | undefined
  /** A day or a time in words, to tell it from others of that name. */
  readonly on?: string | undefined
}

/** @throws ToolRefusal where no todos are kept */
export function todosOf(context: ToolContext): TodoStore {
  if (context.todos == null) throw new ToolRefusal('There is no place for todos here. Say that they cannot be kept.')
  return context.todos
}

/** Does what may be refused by the store or by a time's words, and tells the model why. */
export function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FreshetError) throw new ToolRefusal(error.message)
    throw error
  }
}

/** Words that say nothing about which todo is meant. */
const EMPTY = new Set([
  'a',
  'an',
  'the',
  'my',
  'to',
  'and',
  'or',
  'of',
  'for',
  'with',
  'todo',
  'todos',
  'task',
  'tasks',
])

/** The words that a search is about: those that say something, or all where none does. */
export function tellingWords(query: string): string {
  const words = wordsOf(query)
  const telling = words.filter((word) => !EMPTY.has(word))
  return (telling.length > 0 ? telling : words).join(' ')
}

/**
 * The one todo that is meant: by its id, by its item to the letter, or by words of it. Of several, the one with the state
 * that makes sense for what is to be done. Where a day or a time is named it must be on it, unless the words of that time
 * are words of its item (`prepare for Friday`).
 * @throws ToolRefusal that lists the candidates when none or several fit
 */
export function theOne(named: Named, context: ToolContext, sensible: TodoStatus | null): Todo {
  const store = todosOf(context)
  if (named.todo_id !== undefined) {
    const todo = store.get(named.todo_id)
    if (todo !== null) return todo
    throw new ToolRefusal('There is no todo with this id. Look for it with list_todos or search_todos.')
  }
  // Whoever was told an id may say it where a name is expected.
  const byId = store.get((named.item ?? '').trim())
  if (byId !== null) return byId
  const words = tellingWords(named.item ?? '')
  if (words === '') throw new ToolRefusal('Say which todo is meant, by `todo_id` or by words of its `item`.')
  const all = store.list({ query: words })
  const found = named.on === undefined ? all : onThat(all, words, named.on, context)
  const exact = found.filter(({ item }) => tellingWords(item) === words)
  for (const some of [exact, found]) {
    const fitting = some.filter(({ status }) => status === sensible)
    const [one, ...more] = fitting.length > 0 ? fitting : some
    if (one === undefined) continue
    if (more.length === 0) return one
    throw new ToolRefusal(
      `Several todos match "${named.item}": ${told([one, ...more], context)}. Say which one is meant, by its day or its time.`,
    )
  }
  if (all.length > 0) {
    throw new ToolRefusal(
      `No todo that matches "${named.item}" is ${whenSaid(named.on)}. There is ${told(all, context)}.`,
    )
  }
  const similar = store.list().filter(({ item, tags }) => {
    const has = wordsOf([item, ...tags].join(' '))
    return words.split(' ').some((word) => has.includes(word))
  })
  const hint = similar.length > 0 ? `Similar ones: ${told(similar, context)}.` : 'No other is similar to it.'
  throw new ToolRefusal(`No todo matches "${named.item}". ${hint}`)
}

/** Those that are at a time: within a day or a period, or beginning at a time of day. */
function onThat(todos: readonly Todo[], words: string, on: string, context: ToolContext): readonly Todo[] {
  const said = { now: context.now(), zone: new Zone(context.timeZone) }
  const there = todos.filter((todo) => {
    const start = Date.parse(todo.start_time)
    // A time of day alone (`at 5`) is that of the todo's own day.
    const when = readWhen(on, { ...said, about: start })
    return when?.span == null ? when?.start === start : isMeant(todo, when.span)
  })
  const named = todos.filter((todo) => isMeant(todo, { query: tellingWords(`${words} ${on}`) }))
  return there.length > 0 ? there : named
}

function whenSaid(on = 'then'): string {
  return /^(?:on|at|in|from|this|next|last|today|tomorrow|yesterday|then|the)\b/i.test(on)
    ? on.replace(/^from /i, 'of ')
    : `on ${on}`
}

const MOST_TOLD = 5

/** For a model, and nearly as it is for the user: with days that people read, and ids. */
function told(todos: readonly Todo[], { timeZone }: ToolContext): string {
  const zone = new Zone(timeZone)
  const listed = todos.slice(0, MOST_TOLD).map(({ item, start_time, todo_id, status }) => {
    const state = status === 'completed' ? ', done' : ''
    return `"${item.slice(0, 80)}" (${clockWords(zone.iso(Date.parse(start_time)))}${state}, id ${todo_id})`
  })
  return listed.join(', ') + (todos.length > MOST_TOLD ? ` and ${todos.length - MOST_TOLD} more` : '')
}

/** Room for the todos of one output, characters of JSON: within what a model is given of it. */
const SHOWN_CHARS = 15_000

/** As many todos as an output has room for, with their times in the user's zone, and how many there are. */
export function shown(todos: readonly Todo[], { timeZone }: ToolContext): { todos: Todo[]; total: number } {
  const zone = new Zone(timeZone)
  const out: Todo[] = []
  let room = SHOWN_CHARS
  for (const todo of todos.slice(0, TODO_LIMITS.shown)) {
    const local = inZone(todo, zone)
    room -= JSON.stringify(local).length
    if (room < 0) break
    out.push(local)
  }
  return { todos: out, total: todos.length }
}

/** A todo with its times as the user's clocks show them; the same instants. */
export function inZone(todo: Todo, zone: Zone): Todo {
  const local = (iso: string): string => zone.iso(Date.parse(iso))
  return {
    ...todo,
    start_time: local(todo.start_time),
    end_time: todo.end_time === null ? null : local(todo.end_time),
  }
}
