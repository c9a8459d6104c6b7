import type { ModelProvider } from '../../../src/core/model.ts'
import { providerListSchema, settingNameOf } from '../../../src/providers/config.ts'
import { createProviders, type ProviderOptions } from '../../../src/providers/create-providers.ts'
import { KEY } from '../helpers.ts'
import { anthropicWire, bedrockWire, chatWire, geminiWire, type Wire, workersAiWire } from './frames.ts'

/** A kind of provider, as it is set up against a server of the test. */
export interface KindCase {
  readonly kind: string
  /** What is put behind the server's address. */
  readonly path: string
  readonly settings: Readonly<Record<string, string>>
  /** Where a call is expected, with its query. */
  readonly called: string
  /** The header that carries the key, and what it then says; null: none does. */
  readonly keyHeader: readonly [string, string] | null
  readonly wire: Wire
}

export const KINDS: readonly KindCase[] = [
  {
    kind: 'openai',
    path: '/v1',
    settings: { API_KEY: KEY },
    called: '/v1/chat/completions',
    keyHeader: ['authorization', `Bearer ${KEY}`],
    wire: chatWire,
  },
  {
    kind: 'openai-compatible',
    path: '/v1',
    settings: { API_KEY: KEY },
    called: '/v1/chat/completions',
    keyHeader: ['authorization', `Bearer ${KEY}`],
    wire: chatWire,
  },
  {
    kind: 'anthropic',
    path: '/v1',
    settings: { API_KEY: KEY },
    called: '/v1/messages',
    keyHeader: ['x-api-key', KEY],
    wire: anthropicWire,
  },
  {
    kind: 'amazon-bedrock',
    path: '',
    settings: { API_KEY: KEY, REGION: 'eu-central-1' },
    called: '/model/m-1/converse-stream',
    keyHeader: ['authorization', `Bearer ${KEY}`],
    wire: bedrockWire,
  },
  {
    kind: 'azure',
    path: '/openai/deployments/m-1',
    settings: { API_KEY: KEY, API_VERSION: '2024-10-21' },
    called: '/openai/deployments/m-1/chat/completions?api-version=2024-10-21',
    keyHeader: ['api-key', KEY],
    wire: chatWire,
  },
  {
    kind: 'google',
    path: '/v1beta',
    settings: { API_KEY: KEY },
    called: '/v1beta/models/m-1:streamGenerateContent?alt=sse',
    keyHeader: ['x-goog-api-key', KEY],
    wire: geminiWire,
  },
  {
    kind: 'google-vertex',
    path: '/v1/projects/p/locations/l/publishers/google',
    settings: { API_KEY: KEY },
    called: '/v1/projects/p/locations/l/publishers/google/models/m-1:streamGenerateContent?alt=sse',
    keyHeader: ['x-goog-api-key', KEY],
    wire: geminiWire,
  },
  {
    kind: 'workers-ai',
    path: '',
    settings: {},
    called: '/v1/chat/completions',
    keyHeader: null,
    wire: workersAiWire,
  },
]

/** A provider of the kind whose server is at `url`; Workers AI gets a binding that asks that server. */
export function kindAt({ kind, path, settings }: KindCase, url: string): ModelProvider {
  const remote = kind === 'workers-ai' ? {} : { base_url: `${url}${path}` }
  return made({ name: 'test-llm', kind, model: 'm-1', ...remote }, settings, { ai: bindingTo(url) })
}

/** The provider of one entry with the settings `TEST_LLM_<WORD>`. */
export function made(
  entry: unknown,
  settings: Readonly<Record<string, string>>,
  options: ProviderOptions = {},
): ModelProvider {
  const secrets = new Map(Object.entries(settings).map(([word, value]) => [settingNameOf('test-llm', word), value]))
  const [provider] = createProviders(providerListSchema.parse([entry]), (name) => secrets.get(name), options)
  if (provider === undefined) throw new Error('no provider')
  return provider
}

/** Does as the binding `AI` does when it is asked for the raw response. */
function bindingTo(url: string) {
  return {
    run: (model: string, inputs: object, options: { signal?: AbortSignal; returnRawResponse?: boolean }) => {
      if (options.returnRawResponse !== true) throw new Error('not asked for the raw response')
      // Workers AI counts its tokens unasked.
      const body = JSON.stringify({ model, ...inputs, stream_options: { include_usage: true } })
      const headers = { 'content-type': 'application/json' }
      const signal = options.signal ?? null
      return fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body, signal, redirect: 'manual' })
    },
  }
}
