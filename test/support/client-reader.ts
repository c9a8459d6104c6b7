import { createHash } from 'node:crypto'
import { Inbox } from './client-inbox.ts'
import { SseClient, type SseEvent } from './client-sse.ts'
import { type Envelope, WsClient } from './client-ws.ts'

export type Transport = 'sse' | 'ws'

/** An event with an id as either transport shows it, in D1's names, so that what two readers saw can be compared. */
export interface Seen {
  readonly id: string
  readonly type: string
  readonly requestId: string
  /** `data` without what only one transport has; a long one as its digest. */
  readonly body: string
  readonly at: number
}

const D1_NAMES: Readonly<Record<string, string>> = { stream_complete: 'stream_end', stream_error: 'error' }
/** No event but a long prompt's start is longer. */
const LONG_BODY = 20_000
const TERMINAL: ReadonlySet<string> = new Set(['stream_end', 'error'])

/** A client that watches a user's log over either transport and remembers where it is. */
export class LogReader {
  readonly transport: Transport
  readonly #client: SseClient | WsClient
  /** Events of the log, in the order in which they came. */
  readonly #seen = new Inbox<Seen>()
  /** Where it was told that it begins (CU5), or the cursor that it brought. */
  readonly #begin: string | null

  private constructor(transport: Transport, client: SseClient | WsClient, begin: string | null) {
    this.transport = transport
    this.#client = client
    this.#begin = begin
    const take = (seen: Seen | null) => {
      if (seen !== null) this.#seen.push(seen)
    }
    if (client instanceof SseClient) client.inbox.tap((event) => take(seenInSse(event)))
    else client.inbox.tap((event) => take(seenInWs(event)))
    void client.inbox.end.then((how) => this.#seen.close(how))
  }

  /** @param cursor where to go on, or null to begin live */
  static async open(transport: Transport, url: string, user: string, cursor: string | null): Promise<LogReader> {
    if (transport === 'sse') {
      const headers: Record<string, string> = cursor === null ? {} : { 'last-event-id': cursor }
      const client = await SseClient.open(`${url}/sse/ai-stream?user_id=${user}`, headers)
      const { id } = await client.until(({ event }) => event === 'connection')
      return new LogReader(transport, client, cursor ?? id)
    }
    const query = cursor === null ? '' : `&last_event_id=${cursor}`
    const client = await WsClient.open(`${url}/ws/ai-stream?user_id=${user}${query}`)
    const begin = client.events[0]?.data['cursor']
    return new LogReader(transport, client, cursor ?? (typeof begin === 'string' ? begin : null))
  }

  get seen(): readonly Seen[] {
    return this.#seen.items
  }

  /** Where this reader would go on. */
  get cursor(): string | null {
    return this.#seen.items.at(-1)?.id ?? this.#begin
  }

  /** Resolves when `count` events of the log are here. */
  async untilCount(count: number): Promise<void> {
    if (this.#seen.items.length < count) await this.until(() => this.#seen.items.length >= count)
  }

  /** Resolves at the first event of the log, of those to come, that satisfies. */
  async until(wanted: (seen: Seen) => boolean): Promise<void> {
    await this.#seen.until(wanted, this.#seen.items.length)
  }

  /**
   * Resolves when each of the requests has had its end.
   * @param orCount or when so many events of the log are here
   */
  async untilEnded(requests: Iterable<string>, orCount = Number.POSITIVE_INFINITY): Promise<void> {
    const open = new Set(requests)
    let count = 0
    const strike = (seen: Seen) => {
      count += 1
      if (isEnd(seen)) open.delete(seen.requestId)
      return open.size === 0 || count >= orCount
    }
    if (open.size > 0) await this.#seen.until(strike)
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get end(): Promise<string> {
    return this.#client.inbox.end
  }

  /** Reads no more until `resume`: a reader that is alive and takes nothing. */
  pause(): void {
    this.#client.pause()
  }

  resume(): void {
    this.#client.resume()
  }

  cut(): void {
    this.#client.cut()
  }
}

export function isEnd({ type }: Seen): boolean {
  return TERMINAL.has(type)
}

/** The number in an id. */
export function seqOf(id: string): number {
  return Number(id.split('-').at(-1))
}

function shortened(data: unknown): string {
  const text = JSON.stringify(data)
  return text.length < LONG_BODY ? text : createHash('sha256').update(text).digest('hex')
}

function seenInSse({ id, event, data, at }: SseEvent): Seen | null {
  if (id === null || event === 'connection') return null
  const { client_id: _, ...rest } = data
  return { id, type: D1_NAMES[event] ?? event, requestId: String(data['request_id']), body: shortened(rest), at }
}

function seenInWs({ id, event_type: type, data, request_id, timestamp }: Envelope): Seen | null {
  if (id === null) return null
  return { id, type, requestId: String(request_id), body: shortened(data), at: timestamp * 1000 }
}
