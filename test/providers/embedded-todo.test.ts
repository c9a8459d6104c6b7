import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { todoAgent } from '../../src/agents/todo/agent.ts'
import { readWhen } from '../../src/agents/todo/when.ts'
import { Zone } from '../../src/agents/todo/zone.ts'
import type { ModelMessage, ToolChoice } from '../../src/core/model.ts'
import { playTodo, readTodos } from '../../src/providers/embedded-todo.ts'
import { takeTime } from '../../src/providers/embedded-todo-times.ts'
import { anyText } from '../support/any-text.ts'
import { request, Talk } from '../support/todo-talk.ts'

/** A Friday, 14:30 in Berlin. */
const NOW = Date.parse('2026-11-20T13:30:00Z')

/** The calls that a prompt leads to, shortly: `create_todo {…}`. */
function calls(prompt: string): readonly unknown[] {
  return readTodos(prompt)
    .steps.flatMap(({ first }) => first)
    .map(({ name, arguments: args }) => [name, args])
}

const create = (item: string, start_time: string | null, more: object = {}): unknown => [
  'create_todo',
  { item, ...(start_time !== null && { start_time }), ...more },
]
const update = (item: string, changes: object, more: object = {}): unknown => [
  'update_todo',
  { item, ...more, changes },
]
const complete = (item: string): unknown => ['complete_todo', { item }]
const remove = (item: string): unknown => ['delete_todo', { item }]
const list = (args: object = {}): unknown => ['list_todos', args]
const search = (query: string): unknown => ['search_todos', { query }]
const free = (args: object = {}): unknown => ['find_free_time', args]

const CREATIONS: readonly [string, ...unknown[]][] = [
  [
    'Add buy milk tomorrow at 2pm and call mom on Friday at 10, high importance, tag family',
    create('buy milk', 'tomorrow at 2pm'),
    create('call mom', 'on Friday at 10', { importance: 'high', tags: ['family'] }),
  ],
  ['Add buy milk', create('buy milk', null)],
  ['Add buy milk and eggs tomorrow', create('buy milk and eggs', 'tomorrow')],
  ['Buy milk tomorrow at 2pm', create('Buy milk', 'tomorrow at 2pm')],
  ['dentist on Monday at 9', create('dentist', 'on Monday at 9')],
  ['Remind me tomorrow at 9 to call mom', create('call mom', 'tomorrow at 9')],
  ['I need to pick up the kids at 3pm', create('pick up the kids', 'at 3pm')],
  ['Don’t forget to buy bread tomorrow!', create('buy bread', 'tomorrow')],
  ['Create a todo to call the dentist on Monday from 9 to 11', create('call the dentist', 'on Monday from 9 to 11')],
  [
    'Schedule a meeting with Bob next Tuesday at 3pm for 1 hour',
    create('meeting with Bob', 'next Tuesday at 3pm', { end_time: '60 minutes' }),
  ],
  [
    'Could you please add "buy milk, then call mom" to my list for tomorrow?',
    create('buy milk, then call mom', 'tomorrow'),
  ],
  [
    'Add todo: submit the tax report by next Friday at 5pm, urgent, tags: work, money',
    create('submit the tax report', 'next Friday at 5pm', { importance: 'high', tags: ['work', 'money'] }),
  ],
  ['Add pay rent on the 1st tagged home and money', create('pay rent', 'on the 1st', { tags: ['home', 'money'] })],
  ['Add water plants #home low priority', create('water plants', null, { importance: 'low', tags: ['home'] })],
  ['Add prepare the Monday meeting tomorrow at 9', create('prepare the Monday meeting', 'tomorrow at 9')],
  ['Add march to the shop on Sunday', create('march to the shop', 'on Sunday')],
  ['Add read 10-12 pages tomorrow', create('read 10-12 pages', 'tomorrow')],
  [
    'Add buy milk, call mom and walk the dog tomorrow',
    create('buy milk', 'tomorrow'),
    create('call mom', 'tomorrow'),
    create('walk the dog', 'tomorrow'),
  ],
  ['Add three todos: milk, eggs, bread', create('milk', null), create('eggs', null), create('bread', null)],
  [
    'Add these:\n- buy milk tomorrow\n- call mom on Friday at 10',
    create('buy milk', 'tomorrow'),
    create('call mom', 'on Friday at 10'),
  ],
]

