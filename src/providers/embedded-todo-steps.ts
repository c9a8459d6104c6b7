import * as z from 'zod'
import { todoSchema } from '../core/todo.ts'
import type { PlannedCall } from './embedded-part.ts'
import type { Mentioned, Spoken } from './embedded-todo-mentioned.ts'
import { lineOf, stateOf, toldOfAll } from './embedded-todo-told.ts'
import type { Act, Target, Wanted, Which } from './embedded-todo-wanted.ts'
import type { Result } from './embedded-turn.ts'
import { jsonOf } from './json-of.ts'

/** Calls that belong together: those that can be made at once, those that follow from their outputs, and what is said. */
export interface Step {
  readonly first: readonly PlannedCall[]
  /** Null: nothing follows. */
  readonly next: ((results: readonly Result[]) => readonly PlannedCall[]) | null
  readonly tell: (first: readonly Result[], next: readonly Result[]) => readonly string[]
}

const lines = (first: readonly Result[]): readonly string[] => first.map(lineOf)

/**
 * The steps of what is wanted.
 * @param spoken what the conversation spoke of last
 * @param before the steps of the clause before it, in the same message
 * @returns steps; `before` changed where `it` is what that clause was about
 */
export function stepsOf(
  wanted: Wanted,
  spoken: Spoken,
  before: readonly Step[],
): { readonly before: readonly Step[]; readonly steps: readonly Step[] } {
  if (wanted.kind !== 'change') return { before, steps: [simple(wanted)] }
  const { target, act } = wanted
  if (target.kind !== 'it') return { before, steps: [changeStep(target, act, spoken)] }
  const about = before.filter(isOfOne)
  if (about.length === 1 || (target.isMany && about.length > 0)) {
    return { before: before.map((step) => (isOfOne(step) ? goingOn(step, act) : step)), steps: [] }
  }
  return { before, steps: backward(target, act, about.length > 0 ? [] : spoken.last) }
}

function simple(wanted: Exclude<Wanted, { kind: 'change' }>): Step {
  switch (wanted.kind) {
    case 'say':
      return { first: [], next: null, tell: () => [wanted.words] }
    case 'state': {
      const call = { name: 'search_todos', arguments: { query: wanted.query } }
      return { first: [call], next: null, tell: ([found]) => (found === undefined ? [] : [stateOf(found)]) }
    }
    case 'call': {
      const note = wanted.note === undefined ? [] : [wanted.note]
      return { first: [wanted.call], next: null, tell: (first) => [...lines(first), ...note] }
    }
  }
}

function callOf(which: Which, { name, more }: Act): PlannedCall {
  return { name, arguments: { ...which, ...more } }
}

function just(calls: readonly PlannedCall[]): Step {
  return { first: calls, next: null, tell: lines }
}

function changeStep(target: Exclude<Target, { kind: 'it' }>, act: Act, { list }: Spoken): Step {
  switch (target.kind) {
    case 'named':
      return 'item' in target.which && / and /i.test(target.which.item)
        ? oneOrSeveral(target.which, act)
        : just([callOf(target.which, act)])
    case 'place': {
      const meant = list.at(target.at)
      return meant !== undefined ? just([callOf(meant.which, act)]) : byTime(target.at, act)
    }
    case 'all':
      return {
        first: [target.look],
        next: ([found]) => idsIn(found).map((todo_id) => callOf({ todo_id }, act)),
        tell: ([found], next) => (found === undefined ? [] : [toldOfAll(act.name, found, next)]),
      }
  }
}

/** `buy milk and eggs` may be the name of one todo: it is, if there is one. */
function oneOrSeveral(which: Extract<Which, { item: string }>, act: Act): Step {
  return {
    first: [{ name: 'search_todos', arguments: { query: which.item.slice(0, 200) } }],
    next: ([found]) => {
      if (idsIn(found).length > 0) return [callOf(which, act)]
      return which.item.split(/ and /i).map((item) => callOf({ ...which, item }, act))
    },
    tell: (_, next) => lines(next),
  }
}

