import { isTerminal, type LogEvent, type LogEventType } from '../core/events.ts'
import type { StreamObserver } from './request-stream.ts'

/** Streams that this instance of the Worker is writing now. */
let active = 0

const STATUS: Partial<Record<LogEventType, string>> = { stream_end: 'complete', cancelled: 'cancelled', error: 'error' }

/** A line for each chunk would cost more than the chunk. */
const CHUNKS_A_LINE = 10

interface StreamClient {
  /** The client's address, or null where the platform does not tell. */
  readonly address: string | null
  /** True for a caller without a name, to whom an id is the key to its hub: then the log has only the end of it. */
  readonly nameless: boolean
}

/**
 * Writes the server's log lines of a stream (contract D4): its start, its chunks by tens, and its end with what went through. Never a word
 * of what was said (PR3): of the message its length.
 */
export function streamLog(dialect: string, { address, nameless }: StreamClient): StreamObserver {
  let begun: { readonly at: number; readonly session_id: string | null; readonly request_id: string } | null = null
  let chunks = 0
  let status = 'left'
  const shown = (id: string): string => (nameless ? `…${id.slice(-12)}` : id)
  return {
    event(event) {
      if (begun === null) {
        active += 1
        const { conversation_id: session, request_id } = event
        begun = {
          at: Date.now(),
          session_id: session === null ? null : shown(session),
          request_id: shown(request_id),
        }
        write('stream started', {
          address,
          session_id: begun.session_id,
          request_id: begun.request_id,
          message_chars: lengthOf(event),
          active_streams: active,
        })
      }
      if (event.type === 'chunk' || event.type === 'token') {
        chunks += 1
        const { session_id, request_id } = begun
        if (chunks % CHUNKS_A_LINE === 0) write('stream goes on', { session_id, request_id, chunks })
      }
      if (isTerminal(event)) status = STATUS[event.type] ?? status
    },
    closed() {
      if (begun === null) return
      active -= 1
      const { at, session_id, request_id } = begun
      const seconds = (Date.now() - at) / 1000
      write('stream ended', { session_id, request_id, chunks, seconds, active_streams: active, status })
    },
  }

  function write(message: string, more: Record<string, unknown>): void {
    console.info({ message, dialect, ...more })
  }
}

/** Characters of the message; null for a reader that came later. */
function lengthOf(event: LogEvent): number | null {
  return event.type === 'stream_start' ? event.data.prompt_length : null
}
