import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelMessage } from '../../src/core/model.ts'
import { CONTINUE, toPrompt } from '../../src/providers/to-prompt.ts'
import { messagesArb } from './talk.ts'

/** The prompt as our messages again; arguments as they are after a parse. */
function back(prompt: LanguageModelV4Prompt): readonly unknown[] {
  return prompt.flatMap((message): readonly unknown[] => {
    if (message.role === 'system') return [message]
    if (message.role === 'tool') {
      return message.content.map((part) => {
        if (part.type !== 'tool-result' || part.output.type !== 'text') throw new Error(part.type)
        return { role: 'tool', callId: part.toolCallId, name: part.toolName, content: part.output.value }
      })
    }
    const texts = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    const calls = message.content.flatMap((part) =>
      part.type === 'tool-call' ? [{ id: part.toolCallId, name: part.toolName, input: part.input }] : [],
    )
    return [{ role: message.role, content: texts.join(''), calls }]
  })
}

function plain(message: ModelMessage): unknown {
  if (message.role === 'system' || message.role === 'tool') return message
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
  return {
    role: message.role,
    content: message.content,
    calls: calls.map(({ id, name, arguments: text }) => ({ id, name, input: inputOf(text) })),
  }
}

function inputOf(text: string): unknown {
  try {
    const raw: unknown = JSON.parse(text)
    return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? raw : {}
  } catch {
    return {}
  }
}

const isEmpty = (message: ModelMessage): boolean =>
  message.role === 'assistant' && message.content === '' && (message.toolCalls ?? []).length === 0

describe('a prompt', () => {
  test('[PR1] says all messages in their order, system messages first, calls and outputs included', () => {
    fc.assert(
      fc.property(messagesArb, (messages) => {
        const prompt = toPrompt({ messages, prefix: null })
        const system = messages.filter(({ role }) => role === 'system')
        const others = messages.filter((message) => message.role !== 'system' && !isEmpty(message))
        expect(back(prompt)).toEqual([...system, ...others].map(plain))
      }),
    )
  })

  test('[PR1] no two messages of outputs follow on each other, and no message is empty', () => {
    fc.assert(
      fc.property(messagesArb, (messages) => {
        const prompt = toPrompt({ messages, prefix: null })
        for (const [i, message] of prompt.entries()) {
          if (message.role !== 'system') expect(message.content.length).toBeGreaterThan(0)
          if (message.role === 'tool') expect(prompt[i + 1]?.role).not.toBe('tool')
        }
      }),
    )
  })

  test('[PR1] an answer so far comes last, whatever was before it', () => {
    fc.assert(
      fc.property(messagesArb, fc.string({ minLength: 1 }), (messages, prefix) => {
        expect(toPrompt({ messages, prefix })).toEqual([
          ...toPrompt({ messages, prefix: null }),
          { role: 'assistant', content: [{ type: 'text', text: prefix }] },
          { role: 'user', content: [{ type: 'text', text: CONTINUE }] },
        ])
      }),
    )
  })

  test.each([
    ['{"a":1,"b":[null]}', { a: 1, b: [null] }],
    ['', {}],
    ['{"a":', {}],
    ['[1]', {}],
    ['"a"', {}],
    ['null', {}],
    [`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, {}],
  ])('[PR1] arguments %.30s go back as an object', (text, input) => {
    const messages = [{ role: 'assistant' as const, content: '', toolCalls: [{ id: 'i', name: 'f', arguments: text }] }]
    expect(toPrompt({ messages, prefix: null })).toEqual([
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'i', toolName: 'f', input }] },
    ])
  })
})
