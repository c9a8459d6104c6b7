import { targetsOf } from './embedded-todo-targets.ts'
import type { Act, Wanted } from './embedded-todo-wanted.ts'

/** What an update changes. */
export type Changes = Readonly<Record<string, unknown>>
/** Reads one kind of sentence; null when it is another. */
export type Reader = (clause: string) => readonly Wanted[] | null

export const OPEN_ONES = { status: 'pending' } as const
export const DONE_ONES = { status: 'completed' } as const

/** What is to be done with each todo that some words name; null when they name none. */
export function on(words: string, act: Act, usual: Readonly<Record<string, string>> = {}): readonly Wanted[] | null {
  return targetsOf(words, usual)?.map((target) => ({ kind: 'change', target, act })) ?? null
}

/** What is done with the todos that the first group of a pattern names. */
export function each(pattern: RegExp, act: Act, usual: Readonly<Record<string, string>> = {}): Reader {
  return (clause) => {
    const groups = pattern.exec(clause)?.slice(1)
    const named = groups?.find((group) => group !== undefined)
    return named === undefined ? null : on(named, act, usual)
  }
}

export const update = (changes: Changes): Act => ({ name: 'update_todo', more: { changes } })
export const COMPLETE: Act = { name: 'complete_todo', more: {} }
export const DELETE: Act = { name: 'delete_todo', more: {} }

/** A change of two parts: which todos (`which` in the pattern), and what about them (`what`). */
export function pair(pattern: RegExp, changes: (words: string) => Changes | null): Reader {
  return (clause) => {
    const { which, what } = pattern.exec(clause)?.groups ?? {}
    const change = what === undefined ? null : changes(what.trim())
    return which === undefined || change === null ? null : on(which, update(change), OPEN_ONES)
  }
}