function byTime(at: number, act: Act): Step {
  return {
    first: [{ name: 'list_todos', arguments: { status: 'pending' } }],
    next: ([found]) => {
      const id = idsIn(found).at(at)
      return id === undefined ? [] : [callOf({ todo_id: id }, act)]
    },
    tell: (_, next) =>
      next.length > 0 ? lines(next) : ['There is no such todo in your list, so nothing was changed.'],
  }
}

/** True for a step whose output is one todo that is still there. */
function isOfOne({ first }: Step): boolean {
  return first.length === 1 && (first[0]?.name === 'create_todo' || first[0]?.name === 'update_todo')
}

/** A step after which something more is done with its todo. */
function goingOn(step: Step, act: Act): Step {
  return {
    first: step.first,
    next: (results) => [
      ...(step.next?.(results) ?? []),
      ...results.slice(0, 1).flatMap((result) => idsIn(result).map((todo_id) => callOf({ todo_id }, act))),
    ],
    tell: (first, next) => [...step.tell(first, []), ...lines(next)],
  }
}

/** `it` and `them` of the conversation before. */
function backward(
  { word, isMany }: Extract<Target, { kind: 'it' }>,
  act: Act,
  spoken: readonly Mentioned[],
): readonly Step[] {
  if (spoken.length === 1 || (isMany && spoken.length > 0)) return spoken.map(({ which }) => just([callOf(which, act)]))
  const items = spoken.slice(0, 5).map(({ item }) => `“${item}”`)
  const hint = items.length > 1 ? ` Is it ${items.slice(0, -1).join(', ')} or ${items.at(-1)}?` : ''
  const words = `I cannot tell which todo you mean by “${word}”, so nothing was changed.${hint} Say its name.`
  return [simple({ kind: 'say', words })]
}

const foundSchema = z.object({ todos: z.array(todoSchema) })

/** The ids of the todos of an output, or of the one that it is. */
function idsIn(result: Result | undefined): readonly string[] {
  const value = jsonOf(result?.output ?? '')
  const found = foundSchema.safeParse(value)
  if (found.success) return found.data.todos.map(({ todo_id }) => todo_id)
  const one = todoSchema.safeParse(value)
  return one.success ? [one.data.todo_id] : []
}

/** Where a message stands: what is still to be called, and what can be told. */
export interface Progress {
  readonly pending: readonly PlannedCall[]
  readonly lines: readonly string[]
}

/** Matches outputs with the calls that led to them, and says what comes next. */
export function progressOf(steps: readonly Step[], results: readonly Result[]): Progress {
  const left = [...results]
  const take = (call: PlannedCall): Result[] => {
    const wanted = keyOf(call.name, call.arguments)
    const at = left.findIndex((result) => keyOf(result.call.name, jsonOf(result.call.arguments)) === wanted)
    return at === -1 ? [] : left.splice(at, 1)
  }
  const pending: PlannedCall[] = []
  const told: string[] = []
  for (const { first, next, tell } of steps) {
    const made = taken(first, take, pending)
    if (made === null) {
      if (next !== null) break
      continue
    }
    const more = next === null ? [] : taken(next(made), take, pending)
    if (more !== null) told.push(...tell(made, more))
  }
  return { pending, lines: [...told, ...left.map(lineOf)] }
}

/** The outputs of calls; null when some are still to be made, which are then pending. */
function taken(
  calls: readonly PlannedCall[],
  take: (call: PlannedCall) => readonly Result[],
  pending: PlannedCall[],
): readonly Result[] | null {
  const made: Result[] = []
  const open: PlannedCall[] = []
  for (const call of calls) {
    const [result] = take(call)
    if (result === undefined) open.push(call)
    else made.push(result)
  }
  pending.push(...open)
  return open.length === 0 ? made : null
}

function keyOf(name: string, args: unknown): string {
  return `${name} ${JSON.stringify(args)}`
}
