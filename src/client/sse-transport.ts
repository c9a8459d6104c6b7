import { EventSourceParserStream } from 'eventsource-parser/stream'
import { eventStreamUrl, healthUrl } from './addresses.ts'
import { deliver, isFinal, readProblem } from './http-commands.ts'
import { envelopeOfSse } from './sse-envelope.ts'
import type { Target, Transport, TransportEvents } from './transport.ts'

/** Longest event, characters: a resync holds at most 256 KiB of text. */
const EVENT_CHARS = 4 * 1024 * 1024

/**
 * The service over server-sent events, read with fetch: an EventSource can set no header and hides why it failed.
 * @param fetcher a fetch for where the global one will not do.
 */
export function sseTransport(target: Target, events: TransportEvents, fetcher: typeof fetch): Transport {
  let attempt = new AbortController()
  return {
    // The service writes a comment every 15 s (SB2).
    quietMs: 45_000,
    connect(cursor) {
      attempt = new AbortController()
      void follow(target, cursor, events, fetcher, attempt.signal)
    },
    disconnect() {
      attempt.abort()
    },
    send(command) {
      void deliver(target, command, events, fetcher)
    },
    probe() {
      void askHealth(target, events, fetcher, attempt.signal)
    },
  }
}

async function follow(
  target: Target,
  cursor: string,
  events: TransportEvents,
  fetcher: typeof fetch,
  signal: AbortSignal,
): Promise<void> {
  let reason = 'the stream ended'
  try {
    const response = await fetcher(eventStreamUrl(target), {
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': cursor },
      cache: 'no-store',
      signal,
    })
    if (response.status === 200 && response.body !== null) {
      events.opened()
      await readEvents(response.body, events, signal)
    } else {
      const { message } = await readProblem(response)
      if (isFinal(response.status)) return events.refused(message ?? `status ${response.status}`)
      reason = message ?? `status ${response.status}`
    }
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error)
  }
  // After an abort somebody else has decided what follows.
  if (!signal.aborted) events.dropped(reason)
}

/** A stream cannot be asked, so the way to the service is: any answer is a sign of life, none is for the watch to judge. */
async function askHealth(
  target: Target,
  events: TransportEvents,
  fetcher: typeof fetch,
  signal: AbortSignal,
): Promise<void> {
  try {
    await fetcher(healthUrl(target), { cache: 'no-store', signal })
    events.alive()
  } catch {
    // No answer: the watch goes on to its end.
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  events: TransportEvents,
  signal: AbortSignal,
): Promise<void> {
  const parser = new EventSourceParserStream({ onComment: () => events.alive(), maxBufferSize: EVENT_CHARS })
  const reader = body.pipeThrough(new TextDecoderStream()).pipeThrough(parser).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done || signal.aborted) return
    events.alive()
    const event = envelopeOfSse(value, Date.now() / 1000)
    if (event !== null) events.received(event)
  }
}
