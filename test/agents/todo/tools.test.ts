import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { ToolContext } from '../../../src/agents/agent.ts'
import { todoAgent } from '../../../src/agents/todo/agent.ts'
import { freeIn } from '../../../src/agents/todo/free-time.ts'
import { runTool } from '../../../src/agents/tool-runner.ts'
import { toolSpecs } from '../../../src/agents/tool-specs.ts'
import { LIMITS, TODO_LIMITS } from '../../../src/core/limits.ts'
import { MemoryTodos } from '../../../src/core/memory-todos.ts'
import { type Todo, todoSchema } from '../../../src/core/todo.ts'

/** A Friday, 14:30 in Berlin. */
const NOW = Date.parse('2026-11-20T13:30:00Z')
const listSchema = z.object({ todos: z.array(todoSchema), total: z.number() })
const slotsSchema = z.object({
  slots: z.array(z.object({ start_time: z.string(), end_time: z.string(), minutes: z.number() })),
  total: z.number(),
})

class Bench {
  readonly todos: MemoryTodos
  readonly context: ToolContext
  #made = 0

  constructor(timeZone = 'Europe/Berlin', now = NOW) {
    this.todos = new MemoryTodos(() => `t${++this.#made}`)
    this.context = { now: () => now, timeZone, signal: new AbortController().signal, todos: this.todos }
  }

  async call(name: string, args: object = {}, context = this.context): Promise<unknown> {
    const tool = todoAgent.tools.find((one) => one.name === name)
    const { status, output } = await runTool(tool, { id: 'c', name, arguments: JSON.stringify(args) }, context)
    return status === 'ok' ? output : Promise.reject(new Error(z.object({ error: z.string() }).parse(output).error))
  }

  async todo(name: string, args: object): Promise<Todo> {
    return todoSchema.parse(await this.call(name, args))
  }

  async items(name: string, args: object = {}): Promise<readonly string[]> {
    return listSchema.parse(await this.call(name, args)).todos.map(({ item }) => item)
  }

  async slots(args: object): Promise<readonly string[]> {
    const { slots } = slotsSchema.parse(await this.call('find_free_time', args))
    return slots.map(({ start_time, end_time }) => `${start_time.slice(5, 16)} ${end_time.slice(5, 16)}`)
  }
}

