import { WebSocket } from 'ws'
import * as z from 'zod'
import { type Ask, type Dialect, Draft, type Place, type Service } from '../dialect.ts'
import { Reader } from '../reader.ts'
import { PLAIN } from './prompts.ts'
import { takeState } from './state.ts'

const envelopeSchema = z.object({
  id: z.string().nullable(),
  event_type: z.string(),
  data: z.record(z.string(), z.unknown()),
  request_id: z.string().nullable(),
})
const textSchema = z.object({ chunk: z.string() })
const endSchema = z.object({ status: z.literal('cancelled').optional() })
/** Contract D1: WebSocket. Its cursor is the `id` of the last envelope, or where it was told that it begins (CU5). */
export const d1: Dialect = {
  name: 'D1',
  prompt: PLAIN,
  resumes: 'after',
  isOfOne: false,
  tells204: false,
  showsEnded: true,
  keys: ['field'],
  cancelled: 'cancelled',
  start: (service, ask, cutAfter) => open(service, ask.user, null, { sends: requestOf(ask), cutAfter }),
  resume: (service, ask, place, cutAfter) =>
    open(service, ask.user, place.cursor, { sends: isKnown(place) ? null : requestOf(ask), cutAfter }),
  watch: (service, { user, epoch }, cutAfter) => open(service, user, `${epoch}-0`, { sends: null, cutAfter }),
  cancel: async (service, { user, requestId, epoch }) => {
    const sends = { type: 'cancel_request', request_id: requestId }
    const reader = await open(service, user, `${epoch}-0`, { sends, cutAfter: undefined })
    await reader.inbox.until((event) => d1.messageOf([event], requestId).end !== null)
    reader.cut()
  },
  requestIdIn: ({ data }) => envelopeSchema.parse(data).request_id,
  messageOf(events, requestId) {
    const draft = new Draft()
    for (const envelope of events.map((event) => envelopeSchema.parse(event.data))) {
      const { event_type: type, data } = envelope
      if (type === 'resync') takeState(draft, data, requestId)
      if (envelope.request_id !== requestId) continue
      switch (type) {
        case 'stream_start':
          draft.clear()
          draft.add(data)
          break
        case 'chunk':
        case 'token':
          draft.say(textSchema.parse(data).chunk)
          break
        case 'tool_call':
        case 'tool_result':
        case 'specialist':
          draft.add({ type, ...data })
          break
        case 'stream_end':
          draft.add(data)
          draft.end(endSchema.parse(data).status ?? 'complete')
          break
        case 'error':
          draft.add(data)
          draft.end('error')
      }
    }
    return draft.message()
  },
}

function requestOf({ prompt, key, byToken }: Ask): object {
  return {
    type: 'ai_request',
    prompt,
    ...(key && { request_id: key.value }),
    ...(byToken && { stream_config: { granularity: 'token' } }),
  }
}

/** A client that has seen nothing of its request sends it once more, with the same id (CL9). */
function isKnown({ cursor, requestId }: Place): boolean {
  return cursor !== null || requestId !== null
}

interface Opening {
  /** The frame that is sent when the socket is open. */
  readonly sends: object | null
  readonly cutAfter: number | undefined
}

/** Opens a socket. Envelopes alone are events: the bare pong is none. */
async function open(
  service: Service,
  user: string,
  cursor: string | null,
  { sends, cutAfter }: Opening,
): Promise<Reader> {
  const query = new URLSearchParams({ user_id: user, ...(cursor !== null && { last_event_id: cursor }) })
  const socket = new WebSocket(`${service.url.replace(/^http/, 'ws')}/ws/ai-stream?${query}`)
  const opened = Promise.withResolvers<void>()
  socket.on('open', opened.resolve)
  socket.on('error', opened.reject)
  const waiting: string[] = []
  let reader: Reader | null = null
  socket.on('message', (raw: Buffer) => {
    if (reader === null) waiting.push(raw.toString())
    else take(reader, raw.toString(), cursor)
  })
  await opened.promise
  // A frame that was handed over goes out before the connection is torn: what a client has sent, it has sent.
  if (sends !== null) await new Promise((resolve) => socket.send(JSON.stringify(sends), resolve))
  const made = new Reader(() => socket.terminate(), cursor, cutAfter)
  socket.on('error', (error) => made.inbox.close(error.message))
  socket.on('close', (code) => made.inbox.close(`closed with ${code}`))
  reader = made
  for (const frame of waiting) take(made, frame, cursor)
  return made
}

/** @param cursor what the reader brought; without one the status says where it begins (CU5) */
function take(reader: Reader, frame: string, cursor: string | null): void {
  const parsed = envelopeSchema.safeParse(JSON.parse(frame))
  if (!parsed.success) return
  const { id, event_type, data } = parsed.data
  const begin = event_type === 'connection_status' && cursor === null ? data['cursor'] : null
  reader.push({ id: id ?? (typeof begin === 'string' ? begin : null), name: event_type, data: JSON.parse(frame) })
}
