import * as z from 'zod'
import { LIMITS } from '../core/limits.ts'
import type { ModelToolCall } from '../core/model.ts'
import { toolNameSchema } from './ui-tools.ts'

/** A part of a UI message, as far as a model is told of it. */
export type UiPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'step' }
  /** `result`: what it gave back, for the model; null while it has not. */
  | { readonly kind: 'call'; readonly call: ModelToolCall; readonly result: string | null }
  | { readonly kind: 'file' }
  /** Reasoning, sources, data: nothing that a model needs to be told again. */
  | { readonly kind: 'other' }

const textSchema = z.object({ text: z.string() }).transform(({ text }): UiPart => ({ kind: 'text', text }))

const callSchema = z.object({
  toolCallId: z.string().min(1, { error: 'is empty' }),
  toolName: toolNameSchema,
  state: z.string(),
  input: z.json().optional(),
  rawInput: z.json().optional(),
  output: z.json().optional(),
  errorText: z.string().optional(),
})
type Call = z.output<typeof callSchema>

const callPartSchema = callSchema.transform(
  (part): UiPart => ({
    kind: 'call',
    call: { id: part.toolCallId, name: part.toolName, arguments: argumentsOf(part) },
    result: resultOf(part),
  }),
)

/** A text is what a model wrote that was no JSON: it is told again as it was. */
function argumentsOf({ input, rawInput }: Call): string {
  const given = input ?? rawInput ?? {}
  return typeof given === 'string' ? given : JSON.stringify(given)
}

function resultOf({ state, output, errorText }: Call): string | null {
  switch (state) {
    case 'output-available':
      return bounded(typeof output === 'string' ? output : JSON.stringify(output ?? null))
    case 'output-error':
      return failure(errorText ?? 'The tool failed.')
    case 'output-denied':
      return failure('The user did not allow this call.')
    default:
      return null
  }
}

/** A failure as the model is told of those of our tools (AG3). */
function failure(error: string): string {
  return JSON.stringify({ error: bounded(error) })
}

/** No longer than a tool's output of ours is for the model. */
function bounded(text: string): string {
  return text.length <= LIMITS.toolOutputChars ? text : `${text.slice(0, LIMITS.toolOutputChars)}... [truncated]`
}

/** Types of the protocol that are parts of their own; all others are known by how they begin. */
const KINDS: Readonly<Record<string, UiPart>> = {
  'step-start': { kind: 'step' },
  file: { kind: 'file' },
  image: { kind: 'file' },
}

/**
 * A part of a UI message of `ai` 5, 6 or 7. Tools are `tool-<name>`, or `dynamic-tool` with a `toolName`.
 * A type that is not known says nothing: newer clients have more of them.
 */
export const uiPartSchema = z.looseObject({ type: z.string() }).transform((part, context): UiPart => {
  const known = Object.hasOwn(KINDS, part.type) ? KINDS[part.type] : undefined
  if (known !== undefined) return known
  const parsed = parsedBy(part)
  if (parsed === null) return { kind: 'other' }
  if (parsed.success) return parsed.data
  for (const { message, path } of parsed.error.issues) context.addIssue({ code: 'custom', message, path })
  return z.NEVER
})

function parsedBy(part: { readonly type: string }): z.ZodSafeParseResult<UiPart> | null {
  if (part.type === 'text') return textSchema.safeParse(part)
  if (part.type === 'dynamic-tool') return callPartSchema.safeParse(part)
  if (part.type.startsWith('tool-')) return callPartSchema.safeParse({ ...part, toolName: part.type.slice(5) })
  return null
}
