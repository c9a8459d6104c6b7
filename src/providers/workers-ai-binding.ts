import * as z from 'zod'
import type { Fetch } from './guard-fetch.ts'
import { streamFailure } from './map-error.ts'

/** What is needed of the binding of Workers AI. */
export interface WorkersAi {
  run(model: string, inputs: object, options: object): Promise<unknown>
}

export function isWorkersAi(value: unknown): value is WorkersAi {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function'
}

/** The model's side of a call has no text in chat completions; Workers AI wants one. */
const messageSchema = z.looseObject({ content: z.unknown().transform((content) => content ?? '') })

/** The fields of a chat completion's request that Workers AI has too, by the same names. */
const requestSchema = z.object({
  messages: z.array(messageSchema),
  stream: z.literal(true),
  tools: z.array(z.unknown()).optional(),
  tool_choice: z.unknown().optional(),
  max_tokens: z.number().optional(),
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  seed: z.number().optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  stop: z.array(z.string()).optional(),
  response_format: z.unknown().optional(),
})

/**
 * The binding as a fetch of chat completions, so that one SDK serves both. It is asked for the raw response: that has
 * the status of a refusal, where the binding by itself would throw its text.
 * @param gateway the id of an AI Gateway to go through, or null.
 */
export function bindingFetch(ai: WorkersAi, model: string, gateway: string | null): Fetch {
  return async (_input, init) => {
    const inputs = requestSchema.parse(await new Response(init?.body ?? null).json())
    const response = await ai.run(model, inputs, {
      returnRawResponse: true,
      ...(init?.signal ? { signal: init.signal } : {}),
      ...(gateway === null ? {} : { gateway: { id: gateway } }),
    })
    if (response instanceof Response) return response
    if (response instanceof ReadableStream) return new Response(response)
    throw streamFailure()
  }
}
