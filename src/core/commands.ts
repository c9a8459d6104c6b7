import * as z from 'zod'
import { FreshetError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { ModelMessage, Sampling, ToolChoice, ToolSpec } from './model.ts'

/** Ids that a client may give: safe in a URL, a header and an SSE line. */
export const clientIdSchema = z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, {
  error: 'must be 1 to 128 characters of A-Z a-z 0-9 _ . : -',
})

/** The same where it may be left out: null and an empty text, as forms and old clients send them, are as good as that. */
export const optionalIdSchema = z.preprocess((given) => (given === '' ? null : given), clientIdSchema.nullish())

export const ROUTING_STRATEGIES = [
  'intelligent',
  'performance_based',
  'cost_optimized',
  'reliability',
  'round_robin',
  'priority',
] as const

/** `config` of D1 and D2. Old Python clients send null for what they leave out. */
export const requestConfigSchema = z
  .object({
    routing_strategy: z.enum(ROUTING_STRATEGIES).nullish(),
    speed_priority: z.boolean().nullish(),
    reliability_priority: z.boolean().nullish(),
    /** Dollars. */
    cost_limit: z.number().nonnegative().nullish(),
    /** Seconds, the whole request. */
    timeout: z.number().positive().max(LIMITS.timeoutS).nullish(),
  })
  .nullish()
  .transform((given) => ({
    routing_strategy: given?.routing_strategy ?? ('intelligent' as const),
    speed_priority: given?.speed_priority ?? true,
    reliability_priority: given?.reliability_priority ?? false,
    cost_limit: given?.cost_limit ?? null,
    timeout: given?.timeout ?? 30,
  }))
export type RequestConfig = z.output<typeof requestConfigSchema>

export const streamConfigSchema = z
  .object({
    granularity: z.enum(['chunk', 'token']).nullish(),
    /** `off`: neither read nor kept; `refresh`: asked anew and kept. Otherwise a repeated prompt may come from the cache. */
    cache: z.enum(['on', 'off', 'refresh']).nullish(),
  })
  .nullish()
  .transform((given) => ({
    granularity: given?.granularity ?? ('chunk' as const),
    cache: given?.cache ?? ('on' as const),
  }))
export type StreamConfig = z.output<typeof streamConfigSchema>

/** A request for a generation, whichever dialect it came in by. */
export interface StartCommand {
  readonly requestId: string | null
  readonly prompt: string
  readonly config: RequestConfig
  readonly streamConfig: StreamConfig
  readonly conversationId: string | null
  /** The one client that may see it, or null. */
  readonly target: string | null
  /** Who answers: the name of an agent's definition. */
  readonly agent: string
  /** What came before the prompt, where the caller's protocol sends it; null: the conversation that the hub keeps (CV3). */
  readonly history: readonly ModelMessage[] | null
  /** What follows the prompt already: the caller ran tools of its own and asks to go on (D6, D7). */
  readonly after: readonly ModelMessage[]
  /** Tools of the caller: called by the model, run by the caller. */
  readonly tools: readonly ToolSpec[]
  readonly toolChoice: ToolChoice
  readonly sampling: Sampling
  /** A provider or model that is preferred, or null. */
  readonly model: string | null
  /** A BCP 47 tag that the caller prefers, or null. */
  readonly language: string | null
  /** The user's message by the caller's own id, where it has one: a message that came again replaces its exchange (CV7). */
  readonly messageId: string | null
  /** The id under which the answer goes as a message; null: the request's own (D7). */
  readonly answerId: string | null
  /** The same for a retry that cannot name its request: joined to one that nobody reads and whose end nobody saw (GE11). */
  readonly retryKey: string | null
  /** Whether it is such a retry, where the caller's protocol says so (D6); left out: it may be one. */
  readonly isRetry?: boolean
  /** True when `requestId` was made of the message by a dialect: such an id means the message's answer of now (CV7). */
  readonly isDerivedId?: boolean
  /** True when the end is to repeat the answer and what led to it (D5). */
  readonly closing: boolean
  /** An IANA time zone of the caller, for dates in words; null: UTC. */
  readonly timeZone: string | null
}

/** A command with nothing but a prompt; dialects change what theirs says. */
export function plainCommand(prompt: string): StartCommand {
  return {
    requestId: null,
    prompt,
    config: requestConfigSchema.parse(undefined),
    streamConfig: streamConfigSchema.parse(undefined),
    conversationId: null,
    target: null,
    agent: ASSISTANT,
    history: null,
    after: [],
    tools: [],
    toolChoice: 'auto',
    sampling: {},
    model: null,
    language: null,
    messageId: null,
    answerId: null,
    retryKey: null,
    closing: false,
    timeZone: null,
  }
}

/** Who is to answer, by name; null and an empty text: the one who answers where nobody is named. */
export const agentNameSchema = z.string().max(LIMITS.idChars).nullish()

/** The agent without tools that answers where a dialect names none. */
export const ASSISTANT = 'assistant'

/** A prompt that can be run; the sentence says what is wrong with one that cannot. */
export function checkPrompt(prompt: string): string {
  if (prompt.trim() === '') throw new FreshetError('empty_prompt', 'The prompt is empty. Send some text in `prompt`.')
  if (prompt.length > LIMITS.promptChars) {
    throw new FreshetError(
      'prompt_too_long',
      `The prompt has ${prompt.length} characters; at most ${LIMITS.promptChars} are taken. Shorten it.`,
    )
  }
  return prompt
}

/** The first complaint of a schema as one sentence for a client; what was sent is not repeated. */
export function complaint(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'The request is not understood.'
  const path = issue.path.map(String).join('.')
  const words = issue.message.replace(/^Invalid input: /, '')
  return path === '' ? `The request is not understood: ${words}.` : `\`${path.slice(0, 80)}\`: ${words}.`
}
