import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModelMessage, ModelRequest } from '../../../src/core/model.ts'
import { JSON_ONLY } from '../../../src/providers/adapt-request.ts'
import { ask, PROMPT, run, sse, withServer } from '../helpers.ts'
import { concat } from './frames.ts'
import { KINDS, type KindCase, kindAt } from './kinds.ts'

const TOOL = {
  name: 'get_level',
  description: 'Water level of a river.',
  parameters: { type: 'object', properties: { river: { type: 'string' } }, required: ['river'] },
}
const ARGUMENTS = '{"river":"Inn"}'
const ANSWER = 'The Inn is at three metres.'
/** Of these the mock's tool calls end in a reason that the real service has not; `faults.test.ts` has theirs. */
const NO_TOOL_CALLS: ReadonlySet<string> = new Set(['google', 'google-vertex'])
/** These refuse calls and outputs in a prompt without tools. */
const STRICT: ReadonlySet<string> = new Set(['anthropic', 'amazon-bedrock'])

const mock = new LLMock({ port: 0, host: '127.0.0.1' })
beforeAll(async () => {
  mock.on(
    { userMessage: 'call', hasToolResult: false },
    { toolCalls: [{ id: 'call_1', name: TOOL.name, arguments: ARGUMENTS }] },
  )
  mock.on({ hasToolResult: true }, { content: ANSWER })
  mock.on({ userMessage: /./ }, { content: 'No tool is needed.' })
  await mock.start()
})
afterAll(() => mock.stop())

const withTool = (messages: readonly ModelMessage[], more: Partial<ModelRequest> = {}): ModelRequest => ({
  ...ask(),
  messages,
  tools: [TOOL],
  ...more,
})
const user: ModelMessage = { role: 'user', content: `call ${PROMPT}` }
const called = (id: string): readonly ModelMessage[] => [
  user,
  { role: 'assistant', content: 'Let me see.', toolCalls: [{ id, name: TOOL.name, arguments: ARGUMENTS }] },
  { role: 'tool', callId: id, name: TOOL.name, content: '{"metres":3}' },
]

describe.each(KINDS)('$kind and tools', (kind) => {
  const runHere = (request: ModelRequest) => run(kindAt(kind, mock.url), request)
  const seen = () => mock.getLastRequest()?.body

  test('[PR4] a tool arrives with its name and description', async () => {
    const { text, failure } = await runHere(withTool([{ role: 'user', content: PROMPT }]))
    expect(failure).toBeNull()
    expect(text).toBe('No tool is needed.')
    expect(seen()).toMatchObject({
      tools: [{ type: 'function', function: { name: TOOL.name, description: TOOL.description } }],
    })
  })

  test('[PR4] call and output arrive as what they are, the output with its call', async () => {
    expect((await runHere(withTool(called('call_1')))).text).toBe(ANSWER)
    const body = seen()
    if (body === null || body === undefined || !('messages' in body)) throw new Error('no messages')
    const messages = JSON.stringify(body.messages)
    expect(messages).toContain('Let me see.')
    expect(messages).toContain(TOOL.name)
    expect(messages).toContain('Inn')
    expect(body).toMatchObject({ messages: expect.arrayContaining([expect.objectContaining({ role: 'tool' })]) })
    expect(messages).toMatch(/metres/)
  })

  test.each([
    ['without tools', { tools: [] }],
    ['when none may be called', { toolChoice: 'none' as const }],
  ])('[PR4] outputs are not lost %s', async (_, more) => {
    const { failure } = await runHere(withTool(called('call_1'), more))
    expect(failure).toBeNull()
    expect(JSON.stringify(seen())).toMatch(/metres/)
    if (STRICT.has(kind.kind)) expect(JSON.stringify(seen())).toContain('Output of get_level')
  })
})

