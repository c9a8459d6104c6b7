import * as z from 'zod'
import { LIMITS } from '../core/limits.ts'
import type { ToolSpec } from '../core/model.ts'
import { toolDescriptionSchema, toolParametersSchema, toolSpecOf } from './caller-tools.ts'

/** Names that every provider takes. */
export const toolNameSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: 'a tool has a name of 1 to 64 characters of A-Z a-z 0-9 _ -',
})

const shape = {
  description: toolDescriptionSchema.nullish(),
  /** The AI SDK's name for it, and the one of most others. */
  inputSchema: toolParametersSchema.nullish(),
  parameters: toolParametersSchema.nullish(),
}
const unnamedSchema = z.object(shape)
type Unnamed = z.output<typeof unnamedSchema>

function specOf(name: string, { description, inputSchema, parameters }: Unnamed): ToolSpec {
  return toolSpecOf(name, description, inputSchema ?? parameters)
}

const listSchema = z
  .array(z.object({ ...shape, name: toolNameSchema }).transform(({ name, ...rest }) => specOf(name, rest)))
  .refine((tools) => new Set(tools.map(({ name }) => name)).size === tools.length, {
    error: 'two of them have the same name. Give each its own',
  })

const mapSchema = z
  .record(toolNameSchema, unnamedSchema)
  .transform((tools) => Object.entries(tools).map(([name, tool]) => specOf(name, tool)))

/** Tools that the caller runs, as a list with names or as a map by name. Left out: none. */
export const uiToolsSchema = z
  .unknown()
  .transform((given, context): readonly ToolSpec[] => {
    if (given === undefined || given === null) return []
    const parsed = (Array.isArray(given) ? listSchema : mapSchema).safeParse(given)
    if (parsed.success) return parsed.data
    for (const { message, path } of parsed.error.issues) context.addIssue({ code: 'custom', message, path })
    return z.NEVER
  })
  .refine((tools) => tools.length <= LIMITS.callerTools, { error: `at most ${LIMITS.callerTools} tools are taken` })
  .prefault([])
