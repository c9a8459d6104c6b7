import * as z from 'zod'
import { CHANNELS } from '../../core/channels.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import type { LogEventType } from '../../core/events.ts'
import { resyncSchema } from '../../core/state.ts'
import { cacheUpdateSchema, costUpdateSchema, healthUpdateSchema, statusUpdateSchema } from './broadcasts.ts'
import { logData } from './log-data.ts'
import { secondsSchema } from './parts.ts'
import { streamResponse } from './responses.ts'

/** What D2 adds to every event's data. */
const reader = {
  client_id: z.string().meta({ description: "This reader's own name." }),
  snapshot: z.literal(true).optional().meta({ description: 'Made of what was there before the reader came: no id.' }),
}

function passedOn(type: LogEventType): z.ZodObject {
  return logData(type).extend(reader)
}

const EVENTS = {
  connection: z
    .object({ client_id: z.string(), connected_at: secondsSchema, subscriptions: z.array(z.enum(CHANNELS)) })
    .meta({ id: 'SseConnection' }),
  heartbeat: z.object({ timestamp: secondsSchema }).meta({ id: 'SseHeartbeat' }),
  resync: resyncSchema
    .extend(reader)
    .meta({ id: 'SseResync', description: 'The present state, where the cursor cannot be gone on from.' }),
  stream_start: passedOn('stream_start').meta({ id: 'SseStreamStart' }),
  chunk: passedOn('chunk').meta({ id: 'SseChunk' }),
  progress: passedOn('progress').meta({ id: 'SseProgress' }),
  stream_complete: z.union([passedOn('stream_end'), passedOn('cancelled')]).meta({ id: 'SseStreamComplete' }),
  stream_error: passedOn('error').meta({ id: 'SseStreamError' }),
  status_update: statusUpdateSchema.extend(reader).meta({ id: 'SseStatusUpdate' }),
  health_update: healthUpdateSchema.extend(reader).meta({ id: 'SseHealthUpdate' }),
  cache_update: cacheUpdateSchema.extend(reader).meta({ id: 'SseCacheUpdate' }),
  cost_update: costUpdateSchema.extend(reader).meta({ id: 'SseCostUpdate' }),
  error: z
    .object({ error: z.string(), error_type: z.enum(ERROR_CODES) })
    .meta({ id: 'SseError', description: 'Why the stream ends.' }),
}
export type OpsEventName = keyof typeof EVENTS

const EXAMPLE = `id: n5f0c2d7e9a1b3c4d-12
event: chunk
data: {"request_id":"r-1","chunk":"Hello","chunk_number":1,"accumulated_length":5,"client_id":"tab-1"}

`

/** An event stream of contract D2 with those events that it can carry beside its own. */
export function opsStream(names: readonly OpsEventName[], description: string) {
  const all: readonly OpsEventName[] = ['connection', ...names, 'resync', 'heartbeat', 'error']
  const events = Object.fromEntries(all.map((name) => [name, EVENTS[name]]))
  return streamResponse({ description, events, example: EXAMPLE })
}

/** Everything that `subscriptions` can ask for. */
export const ALL_OPS_EVENTS: readonly OpsEventName[] = [
  'stream_start',
  'chunk',
  'progress',
  'stream_complete',
  'stream_error',
  'status_update',
  'health_update',
  'cache_update',
  'cost_update',
]
