import type { TodoFilter, TodoStore } from './todo.ts'
import { byStart, changedTodo, isMeant, newTodo, type Todo, type TodoChanges, type TodoDraft } from './todo.ts'

/** Todos in memory: the reference for the suite, and for tests that need no storage. */
export class MemoryTodos implements TodoStore {
  readonly #newId: () => string
  readonly #byId = new Map<string, Todo>()

  /** @param newId makes an id that was never given before */
  constructor(newId: () => string) {
    this.#newId = newId
  }

  add(draft: TodoDraft, now: number): Todo {
    return this.#put(newTodo(this.#newId(), draft, now, this.count()))
  }

  get(todoId: string): Todo | null {
    const todo = this.#byId.get(todoId)
    return todo === undefined ? null : copyOf(todo)
  }

  list(filter: TodoFilter = {}): readonly Todo[] {
    return [...this.#byId.values()]
      .filter((todo) => isMeant(todo, filter))
      .toSorted(byStart)
      .map(copyOf)
  }

  update(todoId: string, changes: TodoChanges, now: number): Todo | null {
    const todo = this.#byId.get(todoId)
    return todo === undefined ? null : this.#put(changedTodo(todo, changes, now))
  }

  remove(todoId: string): Todo | null {
    const todo = this.get(todoId)
    this.#byId.delete(todoId)
    return todo
  }

  count(): number {
    return this.#byId.size
  }

  #put(todo: Todo): Todo {
    this.#byId.set(todo.todo_id, todo)
    return copyOf(todo)
  }
}

/** What is given out can be changed without changing what is kept. */
function copyOf(todo: Todo): Todo {
  return { ...todo, tags: [...todo.tags] }
}
