import * as z from 'zod'
import { ASSISTANT, complaint, optionalIdSchema, plainCommand, type StartCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelMessage, Sampling } from '../core/model.ts'
import { jsonSchemaSchema } from './caller-tools.ts'
import { dialogueOf, messagesSchema } from './openai-messages.ts'
import { ROUTED_MODEL } from './openai-models.ts'
import { checkTools, toolChoiceSchema, toolsSchema } from './openai-tools.ts'
import { patientConfigSchema } from './request-config.ts'

const jsonFormatSchema = z.object({
  type: z.literal('json_schema'),
  json_schema: z.object({ schema: jsonSchemaSchema.nullish() }),
})

const samplingShape = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.int().positive().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  stop: z
    .preprocess(
      (given) => (typeof given === 'string' ? [given] : given),
      z
        .array(z.string().min(1), { error: 'must be a text or a list of texts' })
        .max(4)
        .meta({ type: ['string', 'array'] })
        .nullish(),
    )
    .optional(),
  seed: z.int().nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  response_format: z
    .discriminatedUnion(
      'type',
      [z.object({ type: z.literal('text') }), z.object({ type: z.literal('json_object') }), jsonFormatSchema],
      { error: 'must be `text`, `json_object` or `json_schema`' },
    )
    .nullish(),
}

/** What would change the answer in a way that nothing here can: only its default is taken. */
const refusedShape = {
  n: z.literal(1, { error: 'one choice is given for each request. Leave it out' }).nullish(),
  logprobs: z.literal(false, { error: 'log probabilities are not given here. Leave it out' }).nullish(),
  top_logprobs: z.literal(0, { error: 'log probabilities are not given here. Leave it out' }).nullish(),
  logit_bias: z
    .record(z.string(), z.unknown())
    .refine((bias) => Object.keys(bias).length === 0, { error: 'tokens cannot be biased here. Leave it out' })
    .nullish(),
  audio: z.null({ error: 'only text is answered here. Leave it out' }).optional(),
  modalities: z.array(z.literal('text', { error: 'only text is answered here. Leave it out' })).nullish(),
  functions: z.array(z.unknown()).max(0, { error: 'is the old form. Send `tools`' }).nullish(),
  moderation: z.null({ error: 'nothing is moderated here. Leave it out' }).optional(),
  web_search_options: z.null({ error: 'there is no web search here. Leave it out' }).optional(),
}

/** The body of `POST /v1/chat/completions`. Fields that are not here change nothing in the answer, or hint only. */
export const openAiBodySchema = z.looseObject({
  ...samplingShape,
  ...refusedShape,
  model: z
    .string()
    .max(LIMITS.idChars, { error: `may have at most ${LIMITS.idChars} characters` })
    .nullish()
    .transform((given) => given ?? ''),
  messages: messagesSchema,
  tools: toolsSchema,
  tool_choice: toolChoiceSchema,
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  /** Freshet's own. */
  request_id: optionalIdSchema,
  conversation_id: optionalIdSchema,
  config: patientConfigSchema,
})
export type OpenAiBody = z.output<typeof openAiBodySchema>

/** A request of this dialect, and what only its answer's writer needs to know. */
export interface OpenAiRequest {
  readonly command: StartCommand
  readonly stream: boolean
  readonly includeUsage: boolean
  /** As it was asked for; its answer says the same. */
  readonly model: string
}

/**
 * Parses the body of a chat completion.
 * @param isAgent knows the names of the agents: `freshet/<name>` asks for one
 * @throws FreshetError `bad_request`, `empty_prompt`, `prompt_too_long`, `unknown_agent`
 */
export function commandOf(raw: unknown, isAgent: (name: string) => boolean): OpenAiRequest {
  const parsed = openAiBodySchema.safeParse(raw)
  if (!parsed.success) throw new FreshetError('bad_request', complaint(parsed.error))
  return requestOf(parsed.data, isAgent)
}

/** The same of a body that was parsed. @throws FreshetError as `commandOf` */
export function requestOf(body: OpenAiBody, isAgent: (name: string) => boolean): OpenAiRequest {
  checkTools(body.tools, body.tool_choice)
  const { prompt, history, after } = dialogueOf(body.messages)
  const plain = plainCommand(prompt)
  const command: StartCommand = {
    ...plain,
    ...chosenBy(body.model, isAgent),
    requestId: body.request_id ?? null,
    conversationId: body.conversation_id ?? null,
    config: body.config,
    // Callers of OpenAI's API expect a new answer each time.
    streamConfig: { ...plain.streamConfig, cache: 'off' },
    history: withFormat(history, body.response_format),
    after,
    tools: body.tools,
    toolChoice: body.tool_choice,
    sampling: samplingOf(body),
  }
  const includeUsage = body.stream_options?.include_usage ?? false
  return { command, stream: body.stream ?? false, includeUsage, model: body.model || ROUTED_MODEL }
}

/** `freshet`: the router chooses; `freshet/<agent>`: that agent answers; any other name is a wish for a model. */
function chosenBy(model: string, isAgent: (name: string) => boolean): Pick<StartCommand, 'agent' | 'model'> {
  const [first, ...rest] = model.split('/')
  if (first !== ROUTED_MODEL) return { agent: ASSISTANT, model: model || null }
  if (rest.length === 0) return { agent: ASSISTANT, model: null }
  const agent = rest.join('/')
  if (isAgent(agent)) return { agent, model: null }
  throw new FreshetError('unknown_agent', '`model`: there is no such agent. `GET /v1/models` lists them.')
}

function samplingOf(body: OpenAiBody): Sampling {
  const most = body.max_completion_tokens ?? body.max_tokens
  const format = body.response_format?.type ?? 'text'
  return {
    ...(given(body.temperature) && { temperature: body.temperature }),
    ...(given(body.top_p) && { topP: body.top_p }),
    ...(given(most) && { maxOutputTokens: most }),
    ...(given(body.stop) && body.stop.length > 0 && { stop: body.stop }),
    ...(given(body.seed) && { seed: body.seed }),
    ...(given(body.presence_penalty) && { presencePenalty: body.presence_penalty }),
    ...(given(body.frequency_penalty) && { frequencyPenalty: body.frequency_penalty }),
    ...(format !== 'text' && { json: true }),
  }
}

function given<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}

/**
 * The history with a word about the wanted shape: not every provider can hold a model to a schema, so it is told.
 * It stands with the first instructions, since some providers take none later.
 */
function withFormat(history: readonly ModelMessage[], format: OpenAiBody['response_format']): readonly ModelMessage[] {
  const schema = format?.type === 'json_schema' ? format.json_schema.schema : null
  if (!given(schema)) return history
  const content = `Answer with one JSON object and nothing else. It must match this JSON Schema: ${JSON.stringify(schema)}`
  const first = history.findIndex(({ role }) => role !== 'system')
  return history.toSpliced(first === -1 ? history.length : first, 0, { role: 'system', content })
}
