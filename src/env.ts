import * as z from 'zod'
import { FreshetError } from './core/errors.ts'
import { DEFAULT_PROVIDERS, GENAI_MODEL, type ProviderEntry, providerListSchema } from './providers/config.ts'

export const VERSION = '0.1.0'

/** Everything that is set from outside, validated. Times as their names say. */
export interface Config {
  readonly authMode: 'open' | 'jwt'
  /** How tokens are checked, as it was set: the edge parses it, in jwt mode at its first request. */
  readonly jwt: Readonly<Record<'JWT_SECRET' | 'JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE', string | undefined>>
  readonly allowedOrigins: readonly string[]
  readonly providers: readonly ProviderEntry[]
  readonly maxConnections: number
  readonly maxActiveRequests: number
  readonly idleTimeoutMs: number
  readonly retentionMs: number
  readonly conversationRetentionMs: number
  /** Generations of one user; 0: no limit. */
  readonly limits: {
    readonly perMinute: number
    /** The todo agent's own, counted beside the first. */
    readonly agentPerMinute: number
    readonly agentPerMonth: number
  }
  /** Model of a `google` provider that names none. */
  readonly genaiModelId: string
  /** The model that clients are shown (contract D4): that of the first provider. */
  readonly modelName: string
  readonly heartbeatMs: number
  /** How long a provider may take to its first token while there is another one to ask. */
  readonly firstTokenMs: number
  /** How long a provider may be silent at any time. */
  readonly stallMs: number
}

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^[0-9]+$/, { error: 'must be a whole number' })
    .transform(Number)
    .pipe(z.number().min(least).max(most))

const duration = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?$/, { error: 'must be a number of seconds' })
  .transform(Number)
  .pipe(z.number().positive().max(86_400))

const origins = z.string().transform((text, context) => {
  const list = text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '')
  for (const origin of list) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    context.addIssue({ code: 'custom', message: 'must be origins such as https://app.example, separated by commas' })
    return z.NEVER
  }
  return list
})

const providers = z.string().transform((text, context): readonly ProviderEntry[] => {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a JSON list of providers' })
    return z.NEVER
  }
  const parsed = providerListSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  context.addIssue({
    code: 'custom',
    // A field's name is repeated only if it is one of ours: anything may have been put in the wrong place.
    message: [
      ...(issue?.path ?? []).map(String),
      issue?.code === 'unrecognized_keys' ? 'has a field that is not known' : (issue?.message ?? 'it is not valid'),
    ].join(': '),
  })
  return z.NEVER
})

/** The variables of the contract's table that this version reads, with their defaults. */
const variablesSchema = z.object({
  AUTH_MODE: z.enum(['open', 'jwt']).default('open'),
  ALLOWED_ORIGINS: origins.default(['http://localhost:5173']),
  PROVIDERS: providers.default(DEFAULT_PROVIDERS),
  MAX_CONNECTIONS_PER_USER: wholeNumber(1, 10_000).default(32),
  MAX_ACTIVE_REQUESTS_PER_USER: wholeNumber(1, 1000).default(8),
  IDLE_TIMEOUT_S: wholeNumber(1, 31_536_000).default(3600),
  LOG_RETENTION_HOURS: wholeNumber(1, 8760).default(24),
  CONVERSATION_RETENTION_DAYS: wholeNumber(1, 36_500).default(90),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 100_000).default(60),
  AGENT_RATE_LIMIT_PER_MINUTE: wholeNumber(0, 100_000).default(10),
  AGENT_MONTHLY_QUOTA: wholeNumber(0, 10_000_000).default(200),
  GENAI_MODEL_ID: z.string().min(1).max(200).default(GENAI_MODEL),
  SSE_HEARTBEAT_S: duration.default(30),
  FIRST_TOKEN_TIMEOUT_S: duration.default(8),
  STALL_TIMEOUT_S: duration.default(20),
})

const cache = new WeakMap<object, Config>()

/**
 * Reads the Worker's variables, once per environment object (CF1).
 * @throws FreshetError `config_invalid` with a sentence that names the variable and never its value.
 */
export function readConfig(env: object): Config {
  const known = cache.get(env)
  if (known !== undefined) return known
  const parsed = variablesSchema.safeParse(env)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const name = String(issue?.path[0] ?? 'a variable')
    throw new FreshetError(
      'config_invalid',
      `The variable ${name} makes no sense: ${issue?.message ?? 'it is not valid'}.`,
    )
  }
  const vars = parsed.data
  const config: Config = {
    authMode: vars.AUTH_MODE,
    jwt: {
      JWT_SECRET: secretOf(env, 'JWT_SECRET'),
      JWKS_URL: secretOf(env, 'JWKS_URL'),
      JWT_ISSUER: secretOf(env, 'JWT_ISSUER'),
      JWT_AUDIENCE: secretOf(env, 'JWT_AUDIENCE'),
    },
    allowedOrigins: vars.ALLOWED_ORIGINS,
    providers: vars.PROVIDERS,
    maxConnections: vars.MAX_CONNECTIONS_PER_USER,
    maxActiveRequests: vars.MAX_ACTIVE_REQUESTS_PER_USER,
    idleTimeoutMs: vars.IDLE_TIMEOUT_S * 1000,
    retentionMs: vars.LOG_RETENTION_HOURS * 3_600_000,
    conversationRetentionMs: vars.CONVERSATION_RETENTION_DAYS * 86_400_000,
    limits: {
      perMinute: vars.RATE_LIMIT_PER_MINUTE,
      agentPerMinute: vars.AGENT_RATE_LIMIT_PER_MINUTE,
      agentPerMonth: vars.AGENT_MONTHLY_QUOTA,
    },
    genaiModelId: vars.GENAI_MODEL_ID,
    // Only a `google` provider may name none.
    modelName: vars.PROVIDERS[0]?.model ?? vars.GENAI_MODEL_ID,
    heartbeatMs: vars.SSE_HEARTBEAT_S * 1000,
    firstTokenMs: vars.FIRST_TOKEN_TIMEOUT_S * 1000,
    stallMs: vars.STALL_TIMEOUT_S * 1000,
  }
  cache.set(env, config)
  return config
}

/** A secret by its name, or undefined when it is not set. */
export function secretOf(env: object, name: string): string | undefined {
  const value: unknown = Reflect.get(env, name)
  return typeof value === 'string' ? value : undefined
}