const OTHERS: readonly [string, ...unknown[]][] = [
  ['What do I have this week?', list({ from: 'this week' })],
  ['show my open todos', list({ status: 'pending' })],
  ['list my completed tasks', list({ status: 'completed' })],
  ['show todos tagged family', list({ tag: 'family' })],
  ['what are my high priority tasks?', list({ importance: 'high' })],
  ['What is planned for today and tomorrow?', list({ from: 'today', to: 'tomorrow' })],
  ['what is overdue?', list({ status: 'pending', to: 'now' })],
  ['todos', list()],
  ['find todos about milk', search('milk')],
  ['search for the dentist', search('dentist')],
  ['what todos do I have about milk?', search('milk')],
  ['when is the dentist appointment?', search('dentist appointment')],
  ['mark buy milk as done', complete('buy milk')],
  ['buy milk is done', complete('buy milk')],
  ['I finished the report', complete('report')],
  ['mark buy milk and call mom as done', complete('buy milk'), complete('call mom')],
  ['reopen buy milk', update('buy milk', { status: 'pending' })],
  ['rename buy milk to buy oat milk', update('buy milk', { item: 'buy oat milk' })],
  ['move buy milk to Saturday 3pm', update('buy milk', { start_time: 'Saturday 3pm' })],
  [
    'move the dentist on Monday to Tuesday at 3',
    update('dentist', { start_time: 'Tuesday at 3' }, { on: 'on Monday' }),
  ],
  ['reschedule call mom to 5pm', update('call mom', { start_time: '5pm' })],
  ['move lunch to 1pm for 30 minutes', update('lunch', { start_time: '1pm', end_time: '30 minutes' })],
  ['set the priority of buy milk to high', update('buy milk', { importance: 'high' })],
  ['make buy milk low priority', update('buy milk', { importance: 'low' })],
  ['tag buy milk with shopping and home', update('buy milk', { add_tags: ['shopping', 'home'] })],
  ['remove tag home from buy milk', update('buy milk', { remove_tags: ['home'] })],
  ['delete the dentist', remove('dentist')],
  ['delete the dentist and the gym', remove('dentist'), remove('gym')],
  ['delete "add milk"', remove('add milk')],
  ['when am I free tomorrow for 2 hours?', free({ from: 'tomorrow', duration_minutes: 120 })],
  ['find a free 90 minute slot on Friday', free({ from: 'on Friday', duration_minutes: 90 })],
  ['do I have time tomorrow afternoon?', free({ from: 'tomorrow afternoon' })],
]

const MIXED: readonly [string, ...unknown[]][] = [
  [
    'add water the plants tomorrow, and complete buy milk',
    create('water the plants', 'tomorrow'),
    complete('buy milk'),
  ],
  [
    'Add buy milk tomorrow and finish the report on Friday',
    create('buy milk', 'tomorrow'),
    create('finish the report', 'on Friday'),
  ],
  ['Delete the gym. Then show my todos.', remove('gym'), list()],
  ['Add call Mr. Smith at 5 p.m. Delete milk.', create('call Mr. Smith', 'at 5 p.m.'), remove('milk')],
  [
    'move the meeting to next Monday at 9am and delete the gym',
    update('meeting', { start_time: 'next Monday at 9am' }),
    remove('gym'),
  ],
  [
    'Add a task to finish the report tomorrow, mark the review as done, then tell me what is left',
    create('finish the report', 'tomorrow'),
    complete('review'),
    list({ status: 'pending' }),
  ],
]

