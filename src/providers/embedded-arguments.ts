import { numberArguments } from './embedded-number-arguments.ts'
import { fits, readSchema, type SchemaNode } from './embedded-schema.ts'
import { booleanArgument, cut, mentioned, stringArgument } from './embedded-strings.ts'

export type Arguments = Readonly<Record<string, unknown>>

/** What a prompt says for a tool's parameters. */
export interface FoundArguments {
  readonly value: Arguments
  /** True when all that is required was found, so that the tool can be called. */
  readonly isComplete: boolean
  /** How many numbers were recognised for sure. */
  readonly sure: number
}

/** Schemas are read so deep; what is nested deeper is never found. */
const DEEPEST = 4

/**
 * Finds the arguments of a tool in a prompt. What is found fits its schema; optional ones are there only when they are
 * said; a value that the schema itself gives (a default, a single choice) counts as said.
 * @param parameters JSON Schema of an object
 */
export function findArguments(parameters: unknown, prompt: string, depth = 0): FoundArguments {
  const { properties, required } = readSchema(parameters)
  const nodes = new Map(Object.entries(properties).map(([name, raw]) => [name, readSchema(raw)]))
  const numeric = [...nodes].flatMap(([name, node]) =>
    takesNumbers(node) ? [{ name, node, isRequired: required.includes(name) && node.default === undefined }] : [],
  )
  const numbers = numberArguments(numeric, prompt)
  const found = [...nodes].flatMap(([name, node]) => {
    const isRequired = required.includes(name)
    const value = numbers.values.get(name) ?? otherArgument(name, node, prompt, isRequired, depth)
    if (value !== undefined && fits(value, node)) return [[name, value] as const]
    return isRequired && node.default !== undefined ? [[name, node.default] as const] : []
  })
  const value = Object.fromEntries(found)
  return { value, isComplete: required.every((name) => Object.hasOwn(value, name)), sure: numbers.sure }
}

function takesNumbers(node: SchemaNode): boolean {
  const one = node.type === 'array' ? readSchema(node.items) : node
  return one.choices === null && (one.type === 'number' || one.type === 'integer')
}

/** What is said for a property that takes no numbers; undefined when nothing is. */
function otherArgument(name: string, node: SchemaNode, prompt: string, isRequired: boolean, depth: number): unknown {
  if (node.choices !== null) {
    return mentioned(node.choices, prompt)[0] ?? (isRequired && node.choices.length === 1 ? node.choices[0] : undefined)
  }
  switch (node.type) {
    // What is free text can be found in anything, so an optional one is not looked for.
    case 'string':
      return isRequired || node.format !== undefined ? (stringArgument(name, node, prompt) ?? undefined) : undefined
    case 'boolean':
      return booleanArgument(name, prompt) ?? undefined
    case 'array': {
      const { choices } = readSchema(node.items)
      const values = choices === null ? [] : mentioned(choices, prompt)
      return values.length === 0 ? undefined : values.slice(0, node.maxItems)
    }
    case 'object': {
      const within = depth < DEEPEST ? findArguments(node, prompt, depth + 1) : null
      const isSaid = within?.isComplete === true && (isRequired || Object.keys(within.value).length > 0)
      return isSaid ? within.value : undefined
    }
    default:
      return undefined
  }
}

/**
 * The arguments of a call that has to be made whatever the prompt says: what it says, and for all else that is required
 * the plainest value that the schema allows.
 */
export function bestArguments(parameters: unknown, prompt: string): Arguments {
  const node = readSchema(parameters)
  const { value } = findArguments(parameters, prompt)
  const rest = node.required.filter((name) => !Object.hasOwn(value, name))
  return { ...value, ...Object.fromEntries(rest.map((name) => [name, plainest(node.properties[name], prompt, 0)])) }
}

function plainest(raw: unknown, prompt: string, depth: number): unknown {
  const node = readSchema(raw)
  if (node.default !== undefined) return node.default
  if (node.choices !== null) return node.choices[0]
  switch (node.type) {
    case 'number':
    case 'integer':
      return plainestNumber(node)
    case 'boolean':
      return false
    case 'array':
      return Array.from({ length: depth < DEEPEST ? Math.min(node.minItems ?? 0, 10) : 0 }, () =>
        plainest(node.items, prompt, depth + 1),
      )
    case 'object':
      if (depth >= DEEPEST) return {}
      return Object.fromEntries(node.required.map((name) => [name, plainest(node.properties[name], prompt, depth + 1)]))
    default:
      return plainestText(node, prompt)
  }
}

function plainestNumber(node: SchemaNode): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf = 1 } = node
  const from = minimum ?? exclusiveMinimum
  const to = maximum ?? exclusiveMaximum
  const middle = from === undefined || to === undefined ? [] : [(from + to) / 2]
  const ends = [from, to].flatMap((end) => (end === undefined ? [] : [end, end + multipleOf, end - multipleOf]))
  const steps = ends.flatMap((end) => [
    Math.ceil(end / multipleOf) * multipleOf,
    Math.floor(end / multipleOf) * multipleOf,
  ])
  return [0, 1, ...ends, ...middle, ...steps].find((value) => fits(value, node)) ?? 0
}

/** A moment that nobody means, where one has to be named. */
const FORMATTED: Readonly<Record<string, string>> = {
  date: '2000-01-01',
  'date-time': '2000-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'nobody@example.com',
  uri: 'https://example.com/',
}

function plainestText({ format, minLength = 0, maxLength = 120 }: SchemaNode, prompt: string): string {
  const formatted = format === undefined ? undefined : FORMATTED[format]
  const text = cut(prompt.trim(), Math.min(120, maxLength))
  return formatted ?? (Array.from(text).length < minLength ? '-'.repeat(Math.min(minLength, 1000)) : text)
}
