import * as z from 'zod'
import { clientIdSchema } from '../../core/commands.ts'
import type { UiChunk } from '../../dialects/ui-chunks.ts'
import { uiMessageStream } from '../../dialects/ui-message-stream.ts'
import { uiBodySchema } from '../../dialects/ui-request.ts'
import { logData } from './log-data.ts'
import { cursorHeaders, userInBody } from './parts.ts'
import { keyHeaders } from './requests.ts'
import { streamResponse } from './responses.ts'

/** The body of `POST /api/chat`. */
export const uiChatBody = uiBodySchema.extend(userInBody).meta({
  id: 'UiChat',
  examples: [
    {
      id: 'Xb4Tq9LmZ2kVw7Rd',
      trigger: 'submit-message',
      messages: [{ id: 'm-1', role: 'user', parts: [{ type: 'text', text: 'What is a freshet?' }] }],
    },
  ],
})

export const uiChatHeaders = z.object({ ...keyHeaders.shape, ...cursorHeaders })

/** What a stream is named by. */
export const uiStreamParams = z.object({
  id: clientIdSchema.meta({ description: 'The `id` of a chat, or the `request_id` of an answer.' }),
})

export const uiStoppedSchema = z
  .object({ cancelled: z.array(z.string()).meta({ description: 'Requests that it ended; none when none ran.' }) })
  .meta({ id: 'UiStopped' })

const id = z.string()
const result = {
  toolCallId: z.string(),
  providerExecuted: z
    .literal(true)
    .optional()
    .meta({ description: 'The service runs this tool. Absent: the client is to run it.' }),
}
const call = { ...result, toolName: z.string() }

const CHUNKS = {
  start: z.object({
    type: z.literal('start'),
    messageId: z.string(),
    messageMetadata: z.object({ request_id: z.string(), conversation_id: z.string().optional() }),
  }),
  'start-step': z.object({ type: z.literal('start-step') }),
  'text-start': z.object({ type: z.literal('text-start'), id }),
  'text-delta': z.object({ type: z.literal('text-delta'), id, delta: z.string() }),
  'text-end': z.object({ type: z.literal('text-end'), id }),
  'tool-input-start': z.object({ type: z.literal('tool-input-start'), ...call }),
  'tool-input-available': z.object({ type: z.literal('tool-input-available'), ...call, input: z.json() }),
  'tool-input-error': z.object({
    type: z.literal('tool-input-error'),
    ...call,
    input: z.string(),
    errorText: z.string(),
  }),
  'tool-output-available': z.object({ type: z.literal('tool-output-available'), ...result, output: z.json() }),
  'tool-output-error': z.object({ type: z.literal('tool-output-error'), ...result, errorText: z.string() }),
  'data-specialist': z.object({
    type: z.literal('data-specialist'),
    id: id.meta({ description: 'The same at the start and the end of one consultation.' }),
    data: logData('specialist').pick({
      specialist: true,
      title: true,
      status: true,
      question: true,
      content: true,
      duration: true,
      cost: true,
    }),
  }),
  'finish-step': z.object({ type: z.literal('finish-step') }),
  finish: z.object({
    type: z.literal('finish'),
    finishReason: z.enum(['stop', 'length', 'content-filter', 'tool-calls', 'other']),
  }),
  abort: z.object({ type: z.literal('abort') }).meta({ description: 'The request was cancelled.' }),
  error: z.object({ type: z.literal('error'), errorText: z.string() }),
} satisfies Readonly<Record<UiChunk['type'], z.ZodType>>

const EXAMPLE = `id: n5f0c2d7e9a1b3c4d-12
data: {"type":"text-delta","id":"t1","delta":"Hello"}

`

/** The event stream of contract D7. */
export const uiStream = streamResponse({
  description: 'One answer as a UI message stream, always from its beginning, to its end. `[DONE]` is the last event.',
  named: 'type',
  events: CHUNKS,
  example: EXAMPLE,
  headers: Object.fromEntries(Object.entries(uiMessageStream.headers).map(([name, value]) => [name, `\`${value}\``])),
})
