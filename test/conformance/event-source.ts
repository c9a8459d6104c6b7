import { EventSource } from 'eventsource'
import type { WireEvent } from './dialect.ts'

/** How long an EventSource may take, with its waits between reconnects, on a busy machine. */
const PATIENCE_MS = 50_000

/** Of D3, D4 and D5. `message` is that of an event without a name, too. */
const NAMES = [
  ...['connected', 'message', 'done', 'error'],
  ...[
    'session_initialized',
    'agent_updated',
    'message_delta',
    'tool_call',
    'tool_result',
    'completed',
    'history',
    'batch',
  ],
]

/** Reads by the `eventsource` package until it gives up by itself. */
export async function untilClosed(
  url: string,
): Promise<{ readonly events: readonly WireEvent[]; readonly opened: number }> {
  const source = new EventSource(url)
  const events: WireEvent[] = []
  let opened = 0
  for (const name of NAMES) {
    source.addEventListener(name, (event: MessageEvent) => {
      // `error` is the connection's too; then it has no data.
      if (typeof event.data !== 'string') return
      events.push({ id: event.lastEventId, name, data: JSON.parse(event.data) })
    })
  }
  source.addEventListener('open', () => {
    opened += 1
  })
  const closed = new Promise<void>((resolve) => {
    source.addEventListener('error', () => {
      if (source.readyState === source.CLOSED) resolve()
    })
  })
  let late: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`it never stopped; ${events.length} events came`)), PATIENCE_MS)
  })
  try {
    await Promise.race([closed, tooLate])
    return { events, opened }
  } finally {
    clearTimeout(late)
    source.close()
  }
}
