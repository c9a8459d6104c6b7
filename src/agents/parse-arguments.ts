import type * as z from 'zod'
import { shown } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'

/** What a call's arguments are, or why they are none. */
export type ParsedArguments<T> =
  | { readonly ok: true; readonly value: T }
  /** A sentence for the model. */
  | { readonly ok: false; readonly error: string }

/** Complaints that are told at once: enough to mend a call in one go. */
const MOST_COMPLAINTS = 5

/**
 * Parses the arguments of a call by a model (AG3).
 * @param text JSON as the model wrote it; nothing at all stands for `{}`, as models write it for tools without arguments
 */
export function parseArguments<S extends z.ZodType>(schema: S, text: string): ParsedArguments<z.output<S>> {
  let raw: unknown
  try {
    raw = text.trim() === '' ? {} : parseJson(text, 'The text of the arguments')
  } catch (error) {
    return { ok: false, error: shown(error).message }
  }
  const parsed = schema.safeParse(raw)
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, error: complaints(parsed.error) }
}

function complaints(error: z.ZodError): string {
  const said = error.issues.slice(0, MOST_COMPLAINTS).map(({ path, message }) => {
    const where = path.map(String).join('.').slice(0, 80)
    return where === '' ? message : `\`${where}\`: ${message}`
  })
  return `The arguments do not fit the tool: ${said.join('; ')}. Call it again with arguments that do.`
}
