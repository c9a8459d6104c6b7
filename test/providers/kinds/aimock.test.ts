import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, PROMPT, run, SAID } from '../helpers.ts'
import { KINDS, kindAt } from './kinds.ts'

const ANSWER = 'Water finds its way down, one drop after another.'
/** In the words of each wire. */
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 22,
  total_tokens: 33,
  input_tokens: 11,
  output_tokens: 22,
  promptTokenCount: 11,
  candidatesTokenCount: 22,
  totalTokenCount: 33,
}
/** Of these the mock's tool calls end in a reason that the real service has not; `faults.test.ts` has theirs. */
const NO_TOOL_CALLS: ReadonlySet<string> = new Set(['google', 'google-vertex'])

const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 4 })
beforeAll(async () => {
  mock.on({ userMessage: 'plain' }, { content: ANSWER, usage: USAGE })
  mock.on({ userMessage: 'tool' }, { toolCalls: [{ id: 'call_1', name: 'get_level', arguments: '{"river":"Inn"}' }] })
  mock.on({ userMessage: 'limited' }, { error: { message: SAID }, status: 429, retryAfter: 17 })
  mock.on({ userMessage: 'broken' }, { error: { message: SAID }, status: 500 })
  mock.on({ userMessage: 'refused' }, { error: { message: SAID }, status: 400 })
  mock.on({ userMessage: 'cut' }, { content: `${SAID} ${ANSWER}` }, { truncateAfterChunks: 3, latency: 5 })
  mock.on({ userMessage: 'malformed' }, { content: SAID }, { chaos: { malformedRate: 1 } })
  mock.on({ userMessage: 'dropped' }, { content: SAID }, { chaos: { disconnectRate: 1 } })
  mock.on({ userMessage: 'slow' }, { content: ANSWER }, { streamingProfile: { ttft: 60 } })
  await mock.start()
})
afterAll(() => mock.stop())

describe.each(KINDS)('$kind against aimock', (kind) => {
  const outcome = (prompt: string) => run(kindAt(kind, mock.url), ask(`${prompt} ${PROMPT}`))

  test('[PR1] streams an answer in parts, with usage and one finish', async () => {
    const { parts, text, failure } = await outcome('plain')
    expect(failure).toBeNull()
    expect(text).toBe(ANSWER)
    expect(parts.length).toBeGreaterThan(5)
    expect(parts.filter(({ type }) => type === 'finish')).toEqual([
      { type: 'finish', reason: 'stop', usage: { input_tokens: 11, output_tokens: 22 } },
    ])
    expect(parts.at(-1)?.type).toBe('finish')
  })

  test.each([
    ['limited', { code: 'provider_rate_limited', status: 429, retryAfterS: 17, retryable: true }],
    ['broken', { code: 'provider_error', status: 500, retryAfterS: null, retryable: true }],
    ['refused', { code: 'provider_error', status: 400, retryAfterS: null, retryable: false }],
    ['dropped', { code: 'provider_error', status: null, retryAfterS: null, retryable: true }],
  ])('[PR1] [PR3] %s', async (prompt, failure) => {
    expect(await outcome(prompt)).toMatchObject({ parts: [], failure })
  })

  test('[GE10] [PR3] a stream that is cut off fails as cut', async () => {
    const { parts, failure } = await outcome('cut')
    expect(parts.filter(({ type }) => type !== 'text' && type !== 'alive')).toEqual([])
    expect(failure?.code).toBe('provider_cut')
  })

  test('[GE10] [PR3] what is malformed is never an answer', async () => {
    const { parts, failure } = await outcome('malformed')
    expect(parts).toEqual([])
    expect(failure?.code).toMatch(/^provider_(cut|error)$/)
  })

  test('[PR1] a first token that takes its time is waited for', async () => {
    const began = performance.now()
    expect((await outcome('slow')).text).toBe(ANSWER)
    expect(performance.now() - began).toBeGreaterThanOrEqual(50)
  })
})

test.each(KINDS.filter(({ kind }) => !NO_TOOL_CALLS.has(kind)))(
  '[PR1] $kind: a tool call comes whole, before the finish',
  async (kind) => {
    const { parts, failure } = await run(kindAt(kind, mock.url), ask(`tool ${PROMPT}`))
    expect(failure).toBeNull()
    expect(parts.filter(({ type }) => type !== 'alive')).toEqual([
      { type: 'tool_call', id: expect.any(String), name: 'get_level', arguments: '{"river":"Inn"}' },
      expect.objectContaining({ type: 'finish', reason: 'tool_calls' }),
    ])
  },
)
