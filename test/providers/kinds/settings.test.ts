import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { FreshetError } from '../../../src/core/errors.ts'
import { KEY, run } from '../helpers.ts'
import { made } from './kinds.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
const ACCOUNT = {
  PROJECT: 'p-1',
  LOCATION: 'europe-west4',
  CLIENT_EMAIL: 'a@p-1.iam.gserviceaccount.com',
  PRIVATE_KEY: PEM,
}
const AWS = { REGION: 'eu-central-1', ACCESS_KEY_ID: 'AKID', SECRET_ACCESS_KEY: KEY }
const GATEWAY = 'https://gateway.ai.cloudflare.com/v1/acc/gw'

const entryOf = (kind: string, more: Record<string, unknown> = {}) => ({
  name: 'test-llm',
  kind,
  model: 'm-1',
  ...more,
})

interface Seen {
  readonly url: string
  readonly headers: Headers
}

/** What a provider of this kind and these settings asks for; every call is refused. */
async function asks(kind: string, settings: Record<string, string>, more: Record<string, unknown> = {}): Promise<Seen> {
  const seen: Seen[] = []
  const provider = made(entryOf(kind, more), settings, {
    fetch: async (input, init) => {
      const url = new Request(input).url
      seen.push({ url, headers: new Headers(init?.headers) })
      if (url.includes('/token')) return Response.json({ access_token: 'ya29', expires_in: 3600 })
      return new Response(null, { status: 500 })
    },
  })
  expect((await run(provider)).failure).toMatchObject({ code: 'provider_error', status: 500 })
  const last = seen.at(-1)
  if (last === undefined) throw new Error('no call')
  return last
}

/** The sentence with which a configuration is refused. */
function refusal(kind: string, settings: Record<string, string>, more: Record<string, unknown> = {}): string {
  try {
    made(entryOf(kind, more), settings)
    return ''
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error
    expect(error.code).toBe('config_invalid')
    expect(error.message).not.toMatch(/KEYMARK|-----/)
    return error.message
  }
}

describe('where each kind asks when it has no base_url', () => {
  test.each([
    ['openai', { API_KEY: KEY }, 'https://api.openai.com/v1/chat/completions'],
    ['anthropic', { API_KEY: KEY }, 'https://api.anthropic.com/v1/messages'],
    [
      'google',
      { API_KEY: KEY },
      'https://generativelanguage.googleapis.com/v1beta/models/m-1:streamGenerateContent?alt=sse',
    ],
    ['azure', { API_KEY: KEY, RESOURCE: 'res' }, 'https://res.openai.azure.com/openai/v1/chat/completions'],
    [
      'azure',
      { API_KEY: KEY, RESOURCE: 'res', API_VERSION: '2024-10-21' },
      'https://res.openai.azure.com/openai/deployments/m-1/chat/completions?api-version=2024-10-21',
    ],
    [
      'google-vertex',
      { API_KEY: KEY },
      'https://aiplatform.googleapis.com/v1/publishers/google/models/m-1:streamGenerateContent?alt=sse',
    ],
    [
      'google-vertex',
      ACCOUNT,
      'https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p-1/locations/europe-west4/publishers/google/models/m-1:streamGenerateContent?alt=sse',
    ],
    [
      'google-vertex',
      { ...ACCOUNT, LOCATION: 'global' },
      'https://aiplatform.googleapis.com/v1beta1/projects/p-1/locations/global/publishers/google/models/m-1:streamGenerateContent?alt=sse',
    ],
    ['amazon-bedrock', AWS, 'https://bedrock-runtime.eu-central-1.amazonaws.com/model/m-1/converse-stream'],
    [
      'amazon-bedrock',
      { ...AWS, REGION: 'cn-north-1' },
      'https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m-1/converse-stream',
    ],
  ])('[PR1] %s %#', async (kind, settings, url) => {
    expect((await asks(kind, settings)).url).toBe(url)
  })
})

