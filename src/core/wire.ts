import * as z from 'zod'
import { type LogEvent, type LogEventType, logEventSchema, type Numbered } from './events.ts'
import { formatCursor } from './ids.ts'

/** The one wire that leaves the hub: the envelope of contract D1, with an `id` for events of the log. */
export const envelopeSchema = z.object({
  id: z.string().nullable(),
  event_type: z.string(),
  data: z.record(z.string(), z.unknown()),
  /** Seconds since 1970, with a fraction. */
  timestamp: z.number(),
  request_id: z.string().nullable(),
  session_id: z.string(),
  metadata: z.record(z.string(), z.unknown()),
})
export type Envelope = z.infer<typeof envelopeSchema>

/** An envelope that is not yet addressed to a connection. */
export type Unaddressed = Omit<Envelope, 'session_id'>

const WIRE_NAME: Record<LogEventType, string> = {
  stream_start: 'stream_start',
  metadata: 'metadata',
  chunk: 'chunk',
  token: 'token',
  progress: 'progress',
  tool_call: 'tool_call',
  tool_result: 'tool_result',
  specialist: 'specialist',
  deleted: 'deleted',
  stream_end: 'stream_end',
  cancelled: 'stream_end',
  error: 'error',
}

/** A log event as it goes over the wire; without an id (`seq` null) it is a snapshot of one (RS6). */
export function envelopeOf(event: LogEvent, epoch: string, seq: number | null): Unaddressed {
  const metadata: Record<string, unknown> = {}
  if (event.conversation_id !== null) metadata['conversation_id'] = event.conversation_id
  if (seq === null) metadata['snapshot'] = true
  return {
    id: seq === null ? null : formatCursor(epoch, seq),
    event_type: WIRE_NAME[event.type],
    data: event.data,
    timestamp: event.at / 1000,
    request_id: event.request_id,
    metadata,
  }
}

/** A log event that a reader has already, for what writes to it (DI11); see `isRecalled`. */
export function recalledOf(event: LogEvent, epoch: string): Unaddressed {
  const envelope = envelopeOf(event, epoch, null)
  return { ...envelope, metadata: { ...envelope.metadata, recalled: true } }
}

/** True for what is not to be written: the reader has it. */
export function isRecalled({ metadata }: Envelope): boolean {
  return metadata['recalled'] === true
}

/** The text that all readers of an event share (FO2). */
export function shareText(envelope: Unaddressed): string {
  return JSON.stringify(envelope)
}

/** Puts a connection's id in front of a shared text. */
export function addressTo(sessionId: string, shared: string): string {
  return `{"session_id":${JSON.stringify(sessionId)},${shared.slice(1)}`
}

/** A log event's shared text, with its id. */
export function shareNumbered(numbered: Numbered, epoch: string): string {
  return shareText(envelopeOf(numbered.event, epoch, numbered.seq))
}

/** Many envelopes in one frame, for bridges: JSON holds no raw line break, so a line is an envelope. */
export function joinFrame(lines: readonly string[]): string {
  return lines.join('\n')
}

/** The texts of a frame of `joinFrame`. */
export function splitFrame(frame: string): readonly string[] {
  return frame.split('\n')
}

/**
 * Parses one envelope.
 * @throws SyntaxError or z.ZodError when it is none.
 */
export function parseEnvelope(text: string): Envelope {
  return envelopeSchema.parse(JSON.parse(text))
}

/** The log's types by their wire names; the two ends that share one are told apart by their `status`. */
const TYPE_OF: ReadonlyMap<string, LogEventType> = new Map(
  Object.entries(WIRE_NAME).flatMap(([type, wire]) => {
    const known = logEventSchema.options.find((option) => option.shape.type.value === type)
    return known === undefined || type === 'cancelled' ? [] : [[wire, known.shape.type.value]]
  }),
)

/**
 * The log event that an envelope carries, for dialects.
 * @returns null for what is not of the log: typing, status, `resync`, an error about a command
 * @throws z.ZodError when its data are not those of its type
 */
export function eventOf(envelope: Envelope): LogEvent | null {
  const named = TYPE_OF.get(envelope.event_type)
  if (named === undefined || envelope.request_id === null) return null
  const { conversation_id: conversation } = envelope.metadata
  return logEventSchema.parse({
    type: named === 'stream_end' && envelope.data['status'] === 'cancelled' ? 'cancelled' : named,
    at: Math.round(envelope.timestamp * 1000),
    request_id: envelope.request_id,
    conversation_id: typeof conversation === 'string' ? conversation : null,
    target: null,
    data: envelope.data,
  })
}

/** An event that is not of the log: no id, so it never moves a cursor. */
export function ephemeral(
  eventType: string,
  data: Record<string, unknown>,
  at: number,
  more: { requestId?: string | null; metadata?: Record<string, unknown> } = {},
): Unaddressed {
  return {
    id: null,
    event_type: eventType,
    data,
    timestamp: at / 1000,
    request_id: more.requestId ?? null,
    metadata: more.metadata ?? {},
  }
}