describe('plain English', () => {
  it.each(CREATIONS)('[AG9] wishes for todos: %s', (prompt, ...expected) => {
    expect(calls(prompt)).toEqual(expected)
  })

  it.each(OTHERS)('[AG9] asks and changes: %s', (prompt, ...expected) => {
    expect(calls(prompt)).toEqual(expected)
  })

  it.each(MIXED)('[AG9] several things, in their order: %s', (prompt, ...expected) => {
    expect(calls(prompt)).toEqual(expected)
  })

  it.each(['tell me a joke', 'add', 'gym tomorrow?', 'everything tomorrow'])(
    '[TE1] what is not understood is named, and nothing is guessed: %s',
    (prompt) => {
      expect(readTodos(prompt)).toEqual({ steps: [], unclear: [prompt.replace('?', '')] })
      expect(playTodo(request([{ role: 'user', content: prompt }]))).toMatchObject({
        calls: [],
        text: expect.stringMatching(/did not understand.*Add buy milk tomorrow/s),
      })
    },
  )

  it('[TE1] what can be done is done beside what is not understood', () => {
    const prompt = 'Add milk tomorrow. Sing a song. Delete the gym.'
    expect(calls(prompt)).toEqual([create('milk', 'tomorrow'), remove('gym')])
    expect(readTodos(prompt).unclear).toEqual(['Sing a song'])
  })

  it('[TE2] more than 25 things at once are told, not dropped', () => {
    const prompt = `Add these:\n${Array.from({ length: 30 }, (_, i) => `- thing ${i} tomorrow`).join('\n')}`
    const { steps, unclear } = readTodos(prompt)
    expect(steps).toHaveLength(25)
    expect(unclear).toEqual(['thing 25', 'thing 26', 'thing 27', 'thing 28', 'thing 29'])
  })

  it('[TE3] any text is read, the same each time', () => {
    const words = fc.constantFrom(
      'add',
      'delete',
      'mark',
      'and',
      ',',
      '.',
      ':',
      '"',
      '\n- ',
      'tomorrow',
      'at',
      '5',
      'tag',
      '#x',
      'as done',
      'move',
      'to',
      'free',
      'what',
      '\uE000',
      '1.',
      '$&',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          anyText({ maxLength: 60 }),
          fc.array(words, { maxLength: 14 }).map((all) => all.join(' ')),
        ),
        (text) => {
          const read = readTodos(text)
          const calls = read.steps.flatMap(({ first }) => first)
          const again = readTodos(text)
          expect(again.steps.flatMap(({ first }) => first)).toEqual(calls)
          expect(again.unclear).toEqual(read.unclear)
          for (const { name, arguments: args } of calls) {
            const tool = todoAgent.tools.find((one) => one.name === name)
            const parsed = tool?.input.safeParse(args)
            expect({ text, args, ok: parsed?.success }).toEqual({ text, args, ok: true })
          }
        },
      ),
    )
  })

  it('[TE3] a prompt of repeated words is read without delay', () => {
    for (const word of [
      'and add ',
      'tomorrow ',
      'at 5 ',
      'mark x as ',
      '"',
      'tags: a, ',
      'move x to ',
      'a ',
      ', ',
      'in 2 ',
      '\uE000',
      'from monday to ',
      'move all and it to ',
      'tomorrow and tag it ',
      'update x: start 4pm, ',
      'is x done and ',
      'at 5 Xx time ',
      'an hour later by 2 days ',
    ]) {
      const began = performance.now()
      readTodos(word.repeat(4000 / word.length))
      expect({ word, slow: performance.now() - began > 2000 }).toEqual({ word, slow: false })
    }
  })
})

describe('times in a sentence', () => {
  const day = fc.constantFrom(
    'tomorrow',
    'today',
    'on Friday',
    'next Monday',
    'this Saturday',
    'on the 25th',
    'December 24',
    '2026-12-24',
    'the day after tomorrow',
    'in 3 days',
    'on 3 March',
  )
  const time = fc.constantFrom(
    '',
    'at 2pm',
    'at 10',
    'at 9:30',
    '14:30',
    'from 9 to 11',
    'between 2 and 4',
    'at noon',
    'at half past 8',
  )
  const item = fc.constantFrom(
    'buy milk',
    'call mom',
    'read chapter seven',
    'a walk in the park',
    'pay 20 euros to Ann',
    'meeting with Bob',
  )

  it('[TE4] are found whole, wherever they stand, and the todo tools read them', () => {
    const zone = new Zone('Europe/Berlin')
    fc.assert(
      fc.property(item, day, time, fc.nat(2), (what, on, at, order) => {
        const phrase = `${on} ${at}`.trim()
        const sentence =
          [`${what} ${phrase}`, `${phrase} ${what}`, at === '' ? `${what} ${on}` : `${on} ${what} ${at}`][order] ?? ''
        const { words, rest } = takeTime(sentence)
        expect({ sentence, rest }).toEqual({ sentence, rest: what })
        const meant = readWhen(phrase, { now: NOW, zone })
        expect({ phrase, meant }).not.toEqual({ phrase, meant: null })
        expect({ words, meant: readWhen(words ?? '', { now: NOW, zone }) }).toEqual({ words, meant })
      }),
    )
  })

  it.each([
    'buy 7 apples',
    'march to the shop',
    'enjoy the sun',
    'a second try',
    'version 2.10.3',
    'may I',
    'call 555-1234',
  ])('[TE4] are not found where none is: %s', (sentence) => {
    expect(takeTime(sentence)).toEqual({ words: null, rest: sentence })
  })
})