describe('the todo agent', () => {
  it('[TA1] has the tools of the contract and at most 20 turns', () => {
    expect(todoAgent.maxTurns).toBe(20)
    expect(toolSpecs(todoAgent).map(({ name }) => name)).toEqual([
      'create_todo',
      'list_todos',
      'search_todos',
      'update_todo',
      'complete_todo',
      'delete_todo',
      'find_free_time',
    ])
    for (const { parameters } of toolSpecs(todoAgent)) expect(parameters['type']).toBe('object')
  })

  it('[TA2] creates what is asked for, with the offset of the user’s zone', async () => {
    const bench = new Bench()
    const todo = await bench.todo('create_todo', {
      item: 'Buy milk',
      start_time: 'tomorrow at 2pm',
      importance: 'high',
      tags: ['#family', 'Family'],
    })
    expect(todo).toMatchObject({
      todo_id: 't1',
      item: 'Buy milk',
      start_time: '2026-11-21T14:00:00+01:00',
      end_time: null,
      importance: 'high',
      tags: ['family'],
      status: 'pending',
    })
    expect(bench.todos.get('t1')).toEqual(todo)
  })

  it.each([
    [{ start_time: 'on Monday from 9 to 11' }, '2026-11-23T09:00:00+01:00', '2026-11-23T11:00:00+01:00'],
    [{ start_time: 'tomorrow at 9 for 2 hours' }, '2026-11-21T09:00:00+01:00', '2026-11-21T11:00:00+01:00'],
    [{ start_time: 'tomorrow at 9', end_time: '90 minutes' }, '2026-11-21T09:00:00+01:00', '2026-11-21T10:30:00+01:00'],
    [{ start_time: 'tomorrow at 9', end_time: '11am' }, '2026-11-21T09:00:00+01:00', '2026-11-21T11:00:00+01:00'],
    [{ start_time: '2026-12-24T17:00:00Z' }, '2026-12-24T18:00:00+01:00', null],
    [{}, '2026-11-20T15:00:00+01:00', null],
    [{ item: 'wake up', start_time: 'tomorrow at 6' }, '2026-11-21T06:00:00+01:00', null],
    [{ start_time: 'tomorrow at 9 New York time' }, '2026-11-21T15:00:00+01:00', null],
  ])('[TA2] reads when: %j', async (times, start_time, end_time) => {
    expect(await new Bench().todo('create_todo', { item: 'x', ...times })).toMatchObject({ start_time, end_time })
  })

  it.each([
    [{ item: 'x', start_time: 'soon' }, /not understood as a time/],
    [{ item: 'x', start_time: 'tomorrow at 9', end_time: 'tomorrow at 8' }, /cannot end before it begins/],
    [{ item: '' }, /what is to be done/],
    [{ item: 'x'.repeat(TODO_LIMITS.itemChars + 1) }, /at most 500/],
    [{ item: 'x', importance: 'urgent' }, /importance/],
    [{ item: 'x', start_time: 'tomorrow at 2pm Mars time' }, /time zone "Mars" is not known/],
    [{ item: 'x', start_time: 'tomorrow at 9am XQT' }, /time zone "XQT" is not known/],
  ])('[TA3] what cannot be done is refused in a sentence, and nothing is kept: %j', async (args, words) => {
    const bench = new Bench()
    await expect(bench.call('create_todo', args)).rejects.toThrow(words)
    expect(bench.todos.count()).toBe(0)
  })

  it('[TA3] the most todos that are kept are told, not exceeded', async () => {
    const bench = new Bench()
    await bench.call('create_todo', { item: 'x' })
    const first = bench.todos.list()[0]
    if (first === undefined) throw new Error('it was made')
    for (let i = 1; i < TODO_LIMITS.todos; i++) bench.todos.add(first, NOW)
    await expect(bench.call('create_todo', { item: 'y' })).rejects.toThrow(/2000 todos already/)
  })

  it('[TA3] without a place for todos every tool refuses', async () => {
    const bench = new Bench()
    for (const context of [
      { ...bench.context, todos: null },
      { now: () => 0, timeZone: 'UTC', signal: bench.context.signal },
    ]) {
      for (const name of ['create_todo', 'list_todos', 'delete_todo', 'find_free_time']) {
        await expect(bench.call(name, { item: 'x' }, context)).rejects.toThrow(/no place for todos/)
      }
    }
  })
})

async function filled(): Promise<Bench> {
  const bench = new Bench()
  await bench.call('create_todo', { item: 'Buy milk', start_time: 'tomorrow at 2pm', tags: ['shop'] })
  await bench.call('create_todo', { item: 'Buy bread', start_time: 'Monday at 10', tags: ['shop'], importance: 'low' })
  await bench.call('create_todo', { item: 'Call mom', start_time: 'next week', importance: 'high' })
  await bench.call('create_todo', { item: 'Dentist', start_time: 'on the 25th from 9 to 11' })
  await bench.call('complete_todo', { item: 'dentist' })
  return bench
}

