import { describe, expect, it } from 'vitest'
import { minutesIn, takeDuration } from '../../src/core/duration-words.ts'
import { TODO_LIMITS } from '../../src/core/limits.ts'
import { MemoryTodos } from '../../src/core/memory-todos.ts'
import {
  importanceSchema,
  instantSchema,
  isMeant,
  itemSchema,
  type Todo,
  type TodoFilter,
  tagsSchema,
  todoSchema,
} from '../../src/core/todo.ts'
import { DRAFT, todoSuite } from '../support/todo-suite.ts'

function store(): MemoryTodos {
  let made = 0
  return new MemoryTodos(() => `t${++made}`)
}

todoSuite('todos in memory', store)

const TODO: Todo = {
  ...DRAFT,
  todo_id: 't1',
  end_time: '2026-11-21T15:00:00+01:00',
  tags: ['Shop'],
  status: 'pending',
  created_at: '2026-11-20T13:00:00.000Z',
  updated_at: '2026-11-20T13:00:00.000Z',
}

describe('todos', () => {
  it('[TD1] have the fields of the contract and no others', () => {
    expect(Object.keys(todoSchema.shape)).toEqual([
      'todo_id',
      'item',
      'start_time',
      'end_time',
      'importance',
      'tags',
      'status',
      'created_at',
      'updated_at',
    ])
    expect(todoSchema.parse(TODO)).toEqual(TODO)
  })

  it('[TD1] have bounds: what is beyond them is refused', () => {
    expect(itemSchema.parse(' x ')).toBe('x')
    expect(itemSchema.safeParse('x'.repeat(TODO_LIMITS.itemChars)).success).toBe(true)
    for (const bad of ['  ', 'x'.repeat(TODO_LIMITS.itemChars + 1)]) {
      expect({ bad, ok: itemSchema.safeParse(bad).success }).toEqual({ bad, ok: false })
    }
    const tags = Array.from({ length: TODO_LIMITS.tags }, (_, i) => `${'t'.repeat(TODO_LIMITS.tagChars - 2)}${i % 10}`)
    expect(tagsSchema.safeParse(tags).success).toBe(true)
    for (const bad of [[...tags, 'one'], ['t'.repeat(TODO_LIMITS.tagChars + 1)], ['#']]) {
      expect({ bad, ok: tagsSchema.safeParse(bad).success }).toEqual({ bad, ok: false })
    }
    for (const bad of ['2026-11-21T14:00:00', 'tomorrow']) {
      expect({ bad, ok: instantSchema.safeParse(bad).success }).toEqual({ bad, ok: false })
    }
    expect(importanceSchema.safeParse('urgent').success).toBe(false)
  })

  it('[TD1] have each tag once, without its #, in the case it was first given', () => {
    expect(tagsSchema.parse(['#Family', 'family', ' work '])).toEqual(['Family', 'work'])
  })

  it('[TD1] are 2000 at most', () => {
    const todos = store()
    for (let i = 0; i < TODO_LIMITS.todos; i++) todos.add(DRAFT, i)
    expect(() => todos.add(DRAFT, 0)).toThrow(/Delete some/)
    todos.remove('t1')
    expect(todos.add(DRAFT, 0).item).toBe(DRAFT.item)
  })

  it('[TD5] a filter means what all of its parts mean', () => {
    const begin = Date.parse(TODO.start_time)
    const end = begin + 3_600_000
    const cases: readonly [TodoFilter, boolean][] = [
      [{}, true],
      [{ query: 'MILK' }, true],
      [{ query: 'milk shop' }, true],
      [{ query: 'milk bread' }, false],
      [{ status: 'pending' }, true],
      [{ status: 'completed' }, false],
      [{ importance: 'high' }, false],
      [{ tag: '#shop' }, true],
      [{ tag: 'sho' }, false],
      [{ from: begin }, true],
      [{ from: end - 1 }, true],
      [{ from: end }, false],
      [{ to: begin }, false],
      [{ to: begin + 1 }, true],
      [{ query: 'milk', status: 'completed' }, false],
    ]
    for (const [filter, meant] of cases) expect({ filter, meant: isMeant(TODO, filter) }).toEqual({ filter, meant })
    const endless = { ...TODO, end_time: null }
    expect([isMeant(endless, { from: begin }), isMeant(endless, { from: begin + 1 })]).toEqual([true, false])
  })
})

describe('durations in words', () => {
  it('[TD6] are minutes', () => {
    const cases: Record<string, number | null> = {
      '2 hours': 120,
      'an hour': 60,
      'half an hour': 30,
      'an hour and a half': 90,
      '1.5h': 90,
      '90 min': 90,
      '1 hour and 20 minutes': 80,
      '2 hours later': 120,
      'for 45 minutes': 45,
      '0 minutes': null,
      '2 days': null,
      tomorrow: null,
      '': null,
    }
    for (const [words, minutes] of Object.entries(cases)) {
      expect({ words, minutes: minutesIn(words) }).toEqual({ words, minutes })
    }
  })

  it('[TD6] are taken out of a sentence that says for how long', () => {
    expect(takeDuration('meeting at 3 for 2 hours tomorrow')).toEqual({ minutes: 120, rest: 'meeting at 3 tomorrow' })
    expect(takeDuration('boil for 2 minutes')).toEqual({ minutes: 2, rest: 'boil' })
    expect(takeDuration('wait for 2 friends')).toBeNull()
    expect(takeDuration('in 2 hours')).toBeNull()
  })
})
