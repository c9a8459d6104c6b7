import type { LogEvent } from '../core/events.ts'

/** What is known of a request that ran when an earlier instance died (GE6). */
export interface LeftBehind {
  /** Null when its start is no longer kept. */
  readonly start: Extract<LogEvent, { type: 'stream_start' }> | null
  /** Who was answering, to be billed; null for nobody, and for the cache. */
  readonly provider: string | null
  /** The answer so far. */
  readonly text: string
  readonly chars: number
  /** Characters that stood when that provider began. */
  readonly charsBefore: number
}

/** @param events those of the request that are kept, oldest first */
export function leftOf(events: Iterable<LogEvent>): LeftBehind {
  const texts: string[] = []
  let left: Omit<LeftBehind, 'text'> = { start: null, provider: null, chars: 0, charsBefore: 0 }
  for (const event of events) {
    if (event.type === 'stream_start') left = { ...left, start: event }
    if (event.type === 'chunk' || event.type === 'token') {
      texts.push(event.data.chunk)
      left = { ...left, chars: event.data.accumulated_length }
    }
    if (event.type === 'metadata') {
      const provider = event.data.cache_hit === true ? null : event.data.recommended_provider
      left = { ...left, provider, charsBefore: event.data.switch?.at(-1)?.after_chars ?? 0 }
    }
  }
  return { ...left, text: texts.join('') }
}