describe('looking up todos', () => {
  it('[TA4] a list is in the order of time and narrowed by all that is given', async () => {
    const bench = await filled()
    expect(await bench.items('list_todos')).toEqual(['Buy milk', 'Call mom', 'Buy bread', 'Dentist'])
    expect(await bench.items('list_todos', { status: 'pending', tag: 'SHOP' })).toEqual(['Buy milk', 'Buy bread'])
    expect(await bench.items('list_todos', { importance: 'high' })).toEqual(['Call mom'])
    expect(await bench.items('list_todos', { from: 'tomorrow' })).toEqual(['Buy milk'])
    expect(await bench.items('list_todos', { from: 'this week' })).toEqual(['Buy milk'])
    expect(await bench.items('list_todos', { from: 'next week', status: 'pending' })).toEqual(['Call mom', 'Buy bread'])
    expect(await bench.items('list_todos', { from: 'today', to: 'monday' })).toEqual([
      'Buy milk',
      'Call mom',
      'Buy bread',
    ])
    expect(await bench.items('list_todos', { to: 'now' })).toEqual([])
    expect(await bench.items('list_todos', { to: 'before Monday' })).toEqual(['Buy milk'])
    expect(await bench.items('list_todos', { from: 'after Monday' })).toEqual(['Dentist'])
    await expect(bench.call('list_todos', { from: 'tomorrow', to: 'yesterday' })).rejects.toThrow(/ends before/)
  })

  it('[TA4] a search is by words of item and tags, whatever little words stand around them', async () => {
    const bench = await filled()
    expect(await bench.items('search_todos', { query: 'the milk' })).toEqual(['Buy milk'])
    expect(await bench.items('search_todos', { query: 'shop buy' })).toEqual(['Buy milk', 'Buy bread'])
    expect(await bench.items('search_todos', { query: 'unicorn' })).toEqual([])
    expect(await bench.items('search_todos', { query: 'buy', importance: 'low' })).toEqual(['Buy bread'])
    expect(await bench.items('search_todos', { query: 'buy', from: 'tomorrow' })).toEqual(['Buy milk'])
  })

  it('[TA5] what is shown fits what a model is given, and the rest is counted', async () => {
    const bench = new Bench()
    const item = 'ä"'.repeat(TODO_LIMITS.itemChars / 2)
    for (let i = 0; i < 100; i++) await bench.call('create_todo', { item })
    const output = await bench.call('list_todos')
    expect(JSON.stringify(output).length).toBeLessThan(LIMITS.toolOutputChars)
    const { todos, total } = listSchema.parse(output)
    expect(total).toBe(100)
    expect(todos.length).toBeGreaterThan(5)
    const many = new Bench()
    for (let i = 0; i < 60; i++) await many.call('create_todo', { item: 'x' })
    expect(listSchema.parse(await many.call('list_todos')).todos).toHaveLength(TODO_LIMITS.shown)
  })
})

