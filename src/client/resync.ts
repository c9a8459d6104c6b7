import { resyncSchema } from '../core/state.ts'
import type { Envelope } from '../core/wire.ts'
import { type Exchange, newExchange, type Transcript } from './exchange.ts'

/**
 * The transcript that a `resync` carries; it replaces whatever there was (RS2, RS3).
 * @returns null when the event has no such state in it.
 */
export function transcriptOfResync(event: Envelope): Transcript | null {
  const parsed = resyncSchema.safeParse(event.data)
  if (!parsed.success) return null
  const { messages, running, from_id, omitted } = parsed.data
  const byId = new Map<string, Exchange>()
  for (const message of messages) {
    const known = byId.get(message.request_id) ?? newExchange(message.request_id, message.timestamp)
    byId.set(message.request_id, {
      ...known,
      ...(message.role === 'user' ? { prompt: message.content } : { text: message.content }),
      status: message.status,
      typing: false,
      error: message.error_type === null ? known.error : { type: message.error_type, message: null },
    })
  }
  for (const { request_id, prompt, text, chunks, started_at } of running) {
    byId.set(request_id, { ...newExchange(request_id, started_at), prompt, text, chunks })
  }
  // A request that still runs may have begun before one that has ended.
  const exchanges = [...byId.values()].toSorted((a, b) => a.started_at - b.started_at)
  return { exchanges, cursor: event.id ?? from_id, omitted }
}
