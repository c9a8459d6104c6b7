import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { Sql } from '../../src/hub/sql.ts'
import { SqliteTodos, TODOS_TABLE } from '../../src/hub/todos.ts'
import { DRAFT, todoSuite } from '../support/todo-suite.ts'

let state: DurableObjectState

async function store(): Promise<{ sql: Sql; todos: SqliteTodos }> {
  await state.storage.deleteAll()
  const sql = new Sql(state.storage)
  sql.run(TODOS_TABLE)
  let made = 0
  return { sql, todos: new SqliteTodos(sql, () => `t${++made}`) }
}

// A Durable Object's storage may be used in its own context only.
const within = (test: () => Promise<void>): Promise<void> =>
  runInDurableObject(env.SESSION_HUB.getByName('todos'), (_, own) => {
    state = own
    return test()
  })

todoSuite('todos in SQLite', async () => (await store()).todos, { numRuns: 25, within })

it('[TD4] a todo costs one row when it is made, changed or deleted, and none when nothing changes', () =>
  within(async () => {
    const { sql, todos } = await store()
    const cost = (work: () => unknown): number => {
      const before = sql.rowsWritten
      work()
      return sql.rowsWritten - before
    }
    expect(cost(() => todos.add(DRAFT, 0))).toBe(1)
    expect(cost(() => todos.update('t1', { status: 'completed' }, 1))).toBe(1)
    expect(cost(() => todos.update('t1', { status: 'completed' }, 2))).toBe(0)
    expect(cost(() => todos.list({ query: 'milk' }))).toBe(0)
    expect(cost(() => todos.remove('t1'))).toBe(1)
    expect(cost(() => todos.remove('t1'))).toBe(0)
  }))

it('[LG6] a stored row that is no todo is an error, not a todo', () =>
  within(async () => {
    const { sql, todos } = await store()
    sql.run('INSERT INTO todos VALUES (?, ?)', 't1', '{"todo_id":"t1"}')
    expect(() => todos.get('t1')).toThrow()
    expect(() => todos.list()).toThrow()
  }))
