import * as z from 'zod'
import {
  agentNameSchema,
  clientIdSchema,
  optionalIdSchema,
  requestConfigSchema,
  streamConfigSchema,
} from '../../core/commands.ts'
import { ERROR_CODES } from '../../core/errors.ts'
import type { LogEventType } from '../../core/events.ts'
import { resyncSchema } from '../../core/state.ts'
import { envelopeSchema } from '../../core/wire.ts'
import { logData } from './log-data.ts'
import { secondsSchema } from './parts.ts'

/** Frames of a client (contract D1); `core/client-frames.ts` parses them, and a test holds the two together. */
export const CLIENT_FRAMES = {
  ai_request: z
    .object({
      type: z.literal('ai_request'),
      prompt: z.string(),
      config: requestConfigSchema,
      stream_config: streamConfigSchema,
      request_id: optionalIdSchema.meta({ description: 'The same one twice is one generation.' }),
      conversation_id: optionalIdSchema,
      agent: agentNameSchema.meta({ description: 'Who answers.' }),
    })
    .meta({ id: 'WsAiRequest' }),
  cancel_request: z
    .object({ type: z.literal('cancel_request'), request_id: clientIdSchema })
    .meta({ id: 'WsCancelRequest' }),
  update_preferences: z
    .object({ type: z.literal('update_preferences'), preferences: z.record(z.string(), z.json()) })
    .meta({ id: 'WsUpdatePreferences', description: "Merged into the connection's; null removes." }),
  ping: z.object({ type: z.literal('ping'), timestamp: z.json().optional() }).meta({ id: 'WsPing' }),
}

function envelope(name: string, data: z.ZodType) {
  const id = `Ws${name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`
  return envelopeSchema.extend({ event_type: z.literal(name), timestamp: secondsSchema, data }).meta({ id })
}

function logged(type: LogEventType) {
  return envelope(type, logData(type))
}

const connectionStatus = z.object({
  status: z.literal('connected'),
  session_id: z.string(),
  cursor: z
    .string()
    .optional()
    .meta({ description: 'Where the connection begins: a cut before its first event loses nothing.' }),
  preferences: z
    .record(z.string(), z.json())
    .optional()
    .meta({ description: 'The whole, after an `update_preferences`.' }),
})

/** An error of a request, or about a frame: the latter has no request (CM1). */
const errorData = z.union([
  logData('error'),
  z.object({ error: z.string(), error_type: z.enum(ERROR_CODES), request_id: z.null() }),
])

/** Frames of the service: envelopes, and the bare pong. */
export const SERVER_FRAMES = {
  connection_status: envelope('connection_status', connectionStatus),
  resync: envelope('resync', resyncSchema),
  typing_indicator: envelope('typing_indicator', z.object({ is_typing: z.boolean() })),
  stream_start: logged('stream_start'),
  metadata: logged('metadata'),
  chunk: logged('chunk'),
  token: logged('token'),
  progress: logged('progress'),
  tool_call: logged('tool_call'),
  tool_result: logged('tool_result'),
  specialist: logged('specialist'),
  stream_end: envelope('stream_end', z.union([logData('stream_end'), logData('cancelled')])),
  error: envelope('error', errorData),
  pong: z
    .object({ type: z.literal('pong'), timestamp: z.json(), server_time: secondsSchema })
    .meta({ id: 'WsPong', description: 'Bare: no envelope.' }),
}
