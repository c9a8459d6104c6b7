import { createParser, type EventSourceMessage } from 'eventsource-parser'

export interface ParsedStream {
  readonly events: readonly EventSourceMessage[]
  readonly comments: readonly string[]
  readonly retries: readonly number[]
}

/** The bytes of a text cut at the given places, in pieces of at least one byte. */
export function cutBytes(text: string, places: readonly number[]): readonly Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...cuts].map((from, i) => bytes.slice(from, cuts[i] ?? bytes.length))
}

/** What a client that reads by the HTML standard makes of an event stream. */
export function parseStream(pieces: readonly Uint8Array[]): ParsedStream {
  const events: EventSourceMessage[] = []
  const comments: string[] = []
  const retries: number[] = []
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => retries.push(ms),
    onError: (error) => {
      throw error
    },
  })
  const decoder = new TextDecoder()
  for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }))
  parser.feed(decoder.decode())
  return { events, comments, retries }
}

/** The events of a text that came in one piece. */
export function eventsOf(text: string): readonly EventSourceMessage[] {
  return parseStream(cutBytes(text, [])).events
}