describe('changing todos', () => {
  it('[TA6] the one that is meant is found by its id, by its item, or by words of it', async () => {
    const bench = await filled()
    expect((await bench.todo('complete_todo', { todo_id: 't1' })).status).toBe('completed')
    expect((await bench.todo('complete_todo', { item: 'BREAD' })).item).toBe('Buy bread')
    expect((await bench.todo('complete_todo', { item: 'my call to mom' })).item).toBe('Call mom')
  })

  it('[TA6] of several or none nothing is done, and the candidates are told', async () => {
    const bench = await filled()
    const before = bench.todos.list()
    await expect(bench.call('delete_todo', { item: 'buy' })).rejects.toThrow(/Several.*"Buy milk".*id t1.*"Buy bread"/)
    await expect(bench.call('delete_todo', { item: 'buy cheese' })).rejects.toThrow(/No todo.*Similar.*"Buy milk"/)
    await expect(bench.call('delete_todo', { item: 'unicorn' })).rejects.toThrow(/No todo matches "unicorn"/)
    await expect(bench.call('delete_todo', { todo_id: 't9' })).rejects.toThrow(/no todo with this id/)
    await expect(bench.call('delete_todo', {})).rejects.toThrow(/Say which todo/)
    expect(bench.todos.list()).toEqual(before)
  })

  it('[TA6] one whose item is just that goes before those that hold the words, an open one before one that is done', async () => {
    const bench = new Bench()
    for (const item of ['milk', 'buy milk', 'report', 'report']) await bench.call('create_todo', { item })
    expect((await bench.todo('complete_todo', { item: 'Milk' })).todo_id).toBe('t1')
    await bench.call('complete_todo', { todo_id: 't3' })
    expect((await bench.todo('complete_todo', { item: 'report' })).todo_id).toBe('t4')
    expect((await bench.todo('update_todo', { item: 'milk', changes: { status: 'pending' } })).todo_id).toBe('t1')
  })

  it('[TA6] of several with one name it is the one on the day or at the time that is named', async () => {
    const bench = new Bench()
    for (const start_time of ['tomorrow at 2pm', 'Monday at 9', 'Friday at 9']) {
      await bench.call('create_todo', { item: 'buy milk', start_time })
    }
    await bench.call('create_todo', { item: 'prepare for Friday', start_time: 'tomorrow' })
    await expect(bench.call('delete_todo', { item: 'buy milk' })).rejects.toThrow(
      /Several.*"buy milk" \(Saturday 21 November 2026, 14:00, id t1\).*by its day or its time/,
    )
    expect(await bench.call('delete_todo', { item: 'milk', on: 'on Friday' })).toMatchObject({
      deleted: { todo_id: 't3' },
    })
    expect(await bench.todo('complete_todo', { item: 'buy milk', on: 'at 9' })).toMatchObject({ todo_id: 't2' })
    await expect(bench.call('delete_todo', { item: 'buy milk', on: 'Sunday' })).rejects.toThrow(
      /No todo that matches "buy milk" is on Sunday. There is "buy milk"/,
    )
    expect(await bench.todo('complete_todo', { item: 'prepare', on: 'Friday' })).toMatchObject({ todo_id: 't4' })
    expect(await bench.todo('update_todo', { item: 't1', changes: { importance: 'low' } })).toMatchObject({
      todo_id: 't1',
    })
  })

  it.each([
    [{ start_time: '2 hours later' }, '2026-12-01T11:00', '2026-12-01T13:00'],
    [{ start_time: 'an hour and 30 minutes earlier' }, '2026-12-01T07:30', '2026-12-01T09:30'],
    [{ start_time: 'one day later' }, '2026-12-02T09:00', '2026-12-02T11:00'],
    [{ start_time: 'two weeks earlier' }, '2026-11-17T09:00', '2026-11-17T11:00'],
    [{ start_time: 'a month later' }, '2027-01-01T09:00', '2027-01-01T11:00'],
    [{ end_time: '30 minutes longer' }, '2026-12-01T09:00', '2026-12-01T11:30'],
    [{ end_time: '1 hour shorter' }, '2026-12-01T09:00', '2026-12-01T10:00'],
  ])('[TA7] goes from where it is: %j', async (changes, start, end) => {
    const bench = new Bench()
    await bench.call('create_todo', { item: 'gym', start_time: 'on 2026-12-01 from 9 to 11' })
    const moved = await bench.todo('update_todo', { item: 'gym', changes })
    expect([moved.start_time.slice(0, 16), moved.end_time?.slice(0, 16)]).toEqual([start, end])
  })

  it('[TA7] a day later is at the same time also when clocks change, an hour later is an hour; no month has a day too many', async () => {
    const bench = new Bench()
    await bench.call('create_todo', { item: 'gym', start_time: '2027-03-27 10:00' })
    const move = async (start_time: string): Promise<string> => {
      return (await bench.todo('update_todo', { item: 'gym', changes: { start_time } })).start_time
    }
    expect(await move('a day later')).toBe('2027-03-28T10:00:00+02:00')
    expect(await move('24 hours earlier')).toBe('2027-03-27T09:00:00+01:00')
    await move('2027-01-31 10:00')
    expect(await move('a month later')).toBe('2027-02-28T10:00:00+01:00')
  })

  it('[TA7] what is moved keeps the day, the time of day and the length that are not spoken of', async () => {
    const bench = new Bench()
    await bench.call('create_todo', { item: 'gym', start_time: 'on 2026-12-01 from 9 to 11' })
    const move = (changes: object): Promise<Todo> => bench.todo('update_todo', { item: 'gym', changes })
    expect(await move({ start_time: 'at 14:00' })).toMatchObject({
      start_time: '2026-12-01T14:00:00+01:00',
      end_time: '2026-12-01T16:00:00+01:00',
    })
    expect(await move({ start_time: 'Saturday' })).toMatchObject({
      start_time: '2026-11-21T14:00:00+01:00',
      end_time: '2026-11-21T16:00:00+01:00',
    })
    expect(await move({ end_time: '3pm' })).toMatchObject({ end_time: '2026-11-21T15:00:00+01:00' })
    expect(await move({ end_time: null })).toMatchObject({ end_time: null })
    expect(await move({ start_time: 'tomorrow from 10 to 12' })).toMatchObject({
      start_time: '2026-11-21T10:00:00+01:00',
      end_time: '2026-11-21T12:00:00+01:00',
    })
  })

  it('[TA7] tags are added and taken away, and their number is bounded', async () => {
    const bench = await filled()
    const change = (changes: object): Promise<Todo> => bench.todo('update_todo', { item: 'milk', changes })
    expect((await change({ add_tags: ['home', 'SHOP'] })).tags).toEqual(['shop', 'home'])
    expect((await change({ remove_tags: ['Shop'] })).tags).toEqual(['home'])
    expect((await change({ item: 'Buy oat milk', importance: 'high' })).item).toBe('Buy oat milk')
    const many = Array.from({ length: TODO_LIMITS.tags }, (_, i) => `t${i}`)
    await expect(change({ add_tags: many })).rejects.toThrow(/at most 20 tags/)
  })

  it('[TA7] what is deleted is gone and told', async () => {
    const bench = await filled()
    expect(await bench.call('delete_todo', { item: 'milk' })).toMatchObject({ deleted: { item: 'Buy milk' } })
    expect(bench.todos.get('t1')).toBeNull()
  })
})