describe('the embedded todo agent', () => {
  it('[TE5] does what is asked and says what was done, with times that people read', async () => {
    const talk = new Talk(NOW)
    expect(
      await talk.say('Add buy milk tomorrow at 2pm and call mom on Friday at 10, high importance, tag family'),
    ).toBe(
      '- Added “buy milk” for Saturday 21 November 2026, 14:00.\n' +
        '- Added “call mom” for Friday 27 November 2026, 10:00 (high importance, tagged family).',
    )
    expect(await talk.say('What do I have this week?')).toBe(
      'You have 1 todo for this week:\n- buy milk: Saturday 21 November 2026, 14:00',
    )
    expect(await talk.say('move buy milk to Saturday 3pm')).toBe(
      'Changed “buy milk”: it is now on Saturday 21 November 2026, 15:00.',
    )
    expect(await talk.say('when am I free tomorrow for 2 hours?')).toBe(
      'You are free for 2 hours at these times:\n' +
        '- Saturday 21 November 2026, 09:00–15:00\n- Saturday 21 November 2026, 16:00–18:00',
    )
    expect(await talk.say('mark buy milk as done')).toBe('Marked “buy milk” as done.')
    expect(await talk.say('show my open todos')).toBe(
      'You have 1 todo that is open:\n- call mom: Friday 27 November 2026, 10:00 (high importance, tagged family)',
    )
    expect(await talk.say('delete call mom')).toBe('Deleted “call mom” (Friday 27 November 2026, 10:00).')
    expect(talk.todos.list().map(({ item, status }) => [item, status])).toEqual([['buy milk', 'completed']])
  })

  it('[TE5] says plainly what did not work, beside what did', async () => {
    const talk = new Talk(NOW)
    expect(await talk.say('Add gym tomorrow and delete the dentist')).toBe(
      '- Added “gym” for Saturday 21 November 2026, 09:00.\n' +
        '- I could not delete “dentist”: No todo matches “dentist”. No other is similar to it.',
    )
    expect(await talk.say('find todos about unicorns')).toBe('You have no todos that match “unicorns”.')
    expect(await talk.say('Add a walk tomorrow. Sing a song.')).toBe(
      'Added “walk” for Saturday 21 November 2026, 09:00.\n\n' +
        'I did nothing about “Sing a song”: I did not understand it. Say it in another way.',
    )
  })

  it('[TE6] has no part where there are no todo tools, and none in a call that it is not to make', () => {
    const messages: readonly ModelMessage[] = [{ role: 'user', content: 'Add milk' }]
    const choose = (toolChoice: ToolChoice) => playTodo(request(messages, { toolChoice }))
    expect(playTodo(request(messages, { tools: [] }))).toBeNull()
    expect(choose('none')).toBeNull()
    expect(choose({ name: 'list_todos' })).toBeNull()
    expect(choose({ name: 'create_todo' })?.calls).toHaveLength(1)
    expect(choose('required')?.calls).toHaveLength(1)
  })

  it('[TE6] answers by the outputs also in the last turn, without tools', () => {
    const call = { id: 'c', name: 'complete_todo', arguments: '{"item":"milk"}' }
    const messages: readonly ModelMessage[] = [
      { role: 'user', content: 'mark milk as done' },
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', callId: 'c', name: 'complete_todo', content: '{"error":"The tool took too long."}' },
    ]
    expect(playTodo(request(messages, { tools: [], toolChoice: 'none' }))).toEqual({
      text: 'I could not mark “milk” as done: The tool took too long.',
      calls: [],
    })
  })

  it('[TE6] says hello with examples', () => {
    expect(playTodo(request([{ role: 'user', content: 'Hello!' }]))?.text).toMatch(/^I keep your todos/)
  })
})
