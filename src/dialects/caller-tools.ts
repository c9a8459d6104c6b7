import * as z from 'zod'
import { LIMITS } from '../core/limits.ts'
import type { ToolSpec } from '../core/model.ts'

/** A JSON Schema as a caller sends it. Its length is that of its JSON, which it was a moment ago. */
export const jsonSchemaSchema = z
  .record(z.string(), z.unknown())
  .refine((schema) => JSON.stringify(schema).length <= LIMITS.toolSchemaChars, {
    error: `a JSON Schema may have at most ${LIMITS.toolSchemaChars} characters`,
  })

/** The parameters of a tool that a caller brings. */
export const toolParametersSchema = jsonSchemaSchema.refine(({ type }) => type === undefined || type === 'object', {
  error: 'must be the JSON Schema of an object',
})

/** What such a tool is for, in words. */
export const toolDescriptionSchema = z
  .string()
  .max(LIMITS.toolSchemaChars, { error: `may have at most ${LIMITS.toolSchemaChars} characters` })

/** A caller's tool as models are told of it; one without a schema takes no parameters. */
export function toolSpecOf(
  name: string,
  description: string | null | undefined,
  given: z.output<typeof toolParametersSchema> | null | undefined,
): ToolSpec {
  const parameters = given?.['type'] === 'object' ? given : { type: 'object', properties: {}, ...given }
  return { name, description: description ?? '', parameters }
}
