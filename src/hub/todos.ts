import * as z from 'zod'
import {
  byStart,
  changedTodo,
  isMeant,
  newTodo,
  type Todo,
  type TodoChanges,
  type TodoDraft,
  type TodoFilter,
  type TodoStore,
  todoSchema,
} from '../core/todo.ts'
import type { Sql } from './sql.ts'

/** For the list of migrations: one row for each todo, the id's own key, so that a change writes one row. */
export const TODOS_TABLE = `CREATE TABLE todos (
  todo_id TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID`

const rowSchema = z.object({ body: z.string() })

/**
 * Todos in the object's SQLite. A list reads them all and sorts them here: there are at most `TODO_LIMITS.todos`, and an
 * index would cost a second row for each change.
 */
export class SqliteTodos implements TodoStore {
  readonly #sql: Sql
  readonly #newId: () => string

  /** @param newId makes an id that was never given before; of a private hub, one that leads back to it (ID2) */
  constructor(sql: Sql, newId: () => string) {
    this.#sql = sql
    this.#newId = newId
  }

  add(draft: TodoDraft, now: number): Todo {
    const todo = newTodo(this.#newId(), draft, now, this.count())
    this.#sql.run('INSERT INTO todos VALUES (?, ?)', todo.todo_id, JSON.stringify(todo))
    return todo
  }

  get(todoId: string): Todo | null {
    const row = this.#sql.run('SELECT body FROM todos WHERE todo_id = ?', todoId)[0]
    return row === undefined ? null : todoOf(row)
  }

  list(filter: TodoFilter = {}): readonly Todo[] {
    const all = this.#sql.run('SELECT body FROM todos').map((row) => todoOf(row))
    return all.filter((todo) => isMeant(todo, filter)).toSorted(byStart)
  }

  update(todoId: string, changes: TodoChanges, now: number): Todo | null {
    const before = this.get(todoId)
    if (before === null) return null
    const after = changedTodo(before, changes, now)
    if (after !== before) this.#sql.run('UPDATE todos SET body = ? WHERE todo_id = ?', JSON.stringify(after), todoId)
    return after
  }

  remove(todoId: string): Todo | null {
    const row = this.#sql.run('DELETE FROM todos WHERE todo_id = ? RETURNING body', todoId)[0]
    return row === undefined ? null : todoOf(row)
  }

  count(): number {
    return Number(this.#sql.run('SELECT count(*) n FROM todos')[0]?.['n'] ?? 0)
  }
}

/** A stored todo, parsed anew (LG6). @throws ZodError or SyntaxError when it is not what was written */
function todoOf(row: unknown): Todo {
  return todoSchema.parse(JSON.parse(rowSchema.parse(row).body))
}
