import { readdirSync, readFileSync } from 'node:fs'
import * as z from 'zod'
import { logEventSchema } from '../../../src/core/events.ts'
import { parseCursor } from '../../../src/core/ids.ts'
import { withTyping } from '../../../src/core/typing.ts'
import { addressTo, envelopeOf, parseEnvelope, shareText } from '../../../src/core/wire.ts'
import type { Dialect } from '../../../src/dialects/dialect.ts'
import { opsEvent } from '../../../src/dialects/ops-events.ts'
import { DIALECTS } from '../../../src/dialects/registry.ts'

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

/**
 * What one encoder writes of events, one text for each.
 * @param before what its reader has already
 */
export function piecesOf(
  dialect: Dialect,
  lines: readonly Line[],
  model: string = OPTIONS.model,
  before: readonly Line[] = [],
  batching = false,
): readonly string[] {
  const encoder = dialect.encoder({ ...OPTIONS, model, batching })
  for (const { event } of before) encoder.recall?.(event)
  return lines.map(({ id, event }) => encoder.event(id, event) + (encoder.flush?.() ?? ''))
}

/** A wire whose transcripts are kept. */
export interface Wire {
  readonly name: string
  /** Events that follow others, one text for each. */
  readonly pieces: (lines: readonly Line[], before?: readonly Line[]) => readonly string[]
  /** True where a stream begins with the start each time (DI3). */
  readonly isWhole: boolean
}

/** D1: frames as a live connection gets them, a line each. */
const SOCKET: Wire = {
  name: 'd1',
  isWhole: false,
  pieces: (lines) =>
    lines.map((line) =>
      withTyping(line.event, sharedOf(line))
        .map((text) => `${addressTo('session-1', text)}\n`)
        .join(''),
    ),
}

const READER = { clientId: 'client-1', subscriptions: ['ai_response', 'progress_update'] } as const

/** D2: as a reader of answers and their progress gets them. */
const OPS: Wire = {
  name: 'd2',
  isWhole: false,
  pieces: (lines) =>
    lines.map((line) => opsEvent(parseEnvelope(addressTo(READER.clientId, sharedOf(line))), READER) ?? ''),
}

function sharedOf({ id, event }: Line): string {
  const cursor = parseCursor(id)
  if (cursor === null) throw new Error(`${id} is no id of a log`)
  return shareText(envelopeOf(event, cursor.epoch, cursor.seq))
}

/** Every dialect's wire: those of the registry, the envelopes, the operations' events, and D5's batches. */
export const WIRES: readonly Wire[] = [
  SOCKET,
  OPS,
  ...Object.values(DIALECTS).map(
    (dialect): Wire => ({
      name: dialect.name,
      isWhole: dialect.replaysFromStart,
      pieces: (lines, before) => piecesOf(dialect, lines, OPTIONS.model, before),
    }),
  ),
]
