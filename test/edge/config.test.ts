import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { readConfig, secretOf } from '../../src/env.ts'
import { anyText } from '../support/any-text.ts'

/** Values that make no sense, each long enough to be found in a sentence. */
const SENSELESS: Readonly<Record<string, readonly unknown[]>> = {
  AUTH_MODE: ['opened-wide', 'OPEN', ['open-list']],
  ALLOWED_ORIGINS: [
    'localhost-without-scheme',
    'http://localhost:5173/',
    'https://app.example/path',
    'https://good.example,nonsense-origin',
    'https://user:hunter22@app.example',
    '*.example.org',
  ],
  PROVIDERS: [
    'not-json-at-all',
    '[]',
    '{"name":"embedded"}',
    '[{"name":"UPPER-CASE-NAME","kind":"embedded"}]',
    '[{"name":"embedded","kind":"no-such-kind"}]',
    '[{"name":"twice-there","kind":"embedded"},{"name":"twice-there","kind":"embedded"}]',
    '[{"name":"groq","kind":"openai-compatible","model":"m","base_url":"https://key:hunter22@api.example"}]',
    '[{"name":"groq","kind":"openai-compatible","model":"m","base_url":"https://api.example","api_key":"sk-hunter22"}]',
    [{ name: 'embedded' }],
  ],
  MAX_CONNECTIONS_PER_USER: ['0', '-11111', '22.22', '1e3', 'thirty-two', '10001', '', '0x20', ' 32', 32],
  MAX_ACTIVE_REQUESTS_PER_USER: ['0', '-11111', '22.22', 'eight', '1001', ''],
  IDLE_TIMEOUT_S: ['0', '-11111', 'one-hour', '31536001', '', '3600s'],
  LOG_RETENTION_HOURS: ['0', '-11111', 'one-day', '8761', ''],
  SSE_HEARTBEAT_S: ['0', '0.0', '-11111', 'often', '86401', '', '30s', '.5', 'Infinity', 'NaN'],
}

function refusal(env: object): FreshetError {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof FreshetError) return error
    throw error
  }
  throw new Error('it was taken')
}

/** Parts of a value that would give it away. */
function words(value: unknown): readonly string[] {
  return (typeof value === 'string' ? value : JSON.stringify(value)).match(/[\w.-]{6,}/g) ?? []
}

describe('configuration', () => {
  it('[CF1] nothing set gives the defaults of the contract', () => {
    expect(readConfig({})).toEqual({
      authMode: 'open',
      jwt: { JWT_SECRET: undefined, JWKS_URL: undefined, JWT_ISSUER: undefined, JWT_AUDIENCE: undefined },
      allowedOrigins: ['http://localhost:5173'],
      providers: [{ name: 'embedded', kind: 'embedded', model: 'freshet-embedded-1' }],
      maxConnections: 32,
      maxActiveRequests: 8,
      idleTimeoutMs: 3_600_000,
      retentionMs: 86_400_000,
      conversationRetentionMs: 7_776_000_000,
      limits: { perMinute: 60, agentPerMinute: 10, agentPerMonth: 200 },
      genaiModelId: 'gemini-2.0-flash',
      modelName: 'freshet-embedded-1',
      heartbeatMs: 30_000,
      firstTokenMs: 8000,
      stallMs: 20_000,
    })
  })

  it('[CF2] the model that is shown is that of the first provider; a google one without a model has GENAI_MODEL_ID', () => {
    const google = { name: 'g', kind: 'google' }
    const named = { name: 'n', kind: 'openai', model: 'm-1' }
    const shown = (providers: readonly object[], id?: string) =>
      readConfig({ PROVIDERS: JSON.stringify(providers), ...(id !== undefined && { GENAI_MODEL_ID: id }) }).modelName
    expect(shown([google])).toBe('gemini-2.0-flash')
    expect(shown([google], 'gemini-9')).toBe('gemini-9')
    expect(shown([{ ...google, model: 'own' }], 'gemini-9')).toBe('own')
    expect(shown([named, google], 'gemini-9')).toBe('m-1')
  })

  const cases = Object.entries(SENSELESS).flatMap(([name, values]) => values.map((value) => [name, value] as const))

  it.each(cases)('[CF1] %s = %j stops the service with a sentence that names it', (name, value) => {
    const { code, message } = refusal({ [name]: value })
    expect(code).toBe('config_invalid')
    expect(message).toContain(name)
    expect(message).toMatch(/\.$/)
    expect(message).not.toMatch(/: :/)
  })

  it.each(cases)('[CF1] … which does not hold the value: %s = %j', (name, value) => {
    const { message } = refusal({ [name]: value })
    // Words of ours, and the name of a provider that is there twice: without it the mistake could not be found.
    const allowed = /^(embedded|openai-compatible|api_key|base_url|app\.example|twice-there)$/
    for (const word of words(value)) if (!allowed.test(word)) expect(message).not.toContain(word)
  })

  it('[CF1] any text in any variable is taken or refused in that way, and a secret beside it is never told', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(SENSELESS)), anyText(), (name, value) => {
        try {
          readConfig({ GROQ_API_KEY: 'sk-hunter22', [name]: value })
        } catch (error) {
          if (!(error instanceof FreshetError)) throw error
          const { message } = error
          expect(message).toContain(`The variable ${name}`)
          expect(message).not.toContain('hunter22')
          if (value.length > 8) expect(message).not.toContain(value)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('[CF1] the limits of a number are still good', () => {
    const config = readConfig({ MAX_CONNECTIONS_PER_USER: '10000', IDLE_TIMEOUT_S: '1', SSE_HEARTBEAT_S: '0.25' })
    expect(config).toMatchObject({ maxConnections: 10_000, idleTimeoutMs: 1000, heartbeatMs: 250 })
  })

  it('[CF1] origins are a list, with spaces and nothing between commas as people write them', () => {
    const text = ' https://a.example , http://localhost:3000,,'
    expect(readConfig({ ALLOWED_ORIGINS: text }).allowedOrigins).toEqual(['https://a.example', 'http://localhost:3000'])
    expect(readConfig({ ALLOWED_ORIGINS: '' }).allowedOrigins).toEqual([])
  })

  it('[ID7] what tokens are checked with is passed on as it was set', () => {
    const env = { AUTH_MODE: 'jwt', JWT_SECRET: 's'.repeat(32), JWT_ISSUER: 'i' }
    const { authMode, jwt } = readConfig(env)
    expect(authMode).toBe('jwt')
    expect(jwt).toEqual({ JWT_SECRET: 's'.repeat(32), JWKS_URL: undefined, JWT_ISSUER: 'i', JWT_AUDIENCE: undefined })
  })

  it('[CF1] it is parsed once for an environment', () => {
    const env = { IDLE_TIMEOUT_S: '60' }
    expect(readConfig(env)).toBe(readConfig(env))
    expect(readConfig({ ...env })).not.toBe(readConfig(env))
  })

  it('[CF1] a secret is a text or not there', () => {
    expect(secretOf({ GROQ_API_KEY: 'sk-1' }, 'GROQ_API_KEY')).toBe('sk-1')
    expect(secretOf({}, 'GROQ_API_KEY')).toBeUndefined()
    for (const name of ['constructor', 'toString', '__proto__']) expect(secretOf({}, name)).toBeUndefined()
  })
})
