import { describe, expect, test } from 'vitest'
import { ask, PROMPT, run, SAID } from '../helpers.ts'
import { workersAiWire } from './frames.ts'
import { made } from './kinds.ts'

const GATEWAY = 'https://gateway.ai.cloudflare.com/v1/acc/my-gw/workers-ai'
const entry = (more: Record<string, unknown> = {}) => ({
  name: 'test-llm',
  kind: 'workers-ai',
  model: '@cf/m',
  ...more,
})

/** A provider whose binding gives `result`, and what the binding was asked. */
function bound(result: () => unknown, more: Record<string, unknown> = {}) {
  const asked: { model: string; inputs: object; options: object }[] = []
  class Binding {
    async run(model: string, inputs: object, options: object): Promise<unknown> {
      asked.push({ model, inputs, options })
      return result()
    }
  }
  return { provider: made(entry(more), {}, { ai: new Binding() }), asked }
}

const answer = (...events: readonly unknown[]): Response =>
  new Response([...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'].join(''))

describe('the binding', () => {
  test('[PR1] is asked for a stream as a raw response, with a signal', async () => {
    const { provider, asked } = bound(() => answer({ response: 'a' }))
    expect((await run(provider)).text).toBe('a')
    expect(asked).toEqual([
      {
        model: '@cf/m',
        inputs: { messages: [{ role: 'user', content: PROMPT }], stream: true },
        options: { returnRawResponse: true, signal: expect.any(AbortSignal) },
      },
    ])
  })

  test('[PR1] goes through the AI Gateway of a base_url', async () => {
    const { provider, asked } = bound(() => answer({ response: 'a' }), { base_url: `${GATEWAY}/` })
    await run(provider)
    expect(asked[0]?.options).toMatchObject({ gateway: { id: 'my-gw' } })
  })

  test('[CF1] any other base_url is refused', () => {
    expect(() => bound(() => null, { base_url: 'https://llm.example/v1' })).toThrow(/"test-llm".*AI Gateway/)
  })

  test.each([undefined, null, {}, { run: 1 }, 'AI'])('[CF1] %j is none', (ai) => {
    expect(() => made(entry(), {}, { ai })).toThrow(/"test-llm".*binding AI/)
  })

  test('[PR1] that gives a stream instead of a response is understood', async () => {
    const { provider } = bound(() => answer({ response: 'a' }).body)
    expect((await run(provider)).text).toBe('a')
  })

  test.each([
    () => {
      throw new Error(SAID)
    },
    () => ({ response: SAID }),
  ])('[PR1] [PR3] that gives nothing of use is a failure, case %#', async (result) => {
    expect(await run(bound(result).provider)).toMatchObject({ parts: [], failure: { code: 'provider_error' } })
  })

  test('[PR1] that never answers and heeds no signal does not hold an abort', async () => {
    const abort = new AbortController()
    const asked = Promise.withResolvers<void>()
    const { provider } = bound(() => {
      asked.resolve()
      return new Promise(() => undefined)
    })
    const first = provider.stream(ask(), abort.signal)[Symbol.asyncIterator]().next()
    await asked.promise
    abort.abort()
    expect(await first).toEqual({ done: true, value: undefined })
  })

  test('[PR1] whose stream heeds no signal is let go of by an abort', async () => {
    const abort = new AbortController()
    const cancelled = Promise.withResolvers<void>()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(workersAiWire.text('a')),
      cancel: () => cancelled.resolve(),
    })
    const parts = bound(() => new Response(body))
      .provider.stream(ask(), abort.signal)
      [Symbol.asyncIterator]()
    expect((await parts.next()).value).toEqual({ type: 'text', text: 'a' })
    const waiting = parts.next()
    abort.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    await cancelled.promise
  })
})

describe("Workers AI's own events", () => {
  test('[PR1] text that looks like a number is text', async () => {
    const { provider } = bound(() => answer({ response: 'It is ' }, { response: 4 }, { response: '' }))
    expect((await run(provider)).text).toBe('It is 4')
  })

  test('[PR1] tool calls come whole, their arguments as JSON text', async () => {
    const call = (name: string, args: unknown) => ({ tool_calls: [{ name, arguments: args }] })
    const { provider } = bound(() => answer(call('f', { x: 1 }), call('g', '{"y":2}'), { response: '' }))
    const parts = (await run(provider)).parts.filter(({ type }) => type !== 'alive')
    const ids = parts.flatMap((part) => (part.type === 'tool_call' ? [part.id] : []))
    expect(new Set(ids).size).toBe(2)
    expect(parts).toEqual([
      { type: 'tool_call', id: ids[0], name: 'f', arguments: '{"x":1}' },
      { type: 'tool_call', id: ids[1], name: 'g', arguments: '{"y":2}' },
      { type: 'finish', reason: 'tool_calls', usage: { input_tokens: null, output_tokens: null } },
    ])
  })

  test("[PR1] OpenAI's events pass as they are", async () => {
    const { provider } = bound(() =>
      answer(
        { choices: [{ index: 0, delta: { reasoning_content: 'hm' } }] },
        { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'length' }] },
        { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
      ),
    )
    expect((await run(provider)).parts).toEqual([
      { type: 'alive' },
      { type: 'text', text: 'a' },
      { type: 'finish', reason: 'length', usage: { input_tokens: 1, output_tokens: 2 } },
    ])
  })

  test('[GE10] an empty stream that says it is done is a cut one', async () => {
    expect((await run(bound(() => answer()).provider)).failure?.code).toBe('provider_cut')
  })
})
