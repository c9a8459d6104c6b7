import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TodoDraft } from '../../src/core/todo.ts'
import { playTodo, readTodos } from '../../src/providers/embedded-todo.ts'
import { CHANGES } from '../support/todo-commands.ts'
import { Day } from '../support/todo-day.ts'
import { QUESTIONS, SAID, WISHES } from '../support/todo-sentences.ts'
import { request, Talk } from '../support/todo-talk.ts'

const NOW = Date.parse('2026-11-28T21:10:00Z')

describe('sentences, their calls and what comes of them', () => {
  it.each([...WISHES, ...CHANGES, ...QUESTIONS, ...SAID])('[AG11] %s', async (sentences, calls, came) => {
    expect(await (await Day.begun()).says(sentences)).toEqual({ calls, came })
  })

  it.each([...QUESTIONS, ...SAID])('[AG11] changes nothing, let alone makes a todo of it: %s', (_, calls, came) => {
    expect(calls).not.toMatch(/\b(?:create|update|complete|delete)\b/)
    expect(came).toMatch(/^“/)
  })

  it('[AG11] nothing that begins with a command, and no question, becomes a todo', () => {
    const verb = fc.constantFrom(
      'move',
      'postpone',
      'push',
      'change',
      'update',
      'edit',
      'delete',
      'remove',
      'clear',
      'mark',
      'complete',
      'finish',
      'extend',
      'rename',
      'tag',
      'untag',
      'repeat',
      'free',
      'undo',
      'do not',
      "don't",
    )
    const before = fc.constantFrom('', 'please ', 'could you ', 'Hey, can you please ', 'I want to ', 'kindly ')
    const what = fc.constantFrom('gym', 'the gym', 'it', 'everything', 'all tasks', 'gym and yoga', 'milk')
    const when = fc.constantFrom(
      '',
      ' tomorrow',
      ' on Friday at 5',
      ' to Monday',
      ' from 2 to 3pm',
      ' at 9 to 10',
      ' by 2 days',
    )
    const creates = (text: string): boolean => {
      return readTodos(text).steps.some(({ first }) => first.some(({ name }) => name === 'create_todo'))
    }
    fc.assert(
      fc.property(before, verb, what, when, fc.constantFrom('', '?', '.', '!'), (polite, does, item, at, end) => {
        // `I want to finish the report` is a wish for a todo.
        fc.pre(!(polite.startsWith('I want') && does === 'finish'))
        const text = `${polite}${does} ${item}${at}${end}`
        expect({ text, creates: creates(text) }).toEqual({ text, creates: false })
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.constantFrom('', 'add ', 'is ', 'should I do '), what, when, (first, item, at) => {
        const text = `${first}${item}${at}?`
        expect({ text, creates: creates(text) }).toEqual({ text, creates: false })
      }),
    )
  })
})

describe('what was spoken of before', () => {
  const REFERRING = [...CHANGES].filter(([sentences]) => sentences.includes(' || '))

  it.each(REFERRING)(
    '[AG11] is found by the outputs of tools as it is by the words: %s',
    async (sentences, _, came) => {
      expect((await (await Day.begun(false)).says(sentences)).came).toBe(came)
    },
  )
})

describe('whatever is said', () => {
  it('[TE1][TE2] of a message that is longer than what is looked at only whole sentences are done, and the rest is named', () => {
    const filler = 'Show the todos of the week. '.repeat(142)
    const long = `${filler}${' '.repeat(3985 - filler.length)}Delete the milk run tomorrow. Add call mom on Friday at 10.`
    const plan = playTodo(request([{ role: 'user', content: long }]))
    expect(plan?.calls.map(({ name }) => name)).not.toContain('delete_todo')
    const one = `Add ${'buy milk and '.repeat(400)}call mom`
    expect(playTodo(request([{ role: 'user', content: one }]))).toMatchObject({
      calls: [],
      text: expect.stringContaining('say the rest again'),
    })
  })

  it('[TE11] it ends, with an answer, and the same words lead to the same', async () => {
    const clause = fc
      .tuple(
        fc.constantFrom('add', 'delete', 'mark', 'move', 'tag', 'postpone', 'make', 'show', 'complete', 'change', ''),
        fc.constantFrom(
          'gym',
          'all',
          'it',
          'them',
          'everything',
          'the first one',
          'gym and yoga',
          'all done tasks',
          'x',
        ),
        fc.constantFrom('', 'tomorrow', 'to Monday', 'by 2 hours', 'as done', 'sport', 'high', 'to x'),
      )
      .map((words) => words.filter((word) => word !== '').join(' '))
    const message = fc
      .tuple(clause, fc.constantFrom(' and ', ', then ', '. ', '; '), clause, fc.constantFrom('', ' || '), clause)
      .map(
        ([first, joint, second, between, third]) =>
          `${first}${joint}${second}${between === '' ? joint : between}${third}`,
      )
    await fc.assert(
      fc.asyncProperty(message, fc.boolean(), async (text, forgets) => {
        const once = await (await Day.begun(forgets)).says(text)
        expect(once.came).not.toBe('“”')
        expect(await (await Day.begun(forgets)).says(text)).toEqual(once)
      }),
      { numRuns: 120 },
    )
  })
})

describe('many todos at once', () => {
  it('[TE10] as many as a list shows are dealt with; how many are left is said, and can be said again', async () => {
    const talk = new Talk(NOW)
    const draft: Omit<TodoDraft, 'item'> = {
      start_time: '2026-12-01T09:00:00Z',
      end_time: null,
      importance: 'low',
      tags: [],
    }
    for (let i = 0; i < 60; i++) talk.todos.add({ ...draft, item: `thing ${i}` }, NOW)
    const answer = await talk.say('delete everything')
    expect(answer).toMatch(/^Deleted 50 todos:/)
    expect(answer).toMatch(/There are 10 more: say it again for them\.$/)
    expect(talk.todos.count()).toBe(10)
    expect(await talk.say('delete everything')).toMatch(/^Deleted 10 todos:/)
    expect(await talk.say('delete everything')).toBe('You have no todos, so nothing was deleted.')
  })

  it('[TE10] several of one name are told with their days, without ids, and nothing is done', async () => {
    const talk = new Talk(NOW)
    await talk.say('Add call Zoe tomorrow at 3pm and call Zoe on Friday at 10')
    expect(await talk.say('delete call Zoe')).toBe(
      'I could not delete “call Zoe”: Several todos match “call Zoe”: “call Zoe” (Sunday 29 November 2026, 15:00), ' +
        '“call Zoe” (Friday 4 December 2026, 10:00). Say which one is meant, by its day or its time.',
    )
    expect(await talk.say('delete call Zoe at 10')).toBe('Deleted “call Zoe” (Friday 4 December 2026, 10:00).')
  })

  it('[TE10] when no tool is left to call, it says what was done and that the rest was not', async () => {
    const talk = new Talk(NOW)
    await talk.say('Add gym tomorrow at 7')
    const messages = [
      { role: 'user', content: 'delete everything' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'c', name: 'list_todos', arguments: '{}' }],
      },
      {
        role: 'tool',
        callId: 'c',
        name: 'list_todos',
        content: JSON.stringify({ todos: talk.todos.list(), total: 1 }),
      },
    ] as const
    expect(playTodo(request(messages))?.calls).toEqual([{ name: 'delete_todo', arguments: { todo_id: 't1' } }])
    expect(playTodo(request(messages, { tools: [], toolChoice: 'none' }))).toEqual({
      text: 'Not everything was done: say the rest again.',
      calls: [],
    })
  })
})
