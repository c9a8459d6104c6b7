import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { privateKeyOf } from '../../src/core/ids.ts'
import { newSession, todoRequestOf } from '../../src/dialects/todo-request.ts'
import { anyText } from '../support/any-text.ts'

const ADD = { role: 'user', content: 'Add milk' }
const PRIVATE = `p${'0a'.repeat(16)}`

function refused(raw: unknown, userId: string | null = 'ann'): { code: string; message: string } {
  try {
    todoRequestOf(raw, userId)
  } catch (error) {
    if (error instanceof FreshetError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error(`it was taken: ${JSON.stringify(raw)}`)
}

describe('the body of the todo agent', () => {
  it('[TR1] one message is the prompt of the todo agent; its history is the session’s', () => {
    expect(todoRequestOf({ messages: [ADD] }, 'ann')).toMatchObject({
      batching: false,
      command: {
        prompt: 'Add milk',
        history: null,
        agent: 'todo',
        closing: true,
        conversationId: null,
        requestId: null,
        timeZone: null,
        model: null,
        config: { timeout: 120 },
      },
    })
    const more = { session_id: 's-1', request_id: 'r-1', batch: true, time_zone: 'Asia/Tokyo', model: 'paced', x: 1 }
    expect(todoRequestOf({ messages: [ADD], ...more }, 'ann')).toMatchObject({
      batching: true,
      command: { conversationId: 's-1', requestId: 'r-1', timeZone: 'Asia/Tokyo', model: 'paced' },
    })
  })

  it('[TR1] fields that are null or empty are as good as left out', () => {
    const empty = { session_id: '', request_id: null, batch: null, time_zone: '', model: null }
    expect(todoRequestOf({ messages: [ADD], ...empty }, 'ann')).toEqual(todoRequestOf({ messages: [ADD] }, 'ann'))
    expect(todoRequestOf({ messages: [ADD], session_id: null }, 'ann').command.conversationId).toBeNull()
  })

  it.each([true, 1, 'true', '1'])(
    '[TR5] batching is asked for by several names, and as any client says yes: %j',
    (yes) => {
      const asked = (more: object) => todoRequestOf({ messages: [ADD], ...more }, 'ann').batching
      for (const name of ['batch', 'batching']) {
        expect(asked({ [name]: yes })).toBe(true)
        expect(asked({ stream_config: { [name]: yes } })).toBe(true)
        for (const no of [false, 0, 'false', '0', '', null]) expect(asked({ [name]: no })).toBe(false)
      }
      expect(asked({ stream_config: null })).toBe(false)
    },
  )

  it('[TR1] the last message of the user is the prompt, what stands before it the history, and the rest nothing', () => {
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'system'),
      content: fc.oneof(anyText(), fc.constantFrom('', ' \n')),
    })
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 30 }),
        anyText(),
        fc.array(message, { maxLength: 15 }),
        (a, said, b) => {
          const after = b.filter(({ role }) => role !== 'user')
          const prompt = `${said}!`
          const { command } = todoRequestOf({ messages: [...a, { role: 'user', content: prompt }, ...after] }, null)
          expect(command.prompt).toBe(prompt)
          expect(command.history).toEqual(a.length === 0 ? null : a.filter(({ content }) => content.trim() !== ''))
        },
      ),
    )
  })

  it.each<[unknown]>([
    [undefined],
    [null],
    ['x'],
    [7],
    [[]],
    [{}],
    [{ messages: null }],
    [{ messages: [] }],
    [{ messages: [], session_id: 'user_bob_1' }],
  ])('[TR2] no messages: %j', (raw) => {
    expect(refused(raw)).toEqual({ code: 'bad_request', message: 'No messages provided' })
  })

  it('[TR2] 50 messages of 10,000 characters are taken, and not one more of either', () => {
    const long = { role: 'user', content: 'x'.repeat(10_000) }
    const most = Array.from({ length: 50 }, () => long)
    expect(todoRequestOf({ messages: most }, 'ann').command.history).toHaveLength(49)
    expect(refused({ messages: [...most, ADD] })).toEqual({
      code: 'bad_request',
      message: '`messages`: at most 50 messages are taken.',
    })
    expect(refused({ messages: [{ role: 'assistant', content: 'x'.repeat(10_001) }, ADD] })).toEqual({
      code: 'bad_request',
      message: '`messages.0.content`: may have at most 10000 characters.',
    })
  })

  it.each<[string, object, string, RegExp]>([
    ['messages that are no list', { messages: 'Add milk' }, 'bad_request', /^`messages`: must be a list/],
    ['a message that is none', { messages: ['Add milk'] }, 'bad_request', /^`messages\.0`/],
    [
      'content in parts',
      { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      'bad_request',
      /must be a string/,
    ],
    ['no content', { messages: [{ role: 'user' }] }, 'bad_request', /`messages\.0\.content`: must be a string/],
    [
      'another role',
      { messages: [{ role: 'tool', content: 'x' }] },
      'bad_request',
      /must be user, assistant or system/,
    ],
    [
      'nothing of the user',
      { messages: [{ role: 'assistant', content: 'x' }] },
      'bad_request',
      /No message of the user/,
    ],
    ['nothing said', { messages: [ADD, { role: 'user', content: ' \n' }] }, 'empty_prompt', /is empty/],
    ['a bad request_id', { messages: [ADD], request_id: 'a b' }, 'bad_request', /^`request_id`/],
    ['a bad batch', { messages: [ADD], batch: 'yes' }, 'bad_request', /^`batch`/],
    ['a bad zone', { messages: [ADD], time_zone: 'x'.repeat(200) }, 'bad_request', /^`time_zone`/],
  ])('[TR2] %s is refused with a sentence', (_, raw, code, words) => {
    expect(refused(raw)).toEqual({ code, message: expect.stringMatching(words) })
  })

  it.each<[string | null, string, boolean]>([
    ['ann', 'user_ann_1', true],
    ['ann', 'user_ann_a-B_9', true],
    ['ann_lee', 'user_ann_lee_1', true],
    ['ann', 'anything-else_7', true],
    ['ann', 'users', true],
    ['ann', 'USER_bob_1', true],
    [null, 'anything', true],
    ['ann', 'x'.repeat(128), true],
    ['ann', 'x'.repeat(129), false],
    ['ann', 'user_bob_1', false],
    ['ann', 'user_annie_1', false],
    ['ann', 'user_ann', false],
    ['ann', 'user_ann_', false],
    ['ann', 'user_', false],
    ['a.n', 'user_axn_1', false],
    [null, 'user_ann_1', false],
    [null, 'user__1', false],
    ['', 'user_bob_1', false],
    ['ann', 'a b', false],
    ['ann', 'a.b', false],
    ['ann', 'a:b', false],
    ['ann', 'user_ann_1\n', false],
    ['ann', 'sessiön', false],
  ])('[TR3] a session of %j: %j', (userId, session_id, isTaken) => {
    const raw = { messages: [ADD], session_id }
    if (isTaken) expect(todoRequestOf(raw, userId).command.conversationId).toBe(session_id)
    else expect(refused(raw, userId)).toEqual({ code: 'forbidden', message: 'Access denied: Invalid session' })
  })

  it.each([7, {}, ['user_ann_1'], true])('[TR3] a session that is no text: %j', (session_id) => {
    expect(refused({ messages: [ADD], session_id }).message).toBe('Access denied: Invalid session')
  })

  it('[TR3] a new session is taken from its own caller and, where it tells whose it is, from nobody else', () => {
    const userId = fc.oneof(
      fc.stringMatching(/^[a-zA-Z0-9_-]{1,128}$/),
      anyText().filter((text) => text !== ''),
    )
    fc.assert(
      fc.property(userId, (own) => {
        const session_id = newSession(own, null)
        expect(todoRequestOf({ messages: [ADD], session_id }, own).command.conversationId).toBe(session_id)
        expect(session_id.startsWith('user_')).toBe(/^[a-zA-Z0-9_-]{1,86}$/.test(own))
        if (session_id.startsWith('user_'))
          expect(refused({ messages: [ADD], session_id }, 'x!').code).toBe('forbidden')
      }),
    )
    const session_id = newSession(null, PRIVATE)
    expect(privateKeyOf(session_id)).toBe(PRIVATE)
    expect(todoRequestOf({ messages: [ADD], session_id }, null).command.conversationId).toBe(session_id)
  })

  it('[TR2] any JSON is taken or refused with a sentence, and nothing else happens', () => {
    const field = (own: fc.Arbitrary<unknown>) => fc.oneof(own, fc.jsonValue())
    const raw = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          messages: field(fc.array(fc.record({ role: field(fc.constant('user')), content: field(anyText()) }))),
          session_id: field(fc.constantFrom('s', 'user_ann_1')),
          request_id: field(fc.constant('r')),
          batch: field(fc.boolean()),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(raw, (body) => {
        try {
          expect(todoRequestOf(body, 'ann').command.prompt.trim()).not.toBe('')
        } catch (error) {
          if (!(error instanceof FreshetError)) throw error
          expect(['bad_request', 'empty_prompt', 'forbidden']).toContain(error.code)
          expect(error.message.length).toBeLessThan(200)
        }
      }),
    )
  })
})
