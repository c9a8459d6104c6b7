import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'
import { Inbox } from '../support/client-inbox.ts'
import type { Service, WireEvent } from './dialect.ts'

/** Somebody who reads a stream, and may be torn from it after a number of events. */
export class Reader {
  readonly inbox = new Inbox<WireEvent>()
  readonly #begin: string | null
  readonly #cutAfter: number
  readonly #hangUp: () => void

  /**
   * @param hangUp drops the connection, without a word to the service where that can be
   * @param begin the cursor that it brought, or null
   */
  constructor(hangUp: () => void, begin: string | null, cutAfter = Number.POSITIVE_INFINITY) {
    this.#hangUp = hangUp
    this.#begin = begin
    this.#cutAfter = cutAfter
    if (cutAfter <= 0) this.cut()
  }

  get events(): readonly WireEvent[] {
    return this.inbox.items
  }

  /** The id of the last event that had one, else the cursor that it brought, or null. */
  get cursor(): string | null {
    return this.events.findLast(({ id }) => id !== null)?.id ?? this.#begin
  }

  /** Resolves with how it ended: `cut` when it was torn, `end of stream` when the service ended it. */
  get end(): Promise<string> {
    return this.inbox.end
  }

  push(event: WireEvent): void {
    this.inbox.push(event)
    if (this.events.length >= this.#cutAfter) this.cut()
  }

  /** What came with the last piece, after the place of the cut, was never read. */
  cut(): void {
    this.inbox.close('cut')
    this.#hangUp()
  }
}

/** An HTTP request for an event stream. */
export interface Opening {
  readonly path: string
  readonly user: string
  /** With one it is a POST. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string | null>>
}

/**
 * Opens an event stream.
 * @returns null for 204: there is nothing to tell
 * @throws Error for any other answer that is no event stream
 */
export async function openStream(service: Service, opening: Opening, cutAfter?: number): Promise<Reader | null> {
  const abort = new AbortController()
  const response = await send(service, opening, abort.signal)
  if (response.status === 204) return null
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    throw new Error(`no event stream: ${response.status} ${await response.text()}`)
  }
  const reader = new Reader(() => abort.abort(), opening.headers?.['last-event-id'] ?? null, cutAfter)
  void read(response, reader)
  return reader
}

/** The same where there must be something to read. */
export async function openBegun(service: Service, opening: Opening, cutAfter?: number): Promise<Reader> {
  const reader = await openStream(service, opening, cutAfter)
  if (reader === null) throw new Error(`204 for a request that begins: ${opening.path}`)
  return reader
}

/** Sends a request as its user. */
export function send(
  service: Service,
  { path, user, body, headers = {} }: Opening,
  signal: AbortSignal | null = null,
): Promise<Response> {
  const given = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
  return fetch(service.url + path, {
    signal,
    headers: { 'x-user-id': user, ...Object.fromEntries(given), ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
}

async function read(response: Response, reader: Reader): Promise<void> {
  try {
    const messages = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    for await (const message of messages ?? []) reader.push(eventOf(message))
    reader.inbox.close('end of stream')
  } catch (error) {
    reader.inbox.close(String(error))
  }
}

/** An event as `eventsource-parser` gives it. */
export function eventOf({ id, event, data }: EventSourceMessage): WireEvent {
  return { id: id ?? null, name: event ?? 'message', data: data === '[DONE]' ? data : JSON.parse(data) }
}
