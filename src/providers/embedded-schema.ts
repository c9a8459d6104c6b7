import * as z from 'zod'

const list = z.array(z.unknown()).optional().catch(undefined)
const limit = z.number().optional().catch(undefined)

/** What is looked at of a JSON Schema; what makes no sense there is as good as not there. */
const nodeSchema = z
  .object({
    type: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .catch(undefined),
    description: z.string().catch(''),
    enum: list,
    const: z.unknown().optional(),
    default: z.unknown().optional(),
    anyOf: list,
    oneOf: list,
    properties: z.record(z.string(), z.unknown()).catch({}),
    required: z.array(z.string()).catch([]),
    items: z.unknown().optional(),
    minItems: limit,
    maxItems: limit,
    uniqueItems: z.boolean().optional().catch(undefined),
    minimum: limit,
    maximum: limit,
    exclusiveMinimum: limit,
    exclusiveMaximum: limit,
    multipleOf: limit,
    minLength: limit,
    maxLength: limit,
    format: z.string().optional().catch(undefined),
    pattern: z.string().optional().catch(undefined),
  })
  .catch(() => EMPTY)

/** A JSON Schema of one value, of several alternatives the first that is not null. */
export interface SchemaNode extends z.output<typeof nodeSchema> {
  readonly type: string | undefined
  /** The values that are allowed, when there is a list of them. */
  readonly choices: readonly unknown[] | null
}

const EMPTY = { description: '', properties: {}, required: [] }

/** Reads a JSON Schema, whatever it is. */
export function readSchema(raw: unknown): SchemaNode {
  const node = nodeSchema.parse(raw)
  const variant = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].map((one) => nodeSchema.parse(one)).find(isSomething)
  // What is said outside the alternatives holds for all of them.
  const whole =
    variant === undefined ? node : { ...variant, ...{ description: node.description || variant.description } }
  const type = typeof whole.type === 'string' ? whole.type : whole.type?.find((one) => one !== 'null')
  const given = node.default === undefined ? whole.default : node.default
  return { ...whole, default: given, type, choices: choicesOf(whole) }
}

function isSomething({ type }: { readonly type?: string | string[] | undefined }): boolean {
  return type !== 'null'
}

function choicesOf(node: {
  readonly enum?: unknown[] | undefined
  readonly const?: unknown
}): readonly unknown[] | null {
  if (node.const !== undefined) return [node.const]
  const choices = node.enum?.filter((choice) => choice !== null)
  return choices === undefined || choices.length === 0 ? null : choices
}

/** True when a schema allows a value, as far as it is read here. A pattern is never run: it may be anybody's. */
export function fits(value: unknown, node: SchemaNode): boolean {
  if (node.choices !== null) return node.choices.includes(value)
  switch (node.type) {
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) && isWithin(value, node)
    case 'number':
      return typeof value === 'number' && isWithin(value, node)
    case 'string':
      return typeof value === 'string' && node.pattern === undefined && hasLength(value, node)
    case 'boolean':
      return typeof value === 'boolean'
    case 'array': {
      const items = readSchema(node.items)
      if (!Array.isArray(value) || !hasItems(value.length, node)) return false
      const isUnique = node.uniqueItems !== true || new Set(value).size === value.length
      return isUnique && value.every((item) => fits(item, items))
    }
    default:
      return true
  }
}

function isWithin(value: number, node: SchemaNode): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = node
  const step = node.multipleOf === undefined || node.multipleOf === 0 ? 0 : value / node.multipleOf
  return (
    value >= minimum &&
    value <= maximum &&
    (value > exclusiveMinimum || exclusiveMinimum === -Infinity) &&
    (value < exclusiveMaximum || exclusiveMaximum === Infinity) &&
    Number.isInteger(step)
  )
}

/** Characters are code points to some and UTF-16 units to others: it fits by either. */
function hasLength(value: string, { minLength = 0, maxLength = Infinity }: SchemaNode): boolean {
  return Array.from(value).length >= minLength && value.length <= maxLength
}

function hasItems(length: number, { minItems = 0, maxItems = Infinity }: SchemaNode): boolean {
  return length >= minItems && length <= maxItems
}
