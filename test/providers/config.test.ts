import { describe, expect, test } from 'vitest'
import { DEFAULT_PROVIDERS, providerListSchema, secretNameOf } from '../../src/providers/config.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import { KEY, run } from './helpers.ts'

const URL_ = 'https://llm.example/v1'
/** Lists that make no sense, and what is wrong with each. */
const SENSELESS: readonly (readonly [string, unknown])[] = [
  ['no provider at all', []],
  [
    'a name twice',
    [
      { name: 'e', kind: 'embedded' },
      { name: 'e', kind: 'embedded' },
    ],
  ],
  ['a name with a capital', [{ name: 'E', kind: 'embedded' }]],
  ['a name that begins with a dash', [{ name: '-e', kind: 'embedded' }]],
  ['a name of 33 characters', [{ name: 'e'.repeat(33), kind: 'embedded' }]],
  ['an unknown kind', [{ name: 'e', kind: 'oracle', model: 'm' }]],
  ['an unknown field', [{ name: 'e', kind: 'embedded', modle: 'm' }]],
  ['a price below nothing', [{ name: 'e', kind: 'embedded', price: { input: -1, output: 0 } }]],
  ['no model', [{ name: 'o', kind: 'openai-compatible', base_url: URL_ }]],
  ['no base_url', [{ name: 'o', kind: 'openai-compatible', model: 'm' }]],
  ...['ftp://x/', 'nonsense', 'https://u:p@x/v1', 'https://x/v1?key=1', 'https://x/v1#a'].map(
    (base_url): [string, unknown] => [
      `base_url ${base_url}`,
      [{ name: 'o', kind: 'openai-compatible', model: 'm', base_url }],
    ],
  ),
]

const none = (): undefined => undefined

describe('PROVIDERS', () => {
  test('[CF1] takes every kind of the contract', () => {
    const kinds = [
      'openai',
      'openai-compatible',
      'anthropic',
      'amazon-bedrock',
      'azure',
      'google',
      'google-vertex',
      'workers-ai',
      'embedded',
    ]
    const list = kinds.map((kind) => ({
      name: `my-${kind}`,
      kind,
      model: 'm',
      ...(kind === 'embedded' ? {} : { base_url: URL_ }),
      price: { input: 0.5, output: 1 },
      priority: 1,
    }))
    expect(providerListSchema.parse(list)).toEqual(list)
  })

  test('[CF1] an embedded entry needs no model, a google one neither', () => {
    expect(providerListSchema.parse([{ name: 'e', kind: 'embedded' }])).toEqual([
      { name: 'e', kind: 'embedded', model: 'freshet-embedded-1' },
    ])
    expect(providerListSchema.safeParse([{ name: 'g', kind: 'google' }]).success).toBe(true)
    expect(providerListSchema.parse(DEFAULT_PROVIDERS)).toEqual(DEFAULT_PROVIDERS)
  })

  test.each(SENSELESS)('[CF1] refuses %s', (_, list) => {
    expect(providerListSchema.safeParse(list).success).toBe(false)
  })
})

describe('createProviders', () => {
  test('[PR1] makes the providers in order and asks for each key by its name', () => {
    const asked: string[] = []
    const entries = providerListSchema.parse([
      { name: 'my-llm-2', kind: 'openai-compatible', model: 'm', base_url: URL_ },
      { name: 'e', kind: 'embedded', base_url: 'embedded:?tokens=1' },
    ])
    const providers = createProviders(entries, (name) => void asked.push(name))
    expect(providers.map(({ name, kind, model }) => [name, kind, model])).toEqual([
      ['my-llm-2', 'openai-compatible', 'm'],
      ['e', 'embedded', 'freshet-embedded-1'],
    ])
    expect(asked).toEqual(['MY_LLM_2_API_KEY', 'MY_LLM_2_GATEWAY_TOKEN'])
    expect(secretNameOf('my-llm-2')).toBe('MY_LLM_2_API_KEY')
  })

  test.each([
    ['key with its line end is trimmed', `${KEY}\n`, `Bearer ${KEY}`],
    ['missing key sends no header', undefined, null],
    ['empty key sends no header', ' ', null],
  ])('[PR1] a %s', async (_, secret, header) => {
    const seen: (string | null)[] = []
    const entries = providerListSchema.parse([{ name: 'o', kind: 'openai-compatible', model: 'm', base_url: URL_ }])
    const [provider] = createProviders(entries, () => secret, {
      fetch: async (_input, init) => {
        seen.push(new Headers(init?.headers).get('authorization'))
        return new Response(null, { status: 500 })
      },
    })
    if (provider === undefined) throw new Error('no provider')
    expect((await run(provider)).failure?.code).toBe('provider_error')
    expect(seen).toEqual([header])
  })

  test('[CF1] a bad key and a bad query are sentences that name them, without the key', () => {
    const thrown = (list: unknown, secretOf: () => string | undefined = none): string => {
      try {
        createProviders(providerListSchema.parse(list), secretOf)
        return ''
      } catch (error) {
        return error instanceof Error ? error.message : ''
      }
    }
    expect(thrown([{ name: 'e', kind: 'embedded', base_url: 'embedded:?x=1' }])).toMatch(/"e".*"x"/)
    const bad = thrown([{ name: 'o', kind: 'openai-compatible', model: 'm', base_url: URL_ }], () => `${KEY}\n${KEY}`)
    expect(bad).toMatch(/O_API_KEY/)
    expect(bad).not.toContain('KEYMARK')
  })
})
