import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelMessage, ModelRequest } from '../../src/core/model.ts'
import { adaptRequest, JSON_ONLY } from '../../src/providers/adapt-request.ts'
import { ask } from './helpers.ts'
import { messagesArb } from './talk.ts'

const TOOL = { name: 'f', description: 'Does f.', parameters: { type: 'object' } }
const STRICT = { strictToolTalk: true } as const
const request = (messages: readonly ModelMessage[], more: Partial<ModelRequest> = {}): ModelRequest => ({
  ...ask(),
  messages,
  ...more,
})
const idsOf = (messages: readonly ModelMessage[]) => ({
  called: messages.flatMap((one) => (one.role === 'assistant' ? (one.toolCalls ?? []).map(({ id }) => id) : [])),
  answered: messages.flatMap((one) => (one.role === 'tool' ? [one.callId] : [])),
})

describe('a kind that is strict about tools', () => {
  test.each([
    ['there are none', { tools: [], toolChoice: 'auto' }],
    ['none may be called', { tools: [TOOL], toolChoice: 'none' }],
  ] as const)('[PR4] when %s, calls and outputs are told in words and nothing of them is lost', (_, more) => {
    fc.assert(
      fc.property(messagesArb, (messages) => {
        const adapted = adaptRequest(request(messages, more), STRICT).messages
        expect(idsOf(adapted)).toEqual({ called: [], answered: [] })
        const words = adapted.map(({ content }) => content).join('\n')
        for (const { content } of messages) expect(words).toContain(content)
        const outputs = messages.filter(({ role }) => role === 'tool')
        for (const { name, content } of outputs.filter((one) => one.role === 'tool')) {
          expect(words).toContain(`Output of ${name}(`)
          expect(words).toContain(`):\n${content}`)
        }
      }),
    )
  })

  test('[PR4] the words say with which arguments a tool was called', () => {
    const messages: readonly ModelMessage[] = [
      { role: 'user', content: 'How deep?' },
      { role: 'assistant', content: 'Let me see.', toolCalls: [{ id: '1', name: 'f', arguments: '{"x":1}' }] },
      { role: 'tool', callId: '1', name: 'f', content: '3 m' },
      { role: 'tool', callId: '2', name: 'g', content: '4 m' },
    ]
    expect(adaptRequest(request(messages), STRICT).messages).toEqual([
      { role: 'user', content: 'How deep?' },
      { role: 'assistant', content: 'Let me see.' },
      { role: 'user', content: 'Output of f({"x":1}):\n3 m\n\nOutput of g():\n4 m' },
    ])
  })

  test('[PR4] otherwise ids get its alphabet, so that outputs still belong to their calls', () => {
    fc.assert(
      fc.property(messagesArb, (messages) => {
        const adapted = adaptRequest(request(messages, { tools: [TOOL] }), STRICT).messages
        const { called, answered } = idsOf(adapted)
        expect(answered).toEqual(called)
        for (const id of called) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
        const before = idsOf(messages).called
        for (const [i, id] of before.entries()) {
          expect(before.indexOf(id)).toBe(called.indexOf(called[i] ?? ''))
          if (/^[\w-]{1,64}$/.test(id)) expect(called[i]).toBe(id)
        }
      }),
    )
  })
})

describe('answers in JSON', () => {
  test('[PR4] a kind without a switch is told in words, behind the system messages', () => {
    const messages: readonly ModelMessage[] = [
      { role: 'system', content: 's' },
      { role: 'user', content: 'u' },
    ]
    const adapted = adaptRequest(request(messages, { sampling: { json: true } }), { jsonInWords: true })
    expect(adapted.messages).toEqual([messages[0], { role: 'system', content: JSON_ONLY }, messages[1]])
  })
})

test('[PR4] where there is nothing to change, the request stays as it is', () => {
  fc.assert(
    fc.property(messagesArb, (messages) => {
      const given = request(messages, { sampling: { json: true } })
      expect(adaptRequest(given, {})).toBe(given)
    }),
  )
  const plain = request([{ role: 'user', content: 'u' }])
  expect(adaptRequest(plain, { strictToolTalk: true, jsonInWords: true })).toBe(plain)
})
