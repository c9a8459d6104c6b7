import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import type { ModelMessage } from '../../src/core/model.ts'
import { commandOf as parse } from '../../src/dialects/openai-request.ts'
import { anyText } from '../support/any-text.ts'
import { codeOf } from './openai-support.ts'

const commandOf = (body: unknown) => parse(body, () => false)
const USER = { role: 'user', content: 'Why?' }
const PLAIN = { model: 'freshet', messages: [USER] }

interface Wired {
  readonly wire: readonly object[]
  readonly turns: readonly ModelMessage[]
}

/** A content and the text that it is: a string or parts. */
const contentArb = fc.oneof(
  anyText({ maxLength: 8 }).map((text) => ({ wire: text as unknown, text })),
  fc.array(anyText({ maxLength: 8 }), { maxLength: 3 }).map((texts) => ({
    wire: texts.map((text) => ({ type: 'text', text })) as unknown,
    text: texts.join('\n'),
  })),
)

function saidBy(role: 'system' | 'developer' | 'user' | 'assistant'): fc.Arbitrary<Wired> {
  const said = role === 'developer' ? ('system' as const) : role
  return contentArb.map(({ wire, text }) => ({
    wire: [{ role, content: wire }],
    turns: [{ role: said, content: text }],
  }))
}

/** An assistant's calls and what they gave back, in any order; ids come again in later rounds. */
const roundArb: fc.Arbitrary<Wired> = fc
  .tuple(
    fc.option(contentArb),
    fc.array(fc.tuple(anyText({ maxLength: 8 }), contentArb), { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([content, made, backwards]) => {
    const calls = made.map(([words], i) => ({ id: `c${i}`, name: `tool_${i}`, arguments: words }))
    const results = made.map(([, { wire, text }], i) => ({
      wire: { role: 'tool', tool_call_id: `c${i}`, content: wire },
      turn: { role: 'tool' as const, callId: `c${i}`, name: `tool_${i}`, content: text },
    }))
    if (backwards) results.reverse()
    const tool_calls = calls.map(({ id, ...rest }) => ({ id, type: 'function', function: rest }))
    return {
      wire: [
        { role: 'assistant', content: content?.wire ?? null, refusal: null, tool_calls },
        ...results.map(({ wire }) => wire),
      ],
      turns: [
        { role: 'assistant', content: content?.text ?? '', toolCalls: calls },
        ...results.map(({ turn }) => turn),
      ],
    }
  })

const notUserArb = fc.oneof(saidBy('system'), saidBy('developer'), saidBy('assistant'), roundArb)
const anyArb = fc.oneof(notUserArb, saidBy('user'))
const promptArb = saidBy('user').filter(({ turns: [turn] }) => turn !== undefined && turn.content.trim() !== '')

function joined(parts: readonly Wired[]): Wired {
  return { wire: parts.flatMap(({ wire }) => wire), turns: parts.flatMap(({ turns }) => turns) }
}

describe('messages of D6', () => {
  it('[OA1] any valid list of them is in the command whole and in order, split at the last one of the user', () => {
    const manyOf = (one: fc.Arbitrary<Wired>) => fc.array(one, { maxLength: 6 }).map(joined)
    fc.assert(
      fc.property(manyOf(anyArb), promptArb, manyOf(notUserArb), (before, prompt, after) => {
        const { command } = commandOf({ model: '', messages: [...before.wire, ...prompt.wire, ...after.wire] })
        expect(command.history).toEqual(before.turns)
        expect(command.prompt).toBe(prompt.turns[0]?.content)
        expect(command.after).toEqual(after.turns)
      }),
    )
  })

  it('[OA1] a refusal of the assistant is its text', () => {
    const refused = { role: 'assistant', content: null, refusal: 'No.' }
    const parts = { role: 'assistant', content: [{ type: 'refusal', refusal: 'No!' }] }
    expect(commandOf({ model: '', messages: [refused, parts, USER] }).command.history).toEqual([
      { role: 'assistant', content: 'No.' },
      { role: 'assistant', content: 'No!' },
    ])
  })

  it('[OA1] without one of the user there is nothing to answer, and an empty one is no prompt', () => {
    const code = (...messages: object[]) => codeOf(() => commandOf({ model: '', messages }))
    expect(code()).toBe('bad_request')
    expect(code({ role: 'system', content: 'x' }, { role: 'assistant', content: 'y' })).toBe('bad_request')
    expect(code({ ...USER, content: ' \n' })).toBe('empty_prompt')
    expect(code({ ...USER, content: [] })).toBe('empty_prompt')
    expect(() => commandOf({ model: '', messages: [{ ...USER, content: ' ' }] })).toThrow(
      "The user's last message is empty",
    )
    expect(code(USER, { ...USER, content: '' })).toBe('empty_prompt')
    expect(code({ role: 'assistant', content: null }, USER)).toBe('bad_request')
    expect(code({ role: 'assistant', content: null, tool_calls: [] }, USER)).toBe('bad_request')
  })

  it('[OA2] a call without a result, and a result without a call, are refused', () => {
    const call = (...ids: string[]) => ({
      role: 'assistant',
      content: null,
      tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'sum', arguments: '' } })),
    })
    const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: '1' })
    const code = (...messages: object[]) => codeOf(() => commandOf({ model: '', messages: [USER, ...messages] }))
    expect(code(call('a'), result('a'))).toBe('nothing thrown')
    expect(code(call('a'))).toBe('bad_request')
    expect(code(call('a', 'b'), result('b'))).toBe('bad_request')
    expect(code(call('a'), USER, result('a'))).toBe('bad_request')
    expect(code(result('a'))).toBe('bad_request')
    expect(code(call('a'), result('a'), result('a'))).toBe('bad_request')
    expect(code(call('a', 'a'), result('a'))).toBe('bad_request')
  })

  it('[OA4] what is no text is refused by a sentence that says so', () => {
    for (const part of [
      { type: 'image_url', image_url: { url: 'data:' } },
      { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
      { type: 'file', file: { file_id: 'f' } },
    ]) {
      const messages = [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, part] }]
      expect(() => commandOf({ model: '', messages })).toThrow(
        '`messages.0.content.1.type`: only text is read here. Leave out images, audio and files.',
      )
    }
  })

  it('[OA4] the old form of calls is refused by a sentence that names the new one', () => {
    const old = { role: 'assistant', content: null, function_call: { name: 'sum', arguments: '' } }
    for (const more of [
      { functions: [{ name: 'sum' }] },
      { messages: [old, USER] },
      { messages: [{ role: 'function', name: 'sum', content: '' }, USER] },
    ]) {
      expect(() => commandOf({ ...PLAIN, ...more })).toThrow(/`tools`|tool\./)
    }
    expect(commandOf({ ...PLAIN, functions: [] }).command.tools).toEqual([])
  })

  it('[OA7] their number and their length are bounded', () => {
    const many = (count: number) => ({ model: '', messages: Array.from({ length: count }, () => USER) })
    for (const more of [1, 2, 500]) {
      expect(commandOf(many(LIMITS.historyMessages + more)).command.history).toHaveLength(LIMITS.historyMessages)
    }
    expect(commandOf(many(LIMITS.messages)).command.history).toHaveLength(LIMITS.historyMessages)
    expect(codeOf(() => commandOf(many(LIMITS.messages + 1)))).toBe('bad_request')

    const long = (chars: number, before = 0) => ({
      model: '',
      messages: [
        { role: 'system', content: 'x'.repeat(before) },
        { role: 'user', content: 'x'.repeat(chars) },
      ],
    })
    expect(commandOf(long(LIMITS.promptChars)).command.prompt).toHaveLength(LIMITS.promptChars)
    expect(codeOf(() => commandOf(long(LIMITS.promptChars + 1)))).toBe('prompt_too_long')
    expect(codeOf(() => commandOf(long(1, 4 * LIMITS.promptChars - 1)))).toBe('nothing thrown')
    expect(codeOf(() => commandOf(long(1, 4 * LIMITS.promptChars)))).toBe('prompt_too_long')
    const words = 'x'.repeat(4 * LIMITS.promptChars)
    const call = { id: 'a', type: 'function', function: { name: 'sum', arguments: words } }
    const round = [
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'a', content: '' },
    ]
    expect(codeOf(() => commandOf({ model: '', messages: [...round, USER] }))).toBe('prompt_too_long')
  })
})
