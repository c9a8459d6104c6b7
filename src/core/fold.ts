import type { LogEvent, Numbered } from './events.ts'
import { admits, type Filter } from './filter.ts'
import { formatCursor } from './ids.ts'
import { LIMITS } from './limits.ts'
import type { LogBounds } from './log.ts'
import type { Exchange, Resync, ResyncReason } from './state.ts'

interface Folding {
  exchange: Exchange
  parts: string[]
}

/** Exchanges by request, from the events that a filter admits, in the order in which they began (RS3). */
export class ExchangeFold {
  readonly #byRequest = new Map<string, Folding>()

  add(event: LogEvent): void {
    if (event.type === 'stream_start') {
      this.#byRequest.set(event.request_id, {
        exchange: {
          request_id: event.request_id,
          conversation_id: event.conversation_id,
          prompt: event.data.prompt,
          text: '',
          chunks: 0,
          status: 'running',
          error_type: null,
          started_at: event.at / 1000,
        },
        parts: [],
      })
      return
    }
    // Without its start (dropped with the older segment) a request cannot be told whole, so it is left out.
    const folding = this.#byRequest.get(event.request_id)
    if (folding === undefined) return
    const { exchange, parts } = folding
    switch (event.type) {
      case 'chunk':
      case 'token':
        parts.push(event.data.chunk)
        exchange.chunks = event.data.chunk_number
        break
      case 'stream_end':
        exchange.status = 'complete'
        break
      case 'cancelled':
        exchange.status = 'cancelled'
        break
      case 'error':
        exchange.status = 'error'
        exchange.error_type = event.data.error_type
        break
      case 'metadata':
      case 'progress':
      case 'tool_call':
      case 'tool_result':
      case 'specialist':
        break
      case 'deleted':
        this.#byRequest.delete(event.request_id)
        break
    }
  }

  exchanges(): readonly Exchange[] {
    return [...this.#byRequest.values()].map(({ exchange, parts }) => ({ ...exchange, text: parts.join('') }))
  }
}

/** The newest exchanges that fit the limits, oldest first. */
function newest(exchanges: readonly Exchange[]): readonly Exchange[] {
  const kept: Exchange[] = []
  let chars = 0
  for (const exchange of exchanges.toReversed()) {
    chars += exchange.prompt.length + exchange.text.length
    if (kept.length === LIMITS.resyncExchanges || (kept.length > 0 && chars > LIMITS.resyncChars)) break
    kept.push(exchange)
  }
  return kept.toReversed()
}

/**
 * `data` of a `resync` for a reader: why, from where, and the present state as its filter sees it (RS2, RS3).
 * @param events those from where what is to be told begins; all that are kept, or fewer
 * @param ended how many requests have ended that the reader may see, where `events` are fewer; null: those in `events`
 */
export function resyncOf(
  reason: ResyncReason,
  events: Iterable<Numbered>,
  bounds: LogBounds,
  filter: Filter,
  ended: number | null = null,
): Resync {
  const fold = new ExchangeFold()
  // Text belongs to the state whatever cadence of progress the reader asked for, so only its text channel counts.
  const text: Filter = { ...filter, channels: ['ai_response'] }
  if (filter.channels.includes('ai_response')) {
    for (const { event } of events) if (admits(text, event)) fold.add(event)
  }
  const all = fold.exchanges()
  const finished = all.filter((exchange) => exchange.status !== 'running')
  const kept = newest(finished)
  return {
    reason,
    first_id: formatCursor(bounds.epoch, bounds.firstSeq),
    from_id: formatCursor(bounds.epoch, bounds.lastSeq),
    messages: kept.flatMap((exchange) => messagesOf(exchange)),
    running: all.filter((exchange) => exchange.status === 'running'),
    omitted: Math.max(0, (ended ?? finished.length) - kept.length),
  }
}

function messagesOf(exchange: Exchange): Resync['messages'] {
  const { request_id, conversation_id, started_at: timestamp, error_type } = exchange
  const status = exchange.status === 'running' ? 'complete' : exchange.status
  const common = { request_id, conversation_id, status, error_type, timestamp }
  return [
    { role: 'user', content: exchange.prompt, ...common },
    { role: 'assistant', content: exchange.text, ...common },
  ]
}
