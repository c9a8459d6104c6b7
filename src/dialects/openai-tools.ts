import * as z from 'zod'
import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { ToolChoice, ToolSpec } from '../core/model.ts'
import { toolDescriptionSchema, toolParametersSchema, toolSpecOf } from './caller-tools.ts'

const nameSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: 'must be 1 to 64 characters of A-Z a-z 0-9 _ -',
})

const toolSchema = z
  .object({
    type: z.literal('function', { error: 'only tools of the type `function` can be called here' }),
    function: z.object({
      name: nameSchema,
      description: toolDescriptionSchema.nullish(),
      parameters: toolParametersSchema.nullish(),
    }),
  })
  .transform(({ function: { name, description, parameters } }) => toolSpecOf(name, description, parameters))

/** `tools` of a request. Those of OpenAI's own kinds (custom, web search) are refused. */
export const toolsSchema = z
  .array(toolSchema)
  .max(LIMITS.callerTools, { error: `at most ${LIMITS.callerTools} tools are taken` })
  .nullish()
  .transform((given) => given ?? [])

/** `tool_choice` of a request. */
export const toolChoiceSchema = z
  .union(
    [
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: nameSchema }) }),
    ],
    { error: 'must be `none`, `auto`, `required`, or `function` with the name of one' },
  )
  .nullish()
  .transform((given): ToolChoice => (typeof given === 'object' && given !== null ? given.function : (given ?? 'auto')))

/** @throws FreshetError `bad_request` when two tools have one name, or the choice asks for what is not there */
export function checkTools(tools: readonly ToolSpec[], choice: ToolChoice): void {
  const names = new Set(tools.map(({ name }) => name))
  if (names.size < tools.length) {
    throw new FreshetError('bad_request', '`tools`: two of them have the same name. Give each its own.')
  }
  if (choice === 'required' && tools.length === 0) {
    throw new FreshetError('bad_request', '`tool_choice`: there are no `tools` to call. Send some, or leave it out.')
  }
  if (typeof choice === 'object' && !names.has(choice.name)) {
    throw new FreshetError('bad_request', '`tool_choice`: no tool of `tools` has this name. Name one of them.')
  }
}
