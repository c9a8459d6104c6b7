import { readdirSync, readFileSync } from 'node:fs'
import * as z from 'zod'
import { logEventSchema } from '../../../src/core/events.ts'
import type { Dialect } from '../../../src/dialects/dialect.ts'

/** Where the logs (`events/<name>.jsonl`) and their wires (`<dialect>/<name>.txt`) are. */
export const FOLDER = new URL('./', import.meta.url)

const lineSchema = z.strictObject({ id: z.string(), event: logEventSchema })
/** An event of a log with its id. */
export type Line = z.output<typeof lineSchema>

/** What every wire of the files was made with. */
export const OPTIONS = { model: 'freshet', includeUsage: true, batching: false } as const

/** The logs by name, each of one request from its start to its end. */
export function logs(): ReadonlyMap<string, readonly Line[]> {
  const folder = new URL('events/', FOLDER)
  const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'))
  return new Map(
    files.toSorted().map((file) => {
      const lines = readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n')
      return [file.slice(0, -'.jsonl'.length), lines.map((line) => lineSchema.parse(JSON.parse(line)))]
    }),
  )
}

/** What one encoder writes of events, one text for each. */
export function piecesOf(dialect: Dialect, lines: readonly Line[], model: string = OPTIONS.model): readonly string[] {
  const encoder = dialect.encoder({ ...OPTIONS, model })
  return lines.map(({ id, event }) => encoder.event(id, event) + (encoder.flush?.() ?? ''))
}
