import * as z from 'zod'
import { ERROR_CODES } from '../../core/errors.ts'
import { NO_SUCH_MODEL, OPENAI_ERROR_TYPES } from '../../dialects/openai-error.ts'
import { openAiBodySchema } from '../../dialects/openai-request.ts'
import { userInBody } from './parts.ts'
import { jsonResponse, type ResponseDoc, streamResponse } from './responses.ts'

const unixSeconds = z.int().meta({ description: 'Whole seconds since 1970.' })

/** The body of `POST /v1/chat/completions`; fields that it does not name are taken and change nothing. */
export const completionBody = openAiBodySchema.extend(userInBody).meta({
  id: 'ChatCompletionRequest',
  examples: [{ model: 'freshet', messages: [{ role: 'user', content: 'Why is the sky blue?' }], stream: true }],
})

export const openAiErrorSchema = z
  .object({
    error: z.object({
      message: z.string().meta({ description: 'A sentence that says what to do.' }),
      type: z.enum(OPENAI_ERROR_TYPES),
      param: z.null(),
      code: z
        .enum([...ERROR_CODES.filter((code) => code !== 'unknown_agent'), NO_SUCH_MODEL])
        .meta({ description: 'Stable: made to be compared.' }),
    }),
  })
  .meta({ id: 'OpenAiError' })

const finishSchema = z.enum(['stop', 'length', 'content_filter', 'tool_calls'])
const callSchema = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string().meta({ description: 'JSON text.' }) }),
})
const usageSchema = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })

/** What a completion and a chunk of one have in common. */
const common = {
  id: z.string().meta({ description: '`chatcmpl-` and the request id: the answer is found again by it.' }),
  created: unixSeconds,
  model: z.string().meta({ description: 'As it was asked for; `freshet` when it is retrieved.' }),
  system_fingerprint: z.literal('freshet'),
}

export const completionSchema = z
  .object({
    ...common,
    object: z.literal('chat.completion'),
    choices: z.tuple([
      z.object({
        index: z.literal(0),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          refusal: z.null(),
          tool_calls: z.array(callSchema).optional(),
        }),
        logprobs: z.null(),
        finish_reason: finishSchema,
      }),
    ]),
    usage: usageSchema,
  })
  .meta({ id: 'ChatCompletion' })

export const chunkSchema = z
  .object({
    ...common,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.literal(0),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
          tool_calls: z.array(callSchema.extend({ index: z.int() })).optional(),
        }),
        logprobs: z.null(),
        finish_reason: finishSchema.nullable(),
      }),
    ),
    usage: usageSchema.nullable().optional().meta({ description: 'With `include_usage`: in the last chunk.' }),
  })
  .meta({ id: 'ChatCompletionChunk' })

const EXAMPLE = `id: n5f0c2d7e9a1b3c4d-12
data: {"id":"chatcmpl-r-1","object":"chat.completion.chunk","created":1763640000,"model":"freshet","system_fingerprint":"freshet","choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}]}

`

const REQUEST_ID = { 'X-Request-Id': 'The request id, of which the completion is made.' }

const completion = jsonResponse(completionSchema, '')
const stream = streamResponse({
  description: '',
  events: { chunk: chunkSchema, error: openAiErrorSchema },
  example: EXAMPLE,
  headers: REQUEST_ID,
})

/** A completion: whole as JSON, or as a stream of its chunks. */
export const completionResponse: ResponseDoc = {
  description:
    'The completion, or with `stream` its chunks. Blocks of the stream have no `event:` line; the last one is `[DONE]`, or an `error` in its place.',
  headers: { ...stream.headers },
  content: { ...completion.content, ...stream.content },
}

/** A model or an agent that is not there. */
export const noSuchModel: ResponseDoc = { description: 'Refused: `model_not_found`.', codes: ['unknown_agent'] }

export const modelSchema = z
  .object({ id: z.string(), object: z.literal('model'), created: unixSeconds, owned_by: z.literal('freshet') })
  .meta({ id: 'Model' })

export const modelListSchema = z
  .object({ object: z.literal('list'), data: z.array(modelSchema) })
  .meta({ id: 'ModelList' })
