import * as z from 'zod'
import { FreshetError } from './errors.ts'
import { TODO_LIMITS } from './limits.ts'

/** The agent's name, where a request says who answers it (contract D5). */
export const TODO_AGENT = 'todo'

export const IMPORTANCES = ['low', 'medium', 'high'] as const
export const TODO_STATUSES = ['pending', 'completed'] as const
export type Importance = (typeof IMPORTANCES)[number]
export type TodoStatus = (typeof TODO_STATUSES)[number]

/** ISO 8601 with a zone offset, so that it is an instant wherever it is read. */
export const instantSchema = z.iso.datetime({ offset: true, error: 'must be ISO 8601 with a zone offset' })

export const itemSchema = z
  .string()
  .trim()
  .min(1, { error: 'must say what is to be done' })
  .max(TODO_LIMITS.itemChars, { error: `must have at most ${TODO_LIMITS.itemChars} characters` })

const tagSchema = z
  .string()
  .transform((tag) => tag.trim().replace(/^#/, ''))
  .pipe(
    z
      .string()
      .min(1, { error: 'must not be empty' })
      .max(TODO_LIMITS.tagChars, { error: `must have at most ${TODO_LIMITS.tagChars} characters` }),
  )

/** Tags without their `#`, each once, whatever its case. */
export const tagsSchema = z
  .array(tagSchema)
  .max(TODO_LIMITS.tags, { error: `must be at most ${TODO_LIMITS.tags}` })
  .transform((tags) => tags.filter((tag, i) => tags.findIndex((other) => same(other, tag)) === i))

export const importanceSchema = z.enum(IMPORTANCES)
export const statusSchema = z.enum(TODO_STATUSES)

/** A todo as it is stored and as it stands on the wire (contract D5). */
export const todoSchema = z.object({
  todo_id: z.string(),
  item: z.string(),
  start_time: instantSchema,
  end_time: instantSchema.nullable(),
  importance: importanceSchema,
  tags: z.array(z.string()),
  status: statusSchema,
  created_at: instantSchema,
  updated_at: instantSchema,
})
export type Todo = z.infer<typeof todoSchema>

/** What a new todo says; its id, its state and its dates are the store's. */
export type TodoDraft = Pick<Todo, 'item' | 'start_time' | 'end_time' | 'importance' | 'tags'>

/** What of a todo can be changed; what is left out stays. */
export type TodoChanges = { [Key in keyof TodoDraft | 'status']?: Todo[Key] | undefined }

/** Which todos are meant; what is left out does not matter, what is given must all hold. */
export interface TodoFilter {
  /** Every word of it is in the item or in a tag, whatever its case. */
  readonly query?: string | undefined
  readonly status?: TodoStatus | undefined
  readonly importance?: Importance | undefined
  /** Whatever its case. */
  readonly tag?: string | undefined
  /** Those that are not over at this time, ms since 1970. */
  readonly from?: number | undefined
  /** Those that begin before this time, ms since 1970. */
  readonly to?: number | undefined
}

/**
 * A user's todos. Synchronous: what is written is there before anyone can ask for it.
 * Two implementations, `MemoryTodos` and the hub's `SqliteTodos`, under one suite.
 */
export interface TodoStore {
  /**
   * @param now ms since 1970
   * @throws FreshetError `bad_request` when it ends before it begins; `too_many_todos` when there are `TODO_LIMITS.todos`
   * already
   */
  add(draft: TodoDraft, now: number): Todo
  get(todoId: string): Todo | null
  /** By their beginning, then by age. */
  list(filter?: TodoFilter): readonly Todo[]
  /**
   * A change that changes nothing leaves `updated_at` alone and writes nothing.
   * @returns the todo as it is now, or null when it is not there
   * @throws FreshetError `bad_request` when it would end before it begins
   */
  update(todoId: string, changes: TodoChanges, now: number): Todo | null
  /** @returns what was there, or null */
  remove(todoId: string): Todo | null
  count(): number
}

/** A new todo of a draft. @throws FreshetError `bad_request`, `too_many_todos` when it cannot be kept */
export function newTodo(todoId: string, draft: TodoDraft, now: number, count: number): Todo {
  if (count >= TODO_LIMITS.todos) {
    throw new FreshetError(
      'too_many_todos',
      `There are ${count} todos already, the most that are kept. Delete some first.`,
    )
  }
  const at = new Date(now).toISOString()
  const { item, start_time, end_time, importance, tags } = draft
  return inOrder({
    todo_id: todoId,
    item,
    start_time,
    end_time,
    importance,
    tags: [...tags],
    status: 'pending',
    created_at: at,
    updated_at: at,
  })
}

/** A todo after a change; the same object when nothing changed. @throws FreshetError `bad_request` */
export function changedTodo(todo: Todo, changes: TodoChanges, now: number): Todo {
  const next: Todo = {
    todo_id: todo.todo_id,
    item: changes.item ?? todo.item,
    start_time: changes.start_time ?? todo.start_time,
    end_time: changes.end_time === undefined ? todo.end_time : changes.end_time,
    importance: changes.importance ?? todo.importance,
    tags: [...(changes.tags ?? todo.tags)],
    status: changes.status ?? todo.status,
    created_at: todo.created_at,
    updated_at: todo.updated_at,
  }
  if (JSON.stringify(next) === JSON.stringify(todo)) return todo
  return inOrder({ ...next, updated_at: new Date(now).toISOString() })
}

function inOrder(todo: Todo): Todo {
  if (todo.end_time !== null && Date.parse(todo.end_time) < Date.parse(todo.start_time)) {
    throw new FreshetError('bad_request', 'A todo cannot end before it begins. Change `start_time` or `end_time`.')
  }
  return todo
}

/** True when a filter means a todo. A todo without an end is over when it has begun. */
export function isMeant(todo: Todo, filter: TodoFilter): boolean {
  const start = Date.parse(todo.start_time)
  const end = todo.end_time === null ? start : Date.parse(todo.end_time)
  return (
    (filter.status === undefined || todo.status === filter.status) &&
    (filter.importance === undefined || todo.importance === filter.importance) &&
    (filter.tag === undefined || todo.tags.some((tag) => same(tag, filter.tag ?? ''))) &&
    (filter.to === undefined || start < filter.to) &&
    (filter.from === undefined || start >= filter.from || end > filter.from) &&
    (filter.query === undefined || wordsOf(filter.query).every((word) => textOf(todo).includes(word)))
  )
}

/** The order of a list: by beginning, then by age, then by id, so that it is always the same. */
export function byStart(a: Todo, b: Todo): number {
  return (
    Date.parse(a.start_time) - Date.parse(b.start_time) ||
    Date.parse(a.created_at) - Date.parse(b.created_at) ||
    (a.todo_id < b.todo_id ? -1 : 1)
  )
}

/** The words of a text, small. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
}

function textOf(todo: Todo): string {
  return [todo.item, ...todo.tags].join(' ').toLowerCase()
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.trim().replace(/^#/, '').toLowerCase()
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const
export const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** A time as the clock of its own zone shows it: `Saturday 21 November 2026, 14:00`. */
export function clockWords(iso: string): string {
  const [year = 0, month = 1, day = 1] = iso.slice(0, 10).split('-').map(Number)
  const weekday = WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]
  return `${weekday} ${day} ${MONTHS[month - 1]} ${year}, ${iso.slice(11, 16)}`
}
