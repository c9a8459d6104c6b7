import * as z from 'zod'
import {
  ASSISTANT,
  agentNameSchema,
  checkPrompt,
  clientIdSchema,
  complaint,
  optionalIdSchema,
  plainCommand,
  requestConfigSchema,
  type StartCommand,
  streamConfigSchema,
} from './commands.ts'
import type { Attachment } from './connection.ts'
import { FreshetError, shown } from './errors.ts'
import { parseJson } from './json.ts'
import { LIMITS } from './limits.ts'
import { utf8Length } from './utf8.ts'

/** What a WebSocket client can say (contract D1, client → server). */
export type ClientFrame =
  | { readonly type: 'start'; readonly command: StartCommand }
  | { readonly type: 'cancel'; readonly requestId: string }
  | { readonly type: 'preferences'; readonly preferences: Attachment['preferences'] }
  /** `timestamp` goes back as it came; undefined when there was none. */
  | { readonly type: 'ping'; readonly timestamp: unknown }

/** A frame that says nothing we understand; `about` is the request it named, if any (CM1). */
export class BadFrame extends FreshetError {
  readonly about: string | null

  constructor(error: FreshetError, about: string | null) {
    super(error.code, error.message)
    this.about = about
  }
}

const startSchema = z.object({
  prompt: z.string(),
  request_id: optionalIdSchema,
  conversation_id: optionalIdSchema,
  agent: agentNameSchema,
  config: requestConfigSchema,
  stream_config: streamConfigSchema,
})

const TYPES: Record<string, (raw: unknown) => ClientFrame> = {
  ai_request(raw) {
    const frame = startSchema.parse(raw)
    return {
      type: 'start',
      command: {
        ...plainCommand(checkPrompt(frame.prompt)),
        requestId: frame.request_id ?? null,
        config: frame.config,
        streamConfig: frame.stream_config,
        conversationId: frame.conversation_id ?? null,
        agent: frame.agent || ASSISTANT,
      },
    }
  },
  cancel_request(raw) {
    return { type: 'cancel', requestId: z.object({ request_id: clientIdSchema }).parse(raw).request_id }
  },
  update_preferences(raw) {
    const { preferences } = z.object({ preferences: z.record(z.string(), z.json()) }).parse(raw)
    return { type: 'preferences', preferences }
  },
  ping(raw) {
    return { type: 'ping', timestamp: z.object({ timestamp: z.json().optional() }).parse(raw).timestamp }
  },
}

/** The request that a frame names, or null. */
export function namedIn(frame: ClientFrame): string | null {
  if (frame.type === 'start') return frame.command.requestId
  return frame.type === 'cancel' ? frame.requestId : null
}

const headSchema = z.object({ type: z.string() })

function aboutOf(raw: unknown): string | null {
  const named = z.object({ request_id: clientIdSchema }).safeParse(raw)
  return named.success ? named.data.request_id : null
}

/**
 * Parses a text frame of a client, the only place where its raw JSON exists.
 * @throws BadFrame with the code and sentence for the client (contract D1, Better: nothing is dropped in silence).
 */
export function parseClientFrame(text: string): ClientFrame {
  if (utf8Length(text) > LIMITS.frameBytes) {
    const words = `A message may have at most ${LIMITS.frameBytes} bytes.`
    throw new BadFrame(new FreshetError('frame_too_large', words), null)
  }
  const raw = parseFrameJson(text)
  const about = aboutOf(raw)
  try {
    const { type } = headSchema.parse(raw)
    const parse = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
    if (parse === undefined) {
      const words = `There is no message of this type. Known are ${Object.keys(TYPES).join(', ')}.`
      throw new FreshetError('unknown_type', words)
    }
    return parse(raw)
  } catch (error) {
    if (error instanceof FreshetError) throw new BadFrame(error, about)
    if (error instanceof z.ZodError) throw new BadFrame(new FreshetError('bad_request', complaint(error)), about)
    throw error
  }
}

function parseFrameJson(text: string): unknown {
  try {
    return parseJson(text, 'The message')
  } catch (error) {
    throw new BadFrame(shown(error), null)
  }
}
