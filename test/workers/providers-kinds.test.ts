import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ModelPart } from '../../src/core/model.ts'
import { providerListSchema, settingNameOf } from '../../src/providers/config.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import {
  anthropicWire,
  bedrockWire,
  chatWire,
  concat,
  geminiWire,
  type Wire,
  workersAiWire,
} from '../providers/kinds/frames.ts'

const KEYED = { API_KEY: 'k' }
const CASES: readonly (readonly [string, Record<string, string>, Wire])[] = [
  ['openai', KEYED, chatWire],
  ['openai-compatible', KEYED, chatWire],
  ['anthropic', KEYED, anthropicWire],
  ['amazon-bedrock', { REGION: 'eu-central-1', ACCESS_KEY_ID: 'a', SECRET_ACCESS_KEY: 's' }, bedrockWire],
  ['azure', { ...KEYED, RESOURCE: 'res' }, chatWire],
  ['google', KEYED, geminiWire],
  ['google-vertex', KEYED, geminiWire],
  ['workers-ai', {}, workersAiWire],
]

function provider(kind: string, settings: Record<string, string>, answer: () => Response) {
  const secrets = new Map(Object.entries(settings).map(([word, value]) => [settingNameOf('p', word), value]))
  const base = kind === 'openai-compatible' ? { base_url: 'https://llm.example/v1' } : {}
  const [made] = createProviders(
    providerListSchema.parse([{ name: 'p', kind, model: 'm', ...base }]),
    (name) => secrets.get(name),
    { ai: { run: async () => answer() } },
  )
  if (made === undefined) throw new Error('no provider')
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => answer()),
  )
  return made
}

const REQUEST = {
  messages: [{ role: 'user', content: 'What flows?' }],
  tools: [],
  toolChoice: 'auto',
  sampling: {},
  task: 'question',
  language: null,
  prefix: null,
} as const

describe('in workerd', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test.each(CASES)('[PR1] %s loads and streams', async (kind, settings, wire) => {
    const parts: ModelPart[] = []
    const answer = concat(wire.begin, wire.text('a'), wire.text('b'), wire.end)
    const stream = provider(kind, settings, () => new Response(answer)).stream(REQUEST, new AbortController().signal)
    for await (const part of stream) parts.push(part)
    expect(parts.map((part) => (part.type === 'text' ? part.text : '')).join('')).toBe('ab')
    expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { input_tokens: 3, output_tokens: 2 } })
  })

  test.each(CASES)('[PR1] %s is let go of when it stalls and is aborted', async (kind, settings, wire) => {
    const abort = new AbortController()
    const cancelled = Promise.withResolvers<void>()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(concat(wire.begin, wire.text('a'))),
      cancel: () => cancelled.resolve(),
    })
    const stream = provider(kind, settings, () => new Response(body)).stream(REQUEST, abort.signal)
    const reading = stream[Symbol.asyncIterator]()
    expect((await reading.next()).value).toEqual({ type: 'text', text: 'a' })
    const waiting = reading.next()
    abort.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    await cancelled.promise
  })
})
