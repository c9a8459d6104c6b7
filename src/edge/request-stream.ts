import type { StartCommand } from '../core/commands.ts'
import type { ErrorCode } from '../core/errors.ts'
import { isTerminal, type LogEvent } from '../core/events.ts'
import { LIMITS } from '../core/limits.ts'
import { eventOf, isRecalled } from '../core/wire.ts'
import type { Dialect, StreamOptions } from '../dialects/dialect.ts'
import type { HubCaller } from '../hub/protocol.ts'
import type { EdgeContext } from './context.ts'
import { hubOf, openHub, unwrap } from './hubs.ts'
import { rejoined } from './nameless.ts'
import { checkOrigin } from './origins.ts'
import { type BridgeDialect, bridgeResponse, SSE_HEADERS } from './sse-bridge.ts'

/** A stream of one request, in a dialect. */
export interface RequestStream {
  readonly caller: HubCaller
  readonly dialect: Dialect
  readonly options: StreamOptions
  /** The request by its id; null: the one of the cursor, or the newest that runs in the conversation. */
  readonly requestId: string | null
  readonly conversationId: string | null
  /** `Last-Event-ID` as it came, or null. */
  readonly cursor: string | null
  /** Who is to know what goes through, or nobody. */
  readonly observer?: StreamObserver | undefined
}

/** Sees a stream's events on their way to the reader. */
export interface StreamObserver {
  event(event: LogEvent): void
  /** The stream is over, by its end or because the reader left. Called once. */
  closed(): void
}

/**
 * Streams a request from where its reader is: the compacted log or what is after its cursor, then live, to its end (DI2,
 * DI3). 204 when there is nothing to tell.
 * @throws FreshetError `request_not_found`, `too_many_connections`, `origin_not_allowed`
 */
export function streamRequest(c: EdgeContext, stream: RequestStream): Promise<Response> {
  const { allowedOrigins, heartbeatMs } = c.get('config')
  checkOrigin(c.req.raw, allowedOrigins)
  const { caller, dialect, conversationId } = stream
  const headers = dialect.headers
  if (c.req.method === 'HEAD') return Promise.resolve(headOf(dialect))
  const writer = writerOf(stream)
  return bridgeResponse({
    connect: (cursor, clientId) => {
      // Attached again after the hub went away, the writer goes on where it was; it knows the request by then.
      const again = cursor !== null
      return openHub(c.env, {
        ...caller,
        kind: 'bridge',
        channels: ['ai_response'],
        progressEvery: 5,
        conversationId: null,
        clientId,
        cursor: cursor ?? stream.cursor,
        preferences: {},
        follow: {
          requestId: writer.requestId() ?? stream.requestId,
          conversationId,
          fromStart: !again && dialect.replaysFromStart,
          recall: again ? 'nothing' : (dialect.recalls ?? 'nothing'),
        },
      })
    },
    dialect: writer,
    heartbeatMs,
    expiresAt: c.get('identity')?.expiresAt ?? null,
    commentMs: LIMITS.requestCommentMs,
    retryMs: dialect.eventSource === true ? LIMITS.sseRetryMs : null,
    headers,
    signal: c.req.raw.signal,
    closed: () => stream.observer?.closed(),
  })
}

/**
 * Begins a request, or finds the one that it repeats, and streams it.
 * @throws FreshetError what the hub refuses with; then no stream has begun
 */
export async function startAndStream(
  c: EdgeContext,
  command: StartCommand,
  stream: Pick<RequestStream, 'caller' | 'dialect' | 'options' | 'observer'>,
): Promise<Response> {
  checkOrigin(c.req.raw, c.get('config').allowedOrigins)
  // HEAD comes to a GET's handler too; it asks for nothing to be done.
  if (c.req.method === 'HEAD') return headOf(stream.dialect)
  const rest = { ...stream, conversationId: null, cursor: null }
  const joined = await rejoined(c, command, stream.caller)
  if (joined !== null) return streamRequest(c, { ...rest, ...joined })
  const { requestId } = unwrap(await hubOf(c.env, stream.caller).start(stream.caller, command, true))
  return streamRequest(c, { ...rest, requestId })
}

function headOf(dialect: Dialect): Response {
  return new Response(null, { headers: { ...SSE_HEADERS, ...dialect.headers } })
}

/** A dialect's encoder as a bridge's writer; it knows whose request it writes and when that is over. */
function writerOf(stream: RequestStream): BridgeDialect & { requestId(): string | null } {
  const { dialect, options, observer } = stream
  const encoder = dialect.encoder(options)
  let requestId: string | null = null
  let conversationId = stream.conversationId
  let chunks = 0
  let over = false
  return {
    requestId: () => requestId,
    opened: () => '',
    event(envelope) {
      const logged = eventOf(envelope)
      if (logged === null || over) return null
      const event = logged.type === 'deleted' ? endOfDeleted(logged, chunks) : logged
      requestId = event.request_id
      if (isRecalled(envelope)) {
        encoder.recall?.(event)
        return null
      }
      conversationId = event.conversation_id
      if (event.type === 'chunk' || event.type === 'token') chunks = event.data.chunk_number
      over = isTerminal(event)
      observer?.event(event)
      return encoder.event(envelope.id, event)
    },
    // In every dialect it is what an error of the request would be; the request itself goes on.
    fault(code, message, now, id) {
      const request = { request_id: requestId ?? '', conversation_id: conversationId }
      return encoder.event(id, faultOf(request, code, message, now)) + (encoder.flush?.() ?? '')
    },
    heartbeat: (now) => encoder.heartbeat(now),
    ...(encoder.flush !== undefined && { flush: () => encoder.flush?.() ?? '' }),
    isOver: () => over,
  }
}

function faultOf(
  request: Pick<LogEvent, 'request_id' | 'conversation_id'>,
  error_type: ErrorCode,
  error: string,
  at: number,
): LogEvent {
  const { request_id } = request
  return { type: 'error', at, ...request, target: null, data: { request_id, error, error_type } }
}

/** The end for a reader who was behind when the conversation was deleted: its own is no longer there (CV6). */
function endOfDeleted(event: LogEvent, total_chunks: number): LogEvent {
  const { request_id } = event
  const reason = 'the conversation was deleted'
  const figures = { total_chunks, total_length: 0, duration: 0, message_count: null }
  return { ...event, type: 'cancelled', data: { request_id, status: 'cancelled', reason, ...figures } }
}
