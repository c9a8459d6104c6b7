import * as z from 'zod'

/** A JSON Schema of draft 2020-12, which is the dialect of OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Zod numbers what contains itself and has no name; with us that is only `z.json()`. */
const nameOf = (def: string): string => def.replace(/^__schema\d+$/, 'Json')

/**
 * Turns schemas into JSON Schemas and gathers what has a name of its own (`.meta({ id })`).
 *
 * Zod's own converter does the work: it tells what goes in from what comes out, and follows schemas that contain
 * themselves, on which @asteasolutions/zod-to-openapi (1.6.3 of @hono/zod-openapi) ends in a stack overflow.
 */
export class SchemaDocs {
  readonly #named = new Map<string, { readonly schema: JsonSchema; readonly text: string }>()

  /** The named ones so far, by name. */
  get components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#named].map(([name, { schema }]) => [name, schema]))
  }

  /**
   * @param io what is sent to us (`input`), or what we send (`output`)
   * @throws Error when two different schemas have one name, or one cannot be said in JSON Schema
   */
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _, $defs, ...root } = z.toJSONSchema(schema, { io, override: adjust })
    for (const [name, def] of Object.entries($defs ?? {})) this.#name(nameOf(name), def)
    return pointed(root)
  }

  #name(name: string, def: object): void {
    const schema = pointed(def)
    const text = JSON.stringify(schema)
    const there = this.#named.get(name)
    if (there !== undefined && there.text !== text) throw new Error(`two schemas are called ${name}`)
    this.#named.set(name, { schema, text })
  }
}

/** What is ours to say differently from Zod. */
function adjust({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Record<string, unknown> }): void {
  const { def } = zodSchema._zod
  // Fields may be added in time (contract), so an object is closed only where the schema says so.
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema['additionalProperties']
  // Every JSON object's keys are strings.
  if (def.type === 'record') delete jsonSchema['propertyNames']
}

const anySchema = z.record(z.string(), z.unknown())

/** The same schema with its references into the document's components. */
function pointed(schema: object): JsonSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === '$ref' && typeof value === 'string'
      ? `#/components/schemas/${nameOf(value.replace('#/$defs/', ''))}`
      : value,
  )
  return anySchema.parse(JSON.parse(text))
}