describe('through an AI Gateway', () => {
  test.each([
    ['openai', `${GATEWAY}/openai`, '/chat/completions', 'authorization'],
    ['openai-compatible', `${GATEWAY}/compat`, '/chat/completions', 'authorization'],
    ['anthropic', `${GATEWAY}/anthropic/v1`, '/messages', 'x-api-key'],
    ['azure', `${GATEWAY}/azure-openai/res/m-1`, '/chat/completions', 'api-key'],
    ['google', `${GATEWAY}/google-ai-studio/v1beta`, '/models/m-1:streamGenerateContent?alt=sse', 'x-goog-api-key'],
    [
      'google-vertex',
      `${GATEWAY}/google-vertex-ai/v1/projects/p-1/locations/l/publishers/google`,
      '/models/m-1:streamGenerateContent?alt=sse',
      'x-goog-api-key',
    ],
  ])('[PR1] %s: with its key, with both, or with the token alone', async (kind, base_url, path, header) => {
    const keyed = await asks(kind, { API_KEY: KEY }, { base_url: `${base_url}/` })
    expect(keyed.url).toBe(base_url + path)
    expect(keyed.headers.get(header)).toContain(KEY)
    expect(keyed.headers.get('cf-aig-authorization')).toBeNull()

    const both = await asks(kind, { API_KEY: KEY, GATEWAY_TOKEN: 'tok' }, { base_url })
    expect(both.headers.get(header)).toContain(KEY)
    expect(both.headers.get('cf-aig-authorization')).toBe('Bearer tok')

    const held = await asks(kind, { GATEWAY_TOKEN: 'tok' }, { base_url })
    expect(held.headers.get(header)).toBeNull()
    expect(held.headers.get('cf-aig-authorization')).toBe('Bearer tok')
    if (kind !== 'google-vertex' && kind !== 'openai-compatible')
      expect(refusal(kind, {}, { base_url })).toContain('TEST_LLM_API_KEY')
  })

  test('[PR1] google-vertex brings the token of its account and that of the gateway', async () => {
    const base_url = `${GATEWAY}/google-vertex-ai/v1/projects/p-1/locations/l/publishers/google`
    const { headers } = await asks('google-vertex', { ...ACCOUNT, GATEWAY_TOKEN: 'tok' }, { base_url })
    expect(headers.get('authorization')).toBe('Bearer ya29')
    expect(headers.get('cf-aig-authorization')).toBe('Bearer tok')
  })

  test('[PR1] azure keeps its API version', async () => {
    const { url } = await asks(
      'azure',
      { API_KEY: KEY, API_VERSION: '2024-10-21' },
      { base_url: `${GATEWAY}/azure-openai/r/m-1` },
    )
    expect(url).toBe(`${GATEWAY}/azure-openai/r/m-1/chat/completions?api-version=2024-10-21`)
  })

  test('[PR1] amazon-bedrock is signed for AWS and sent to the gateway', async () => {
    const base_url = `${GATEWAY}/aws-bedrock/bedrock-runtime/eu-central-1`
    const { url, headers } = await asks(
      'amazon-bedrock',
      { ...AWS, SESSION_TOKEN: 'sess', GATEWAY_TOKEN: 'tok' },
      { base_url },
    )
    expect(url).toBe(`${base_url}/model/m-1/converse-stream`)
    expect(headers.get('cf-aig-authorization')).toBe('Bearer tok')
    expect(headers.get('authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/bedrock\//)
    expect(headers.get('authorization')).not.toContain(KEY)
    expect(headers.get('x-amz-security-token')).toBe('sess')
  })

  test('[PR3] its token goes nowhere else', () => {
    for (const kind of ['openai', 'anthropic', 'google', 'google-vertex', 'amazon-bedrock']) {
      const settings = { ...AWS, ...ACCOUNT, GATEWAY_TOKEN: KEY }
      expect(refusal(kind, settings)).toMatch(/TEST_LLM_GATEWAY_TOKEN.*no base_url/)
    }
  })
})

describe('what is missing or makes no sense is named', () => {
  test.each([
    ['openai', {}, /"test-llm" needs TEST_LLM_API_KEY/],
    ['anthropic', { API_KEY: ' ' }, /needs TEST_LLM_API_KEY/],
    ['google', {}, /needs TEST_LLM_API_KEY/],
    ['azure', { RESOURCE: 'res' }, /needs TEST_LLM_API_KEY/],
    ['azure', { API_KEY: KEY }, /needs TEST_LLM_RESOURCE/],
    ['azure', { API_KEY: KEY, RESOURCE: 'a.b/c' }, /TEST_LLM_RESOURCE .*one DNS label/],
    ['azure', { API_KEY: KEY, RESOURCE: 'res', API_VERSION: 'x&y' }, /TEST_LLM_API_VERSION/],
    ['amazon-bedrock', { API_KEY: KEY }, /needs TEST_LLM_REGION/],
    ['amazon-bedrock', { API_KEY: KEY, REGION: 'evil.example/' }, /TEST_LLM_REGION .*an AWS region/],
    ['amazon-bedrock', { REGION: 'us-east-1' }, /needs TEST_LLM_ACCESS_KEY_ID/],
    ['amazon-bedrock', { REGION: 'us-east-1', ACCESS_KEY_ID: 'A' }, /needs TEST_LLM_SECRET_ACCESS_KEY/],
    ['google-vertex', {}, /needs TEST_LLM_PROJECT/],
    ['google-vertex', { PROJECT: 'p' }, /needs TEST_LLM_LOCATION/],
    ['google-vertex', { PROJECT: 'p', LOCATION: 'evil.example/' }, /TEST_LLM_LOCATION .*a location/],
    ['google-vertex', { PROJECT: 'p', LOCATION: 'us' }, /needs TEST_LLM_CLIENT_EMAIL/],
    ['google-vertex', { PROJECT: 'p', LOCATION: 'us', CLIENT_EMAIL: 'a@b' }, /needs TEST_LLM_PRIVATE_KEY/],
    ['google-vertex', { ...ACCOUNT, PRIVATE_KEY: KEY }, /TEST_LLM_PRIVATE_KEY .*PEM/],
    [
      'google-vertex',
      { ...ACCOUNT, PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----A-----END PRIVATE KEY-----' },
      /TEST_LLM_PRIVATE_KEY .*PEM/,
    ],
    ['openai', { API_KEY: `${KEY}\n${KEY}` }, /TEST_LLM_API_KEY .*visible ASCII/],
    ['workers-ai', {}, /"test-llm".*binding AI/],
  ])('[CF1] [PR3] %s %#', (kind, settings, sentence) => {
    expect(refusal(kind, settings)).toMatch(sentence)
    expect(refusal(kind, settings)).toMatch(/\.$/)
  })

  test('[CF1] a google entry without a model has that of GENAI_MODEL_ID', () => {
    const entry = { name: 'test-llm', kind: 'google' }
    expect(made(entry, { API_KEY: KEY }).model).toBe('gemini-2.0-flash')
    expect(made(entry, { API_KEY: KEY }, { genaiModelId: 'gemini-9' }).model).toBe('gemini-9')
    expect(made({ ...entry, model: 'm' }, { API_KEY: KEY }, { genaiModelId: 'gemini-9' }).model).toBe('m')
  })
})
