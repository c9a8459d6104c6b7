import type { PlannedCall } from './embedded-part.ts'

/** How a call names a todo. */
export type Which = { readonly item: string; readonly on?: string } | { readonly todo_id: string }

/** Which todos are meant. */
export type Target =
  | { readonly kind: 'named'; readonly which: Which }
  /** `it`, `that`, `them`: what was spoken of before. */
  | { readonly kind: 'it'; readonly word: string; readonly isMany: boolean }
  /** `the first one`, of the list that was told last; from 0, −1 for the last. */
  | { readonly kind: 'place'; readonly at: number }
  /** All that a look-up finds. */
  | { readonly kind: 'all'; readonly look: PlannedCall }

/** What is to be done with a todo: a tool, and what it is given beside the todo. */
export interface Act {
  readonly name: 'update_todo' | 'complete_todo' | 'delete_todo'
  readonly more: Readonly<Record<string, unknown>>
}

/** What somebody wants: data, since it may still hold marks of quotations. */
export type Wanted =
  | { readonly kind: 'call'; readonly call: PlannedCall; readonly note?: string }
  | { readonly kind: 'change'; readonly target: Target; readonly act: Act }
  /** Nothing that can be done; it is said what instead. */
  | { readonly kind: 'say'; readonly words: string }
  /** Asks whether a todo is done. */
  | { readonly kind: 'state'; readonly query: string }

/** The same with each of its texts changed. */
export function withTexts(wanted: Wanted, change: (text: string) => string): Wanted {
  const record = (value: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deep(inner)]))
  }
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return change(value)
    if (Array.isArray(value)) return value.map(deep)
    return typeof value === 'object' && value !== null ? record({ ...value }) : value
  }
  const called = ({ name, arguments: args }: PlannedCall): PlannedCall => ({ name, arguments: record(args) })
  switch (wanted.kind) {
    case 'call':
      return {
        ...wanted,
        call: called(wanted.call),
        ...(wanted.note !== undefined && { note: change(wanted.note) }),
      }
    case 'say':
      return { ...wanted, words: change(wanted.words) }
    case 'state':
      return { ...wanted, query: change(wanted.query) }
    case 'change': {
      const { target, act } = wanted
      return { ...wanted, target: targetWith(target, change, called), act: { ...act, more: record(act.more) } }
    }
  }
}

function targetWith(
  target: Target,
  change: (text: string) => string,
  called: (call: PlannedCall) => PlannedCall,
): Target {
  if (target.kind === 'all') return { ...target, look: called(target.look) }
  if (target.kind !== 'named' || 'todo_id' in target.which) return target
  const { item, on } = target.which
  return { ...target, which: { item: change(item), ...(on !== undefined && { on: change(on) }) } }
}
