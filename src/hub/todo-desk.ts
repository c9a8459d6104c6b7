import { inZone, tellingWords } from '../agents/todo/find.ts'
import { type ChangesInput, changesOf, type DraftInput, draftOf, rangeOf } from '../agents/todo/resolve.ts'
import { Zone } from '../agents/todo/zone.ts'
import { FreshetError } from '../core/errors.ts'
import type { Todo, TodoFilter, TodoStore } from '../core/todo.ts'

/** Which todos are asked for; times may be words. */
export interface TodoQuery extends Omit<TodoFilter, 'from' | 'to'> {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/**
 * The caller's own hands on the todos that the agent keeps: the same store, and the same reading of times in words.
 * Each call may name a zone, an IANA name: words are read in it and times are told in it. Null: the user's own (CM5);
 * without one words are read in UTC, and times are told as they were written down; the instants are the same.
 */
export class TodoDesk {
  readonly #todos: TodoStore
  readonly #wishes: { readonly timeZone: string | null }
  readonly #now: () => number

  /** @param wishes what the user wants wherever it is asked @param now ms since 1970 */
  constructor(todos: TodoStore, wishes: { readonly timeZone: string | null }, now: () => number) {
    this.#todos = todos
    this.#wishes = wishes
    this.#now = now
  }

  /** @throws FreshetError `bad_request`, `too_many_todos` */
  create(input: DraftInput, given: string | null): Todo {
    const timeZone = this.#zone(given)
    const now = this.#now()
    return told(this.#todos.add(draftOf(input, { now, timeZone: timeZone ?? 'UTC' }), now), timeZone)
  }

  /** By their time. @throws FreshetError `bad_request` for words that are no time */
  list({ from, to, query, ...filter }: TodoQuery, given: string | null): readonly Todo[] {
    const timeZone = this.#zone(given)
    const range = rangeOf(from, to, { now: this.#now(), timeZone: timeZone ?? 'UTC' })
    const words = query === undefined ? {} : { query: tellingWords(query) }
    return this.#todos.list({ ...filter, ...words, ...range }).map((todo) => told(todo, timeZone))
  }

  /** @throws FreshetError `todo_not_found` */
  read(id: string, given: string | null): Todo {
    return told(this.#todos.get(id) ?? noTodo(), this.#zone(given))
  }

  /** @throws FreshetError `todo_not_found`, `bad_request` */
  change(id: string, input: ChangesInput, given: string | null): Todo {
    const timeZone = this.#zone(given)
    const now = this.#now()
    const changes = changesOf(this.#todos.get(id) ?? noTodo(), input, { now, timeZone: timeZone ?? 'UTC' })
    return told(this.#todos.update(id, changes, now) ?? noTodo(), timeZone)
  }

  /** @returns what was there @throws FreshetError `todo_not_found` */
  delete(id: string, given: string | null): Todo {
    return told(this.#todos.remove(id) ?? noTodo(), this.#zone(given))
  }

  #zone(given: string | null): string | null {
    return given ?? this.#wishes.timeZone
  }
}

function told(todo: Todo, timeZone: string | null): Todo {
  return timeZone === null ? todo : inZone(todo, new Zone(timeZone))
}

/** Another's is as little there as one that never was. */
export function noTodo(): never {
  throw new FreshetError('todo_not_found', 'There is no todo with this id.')
}