describe('free time', () => {
  it('[TA8] is what todos leave of the working hours', async () => {
    const bench = new Bench()
    await bench.call('create_todo', { item: 'a', start_time: 'tomorrow from 10 to 12' })
    await bench.call('create_todo', { item: 'b', start_time: 'tomorrow at 3pm' })
    await bench.call('create_todo', { item: 'c', start_time: 'tomorrow from 11 to 13:00' })
    expect(await bench.slots({ from: 'tomorrow', duration_minutes: 120 })).toEqual([
      '11-21T13:00 11-21T15:00',
      '11-21T16:00 11-21T18:00',
    ])
    await bench.call('complete_todo', { item: 'b' })
    expect(await bench.slots({ from: 'tomorrow', duration_minutes: 120 })).toEqual(['11-21T13:00 11-21T18:00'])
  })

  it('[TA8] begins at the next quarter of an hour, and is of a week unless a day is named', async () => {
    const bench = new Bench('Europe/Berlin', NOW + 60_000)
    expect(await bench.slots({ from: 'today' })).toEqual(['11-20T14:45 11-20T18:00'])
    expect(await bench.slots({})).toHaveLength(7)
    expect(await bench.slots({ from: 'yesterday' })).toEqual([])
    expect(await bench.slots({ from: 'tomorrow at 3pm' })).toEqual(['11-21T15:00 11-21T18:00'])
  })

  it('[TA8] hours that are asked for count as they are', async () => {
    const bench = new Bench()
    expect(await bench.slots({ from: 'tomorrow evening' })).toEqual(['11-21T18:00 11-22T00:00'])
    expect(await bench.slots({ from: 'tomorrow', day_start_hour: 7, day_end_hour: 8 })).toEqual([
      '11-21T07:00 11-21T08:00',
    ])
  })

  it('[TA8] never meets a todo, is never shorter than asked for, and nothing that fits is left out', () => {
    const spanArb = fc
      .tuple(fc.nat(200), fc.integer({ min: 1, max: 60 }))
      .map(([from, length]) => ({ from, to: from + length }))
    fc.assert(
      fc.property(fc.array(spanArb, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (busy, least) => {
        const iso = (at: number): string => new Date(at).toISOString()
        const at = iso(0)
        const todos = busy.map(({ from, to }, i): Todo => {
          return {
            todo_id: `t${i}`,
            item: 'x',
            start_time: iso(from),
            end_time: iso(to),
            importance: 'low',
            tags: [],
            status: 'pending',
            created_at: at,
            updated_at: at,
          }
        })
        const free = freeIn([{ from: 20, to: 180 }], todos, least)
        const isBusy = (ms: number): boolean => busy.some(({ from, to }) => from <= ms && ms < to)
        const isFree = (ms: number): boolean => free.some(({ from, to }) => from <= ms && ms < to)
        for (const { from, to } of free) expect(to - from).toBeGreaterThanOrEqual(least)
        for (let run = 0, ms = 20; ms <= 180; ms++) {
          if (isFree(ms)) expect(isBusy(ms)).toBe(false)
          if (ms < 180 && !isBusy(ms)) run += 1
          else {
            if (run >= least) for (let back = ms - run; back < ms; back++) expect(isFree(back)).toBe(true)
            run = 0
          }
        }
      }),
    )
  })
})