test.each(KINDS.filter(({ kind }) => !NO_TOOL_CALLS.has(kind)))(
  '[PR4] $kind: a tool is called, its output told, and there is an answer',
  async (kind) => {
    const provider = kindAt(kind, mock.url)
    const first = await run(provider, withTool([user]))
    const call = first.parts.find((part) => part.type === 'tool_call')
    if (call?.type !== 'tool_call') throw new Error('no call')
    expect(call).toMatchObject({ name: TOOL.name, arguments: ARGUMENTS })
    expect(first.parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool_calls' })
    const second = await run(provider, withTool(called(call.id)))
    expect(second).toMatchObject({ text: ANSWER, failure: null })
    expect(second.parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' })
  },
)

const SAMPLING = {
  temperature: 0.5,
  topP: 0.75,
  maxOutputTokens: 77,
  stop: ['HALT'],
  seed: 5,
  presencePenalty: 0.25,
  frequencyPenalty: 0.125,
  json: true,
}
const chat = {
  temperature: 0.5,
  top_p: 0.75,
  max_tokens: 77,
  stop: ['HALT'],
  seed: 5,
  presence_penalty: 0.25,
  frequency_penalty: 0.125,
  response_format: { type: 'json_object' },
}
const gemini = {
  generationConfig: {
    temperature: 0.5,
    topP: 0.75,
    maxOutputTokens: 77,
    stopSequences: ['HALT'],
    seed: 5,
    presencePenalty: 0.25,
    frequencyPenalty: 0.125,
    responseMimeType: 'application/json',
  },
}
/** What each wire has of it; the rest has no word there. */
const WIRES: Readonly<Record<string, object>> = {
  openai: chat,
  'openai-compatible': chat,
  azure: chat,
  'workers-ai': chat,
  // It takes one of the two only, and the SDK leaves the other out.
  anthropic: { temperature: 0.5, max_tokens: 77, stop_sequences: ['HALT'] },
  'amazon-bedrock': { inferenceConfig: { temperature: 0.5, topP: 0.75, maxTokens: 77, stopSequences: ['HALT'] } },
  google: gemini,
  'google-vertex': gemini,
}

describe('the wire', () => {
  /** The body of the one call that a request makes. */
  async function bodyOf(kind: KindCase, request: ModelRequest): Promise<unknown> {
    const bodies: string[] = []
    await withServer(
      (response, _request, body) => {
        bodies.push(body)
        sse(response, concat(kind.wire.begin, kind.wire.text('a'), kind.wire.end))
        response.end()
      },
      async (url) => expect((await run(kindAt(kind, url), request)).failure).toBeNull(),
    )
    const body: unknown = JSON.parse(bodies[0] ?? '')
    return body
  }

  test.each(KINDS)('[PR4] $kind: what is given arrives', async (kind) => {
    const body = await bodyOf(kind, { ...ask(), sampling: SAMPLING })
    expect(body).toMatchObject(WIRES[kind.kind] ?? {})
    if (STRICT.has(kind.kind)) expect(JSON.stringify(body)).toContain(JSON_ONLY)
  })

  test.each(KINDS)('[PR4] $kind: what is not given is not sent', async (kind) => {
    const body = JSON.stringify(await bodyOf(kind, ask()))
    expect(body).not.toMatch(
      /"(temperature|top_?p|stop(_?sequences)?|seed|tools?|tool_?(choice|config)|response_format)"/i,
    )
  })

  test.each(KINDS)('[PR4] $kind: a tool arrives with its schema', async (kind) => {
    const body = JSON.stringify(await bodyOf(kind, withTool([{ role: 'user', content: PROMPT }])))
    expect(body).toMatch(/"properties":\{"river":\{"type":"string"\}\}/i)
    expect(body).toContain('"required":["river"]')
  })

  test.each(KINDS)('[PR4] $kind: the choice of a tool arrives', async (kind) => {
    for (const toolChoice of ['required', { name: TOOL.name }] as const) {
      const body = await bodyOf(kind, withTool([{ role: 'user', content: PROMPT }], { toolChoice }))
      const choice = JSON.stringify(body).match(/"(?:tool_choice|toolChoice|functionCallingConfig)":.*/)?.[0] ?? ''
      expect(choice).toMatch(toolChoice === 'required' ? /required|any/i : /get_level/)
    }
  })
})

// A binding is no HTTP server: it wants a text in each message.
test('[PR4] Workers AI: a call without words beside it has an empty text', async () => {
  const workersAi = KINDS.find(({ kind }) => kind === 'workers-ai')
  if (workersAi === undefined) throw new Error('no such kind')
  const messages = called('call_1').map((message) =>
    message.role === 'assistant' ? { ...message, content: '' } : message,
  )
  await run(kindAt(workersAi, mock.url), withTool(messages))
  expect(mock.getLastRequest()?.body).toMatchObject({ messages: [{}, { role: 'assistant', content: '' }, {}] })
})
