import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import {
  byStart,
  changedTodo,
  isMeant,
  newTodo,
  type Todo,
  type TodoChanges,
  type TodoDraft,
  type TodoStore,
} from '../../src/core/todo.ts'

interface TodoSuiteOptions {
  /** Runs of each property; few where a store is dear to make. */
  readonly numRuns?: number
  /** Runs a test where its stores may be used: in workerd, within the object whose storage they are. */
  readonly within?: (test: () => Promise<void>) => Promise<void>
}

const NOW = Date.UTC(2026, 10, 20, 13, 30)
const HOUR = 3_600_000

export const DRAFT: TodoDraft = {
  item: 'buy milk',
  start_time: '2026-11-21T14:00:00+01:00',
  end_time: null,
  importance: 'medium',
  tags: ['shop'],
}

const timeArb = fc.integer({ min: -200, max: 200 }).map((hours) => new Date(NOW + hours * HOUR).toISOString())
const fields = {
  item: fc.constantFrom('buy milk', 'Call Mom', 'dentist “é🌊', "x'); DROP TABLE todos; --"),
  start_time: timeArb,
  end_time: fc.option(timeArb),
  importance: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
  tags: fc.uniqueArray(fc.constantFrom('shop', 'family', 'Work'), { maxLength: 3 }),
}
const draftArb: fc.Arbitrary<TodoDraft> = fc.record(fields)
const changesArb: fc.Arbitrary<TodoChanges> = fc.record(
  { ...fields, status: fc.constantFrom('pending' as const, 'completed' as const) },
  { requiredKeys: [] },
)

type Step =
  | { readonly kind: 'add'; readonly draft: TodoDraft }
  | { readonly kind: 'update'; readonly which: number; readonly changes: TodoChanges }
  | { readonly kind: 'remove'; readonly which: number }

const stepArb: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), draft: draftArb }),
  fc.record({ kind: fc.constant('update' as const), which: fc.nat(12), changes: changesArb }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat(12) }),
)

/**
 * What every store of todos holds. Runs in Node and in workerd: nothing but vitest, fast-check and the core is imported.
 * @param makeStore a new, empty store at each call, whose ids are `t1`, `t2` …
 */
export function todoSuite(
  name: string,
  makeStore: () => TodoStore | Promise<TodoStore>,
  { numRuns = 100, within = (test) => test() }: TodoSuiteOptions = {},
): void {
  const holds = (title: string, test: () => Promise<void>): void => it(title, () => within(test))

  describe(name, () => {
    holds('[TD1] a new todo is pending, has an id and its dates, and can be read again', async () => {
      const store = await makeStore()
      const todo = store.add(DRAFT, NOW)
      const at = new Date(NOW).toISOString()
      expect(todo).toEqual({ ...DRAFT, todo_id: 't1', status: 'pending', created_at: at, updated_at: at })
      expect(store.get('t1')).toEqual(todo)
      expect(store.get('t2')).toBeNull()
      expect(store.count()).toBe(1)
    })

    holds('[TD1] a todo that would end before it begins is refused, and nothing is kept of it', async () => {
      const store = await makeStore()
      const backwards = { ...DRAFT, end_time: '2026-11-21T12:59:59Z' }
      expect(() => store.add(backwards, NOW)).toThrow(FreshetError)
      expect(store.list()).toEqual([])
      const todo = store.add(DRAFT, NOW)
      expect(() => store.update(todo.todo_id, { end_time: backwards.end_time }, NOW)).toThrow(FreshetError)
      expect(store.get(todo.todo_id)).toEqual(todo)
    })

    holds('[TD2] a change of nothing leaves `updated_at` alone; any other moves it', async () => {
      const store = await makeStore()
      const todo = store.add(DRAFT, NOW)
      expect(store.update('t1', { item: todo.item, tags: [...todo.tags] }, NOW + HOUR)).toEqual(todo)
      const later = new Date(NOW + HOUR).toISOString()
      expect(store.update('t1', { status: 'completed' }, NOW + HOUR)).toEqual({
        ...todo,
        status: 'completed',
        updated_at: later,
      })
      expect(store.update('t9', { status: 'completed' }, NOW)).toBeNull()
      expect(store.remove('t9')).toBeNull()
    })

    holds('[TD3] what is given out can be changed without changing what is kept', async () => {
      const store = await makeStore()
      const todo = store.add(DRAFT, NOW)
      const copies = [todo, store.get('t1'), store.list()[0], store.update('t1', { importance: 'high' }, NOW)]
      for (const copy of copies) copy?.tags.push('gone')
      expect(store.get('t1')?.tags).toEqual(['shop'])
    })

    holds('[TD3] any adds, changes and removals leave what a plain list of todos would have', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(stepArb, { maxLength: 25 }), async (steps) => {
          const store = await makeStore()
          const model = new Map<string, Todo>()
          let made = 0
          const outcome = <T>(work: () => T): T | 'refused' => {
            try {
              return work()
            } catch (error) {
              if (error instanceof FreshetError) return 'refused'
              throw error
            }
          }
          for (const [i, step] of steps.entries()) {
            const now = NOW + i * 1000
            if (step.kind === 'add') {
              const got = outcome(() => store.add(step.draft, now))
              // An id may be used up by a draft that is refused; which one, is the store's.
              const id = got === 'refused' ? 'none' : got.todo_id
              const expected = outcome(() => newTodo(id, step.draft, now, made))
              expect(got).toEqual(expected)
              if (expected === 'refused') continue
              expect(model.has(id)).toBe(false)
              model.set(id, expected)
              made += 1
              continue
            }
            const id = [...model.keys()][step.which] ?? 'nobody'
            const before = model.get(id)
            if (step.kind === 'remove') {
              expect(store.remove(id)).toEqual(before ?? null)
              model.delete(id)
              continue
            }
            const expected = before === undefined ? null : outcome(() => changedTodo(before, step.changes, now))
            expect(outcome(() => store.update(id, step.changes, now))).toEqual(expected)
            if (expected !== null && expected !== 'refused') model.set(id, expected)
          }
          const all = [...model.values()].toSorted(byStart)
          expect(store.list()).toEqual(all)
          expect(store.count()).toBe(all.length)
          const filter = { status: 'pending', from: NOW, tag: 'SHOP' } as const
          expect(store.list(filter)).toEqual(all.filter((todo) => isMeant(todo, filter)))
        }),
        { numRuns },
      )
    })
  })
}
