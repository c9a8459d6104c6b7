import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { commandOf as parse } from '../../src/dialects/openai-request.ts'
import { codeOf } from './openai-support.ts'

const isAgent = (name: string): boolean => name === 'todo'
const commandOf = (body: unknown) => parse(body, isAgent)
const USER = { role: 'user', content: 'Why?' }
const PLAIN = { model: 'freshet', messages: [USER] }

function sampled(more: object) {
  return commandOf({ ...PLAIN, ...more }).command.sampling
}

const tool = (name: string, more: object = {}) => ({ type: 'function', function: { name, ...more } })

describe('a request of D6', () => {
  it('[OA6] the plainest: all of a command by its defaults, no cache, and five minutes', () => {
    const request = commandOf({ ...PLAIN, user: 'u', metadata: { a: 'b' }, store: true, unheard_of: [1] })
    expect(request).toMatchObject({ stream: false, includeUsage: false, model: 'freshet' })
    expect(request.command).toMatchObject({
      requestId: null,
      conversationId: null,
      agent: 'assistant',
      model: null,
      history: [],
      after: [],
      tools: [],
      toolChoice: 'auto',
      sampling: {},
      streamConfig: { cache: 'off' },
      config: { timeout: 300, routing_strategy: 'intelligent' },
    })
  })

  it('[OA6] a `config` as in D1 counts, and only its own timeout replaces the five minutes', () => {
    const config = (given: unknown) => commandOf({ ...PLAIN, config: given }).command.config
    expect(config(null).timeout).toBe(300)
    expect(config({ routing_strategy: 'priority' })).toMatchObject({ routing_strategy: 'priority', timeout: 300 })
    expect(config({ timeout: null }).timeout).toBe(300)
    expect(config({ timeout: 5, cost_limit: 0.1 })).toMatchObject({ timeout: 5, cost_limit: 0.1 })
    expect(codeOf(() => config({ timeout: LIMITS.timeoutS + 1 }))).toBe('bad_request')
    expect(codeOf(() => config([]))).toBe('bad_request')
  })

  it('[OA3] `freshet` leaves the choice to the router, `freshet/<agent>` names an agent, all else is a wish', () => {
    const chosen = (model: string) => {
      const { command, model: shown } = commandOf({ ...PLAIN, model })
      return { agent: command.agent, model: command.model, shown }
    }
    expect(chosen('freshet')).toEqual({ agent: 'assistant', model: null, shown: 'freshet' })
    expect(chosen('')).toEqual({ agent: 'assistant', model: null, shown: 'freshet' })
    expect(chosen('freshet/todo')).toEqual({ agent: 'todo', model: null, shown: 'freshet/todo' })
    expect(chosen('gpt-4o')).toEqual({ agent: 'assistant', model: 'gpt-4o', shown: 'gpt-4o' })
    expect(chosen('meta/llama-3')).toEqual({ agent: 'assistant', model: 'meta/llama-3', shown: 'meta/llama-3' })
    for (const model of ['freshet/', 'freshet/nobody', 'freshet/todo/x']) {
      expect(codeOf(() => chosen(model))).toBe('unknown_agent')
    }
    for (const none of [{}, { model: null }]) {
      expect(commandOf({ messages: [USER], ...none })).toMatchObject({ command: { model: null }, model: 'freshet' })
    }
    expect(codeOf(() => chosen('x'.repeat(LIMITS.idChars + 1)))).toBe('bad_request')
  })

  it('[OA3] ids of ours are taken, and checked', () => {
    const { command } = commandOf({ ...PLAIN, request_id: 'r-1', conversation_id: 'c:1' })
    expect(command).toMatchObject({ requestId: 'r-1', conversationId: 'c:1' })
    expect(commandOf({ ...PLAIN, request_id: '', conversation_id: '' }).command).toMatchObject({
      requestId: null,
      conversationId: null,
    })
    for (const id of ['a b', 'x\n', 5]) {
      expect(codeOf(() => commandOf({ ...PLAIN, request_id: id }))).toBe('bad_request')
      expect(codeOf(() => commandOf({ ...PLAIN, conversation_id: id }))).toBe('bad_request')
    }
  })

  it('[OA4] how words are chosen', () => {
    expect(sampled({ temperature: 0, top_p: 0.5, seed: 0, presence_penalty: 0, frequency_penalty: -2 })).toEqual({
      temperature: 0,
      topP: 0.5,
      seed: 0,
      presencePenalty: 0,
      frequencyPenalty: -2,
    })
    expect(sampled({ max_tokens: 5 })).toEqual({ maxOutputTokens: 5 })
    expect(sampled({ max_tokens: 5, max_completion_tokens: 6 })).toEqual({ maxOutputTokens: 6 })
    expect(sampled({ stop: '\n' })).toEqual({ stop: ['\n'] })
    expect(sampled({ stop: ['a', 'b'] })).toEqual({ stop: ['a', 'b'] })
    const nothing = ['temperature', 'top_p', 'max_tokens', 'max_completion_tokens', 'stop', 'seed', 'response_format']
    expect(sampled(Object.fromEntries(nothing.map((name) => [name, null])))).toEqual({})
    expect(sampled({ stop: [] })).toEqual({})
    for (const wrong of [
      { temperature: 2.1 },
      { temperature: '1' },
      { top_p: -0.1 },
      { max_tokens: 0 },
      { max_completion_tokens: 1.5 },
      { stop: '' },
      { stop: ['a', 'b', 'c', 'd', 'e'] },
      { seed: 0.5 },
      { presence_penalty: 3 },
    ]) {
      expect(
        codeOf(() => sampled(wrong)),
        JSON.stringify(wrong),
      ).toBe('bad_request')
    }
  })

  it('[OA5] JSON is asked for, and a schema is told to the model with the first instructions', () => {
    expect(sampled({ response_format: { type: 'text' } })).toEqual({})
    expect(sampled({ response_format: { type: 'json_object' } })).toEqual({ json: true })
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    const told = (messages: readonly object[]) => {
      const format = { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } }
      const { command } = commandOf({ model: '', messages, response_format: format })
      expect(command.sampling).toEqual({ json: true })
      return command.history?.map(({ role, content }) => (content.includes(JSON.stringify(schema)) ? 'schema' : role))
    }
    const [system, assistant] = ['system', 'assistant'].map((role) => ({ role, content: 'x' }))
    if (system === undefined || assistant === undefined) throw new Error('no messages')
    expect(told([USER])).toEqual(['schema'])
    expect(told([system, USER])).toEqual(['system', 'schema'])
    expect(told([system, USER, assistant, system, USER])).toEqual(['system', 'schema', 'user', 'assistant', 'system'])
    const bare = { type: 'json_schema', json_schema: { name: 'any' } }
    expect(commandOf({ ...PLAIN, response_format: bare }).command).toMatchObject({
      history: [],
      sampling: { json: true },
    })
    const long = { type: 'json_schema', json_schema: { schema: { title: 'x'.repeat(LIMITS.toolSchemaChars) } } }
    expect(codeOf(() => sampled({ response_format: long }))).toBe('bad_request')
    expect(codeOf(() => sampled({ response_format: { type: 'xml' } }))).toBe('bad_request')
  })

  it('[OA4] what nothing here can do is refused, and its default is not', () => {
    const cases: readonly [string, readonly unknown[], readonly unknown[]][] = [
      ['n', [null, 1], [2, 0, '1']],
      ['logprobs', [null, false], [true]],
      ['top_logprobs', [null, 0], [2]],
      ['logit_bias', [null, {}], [{ 50256: -100 }]],
      ['audio', [null], [{ voice: 'ash', format: 'wav' }]],
      ['modalities', [null, ['text'], []], [['text', 'audio'], 'text']],
      ['functions', [null, []], [[{ name: 'sum' }]]],
      ['moderation', [null], [{ model: 'x' }]],
      ['web_search_options', [null], [{}]],
      ['stream', [null, true, false], ['yes']],
      ['stream_options', [null, {}, { include_usage: null }, { include_obfuscation: true }], [true]],
      ['parallel_tool_calls', [null, true, false], []],
      ['reasoning_effort', [null, 'high'], []],
    ]
    for (const [name, accepted, refused] of cases) {
      for (const value of accepted) {
        expect(
          codeOf(() => commandOf({ ...PLAIN, [name]: value })),
          name,
        ).toBe('nothing thrown')
      }
      for (const value of refused)
        expect(
          codeOf(() => commandOf({ ...PLAIN, [name]: value })),
          name,
        ).toBe('bad_request')
    }
    expect(() => commandOf({ ...PLAIN, n: 2 })).toThrow('`n`: one choice is given for each request. Leave it out.')
  })

  it('[OA8] whether it streams, and whether with usage', () => {
    const asked = commandOf({ ...PLAIN, stream: true, stream_options: { include_usage: true } })
    expect(asked).toMatchObject({ stream: true, includeUsage: true })
    expect(commandOf({ ...PLAIN, stream: true })).toMatchObject({ stream: true, includeUsage: false })
  })

  it('[AG5] tools of the caller, with the schema of an object each', () => {
    const parameters = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] }
    const { command } = commandOf({
      ...PLAIN,
      tools: [
        tool('sum', { description: 'Adds.', parameters, strict: true }),
        tool('now'),
        tool('x', { parameters: { required: ['a'] } }),
      ],
      tool_choice: { type: 'function', function: { name: 'now' } },
    })
    const none = { type: 'object', properties: {} }
    expect(command.tools).toEqual([
      { name: 'sum', description: 'Adds.', parameters },
      { name: 'now', description: '', parameters: none },
      { name: 'x', description: '', parameters: { ...none, required: ['a'] } },
    ])
    expect(command.toolChoice).toEqual({ name: 'now' })
    for (const choice of ['none', 'auto', 'required'] as const) {
      const given = commandOf({ ...PLAIN, tools: [tool('sum')], tool_choice: choice })
      expect(given.command.toolChoice).toBe(choice)
    }
  })

  it('[AG5] tools that cannot be, or not be told apart, are refused', () => {
    const code = (more: object) => codeOf(() => commandOf({ ...PLAIN, ...more }))
    const named = (name: string) => ({ type: 'function', function: { name } })
    const numbered = (count: number) => Array.from({ length: count }, (_, i) => tool(`t${i}`))
    expect(code({ tools: numbered(LIMITS.callerTools) })).toBe('nothing thrown')
    expect(code({ tools: [tool('sum'), tool('Sum')], tool_choice: named('sum') })).toBe('nothing thrown')
    for (const more of [
      { tools: numbered(LIMITS.callerTools + 1) },
      { tools: [tool('sum'), tool('sum')] },
      { tools: [tool('a b')] },
      { tools: [tool('')] },
      { tools: [tool('sum', { parameters: { type: 'string' } })] },
      { tools: [tool('sum', { parameters: { title: 'x'.repeat(LIMITS.toolSchemaChars) } })] },
      { tools: [tool('sum', { description: 'x'.repeat(LIMITS.toolSchemaChars + 1) })] },
      { tools: [{ type: 'custom', custom: { name: 'sum' } }] },
      { tool_choice: 'required' },
      { tools: [tool('sum')], tool_choice: named('mul') },
      { tools: [tool('sum')], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } } },
      { tools: [tool('sum')], tool_choice: 'sum' },
    ]) {
      expect(code(more), JSON.stringify(more).slice(0, 80)).toBe('bad_request')
    }
  })
})
