import { SseClient, type SseEvent } from './client-sse.ts'
import { type Envelope, WsClient } from './client-ws.ts'

export type Transport = 'sse' | 'ws'

/** An event with an id as either transport shows it, in D1's names, so that what two readers saw can be compared. */
export interface Seen {
  readonly id: string
  readonly type: string
  readonly requestId: string
  /** `data` without what only one transport has. */
  readonly body: string
  readonly at: number
}

const D1_NAMES: Readonly<Record<string, string>> = { stream_complete: 'stream_end', stream_error: 'error' }
const TERMINAL: ReadonlySet<string> = new Set(['stream_end', 'error'])

/** A client that watches a user's log over either transport and remembers where it is. */
export class LogReader {
  readonly transport: Transport
  readonly #client: SseClient | WsClient
  readonly #seen: () => readonly Seen[]

  private constructor(transport: Transport, client: SseClient | WsClient, seen: () => readonly Seen[]) {
    this.transport = transport
    this.#client = client
    this.#seen = seen
  }

  /** @param cursor where to go on, or null to begin live */
  static async open(transport: Transport, url: string, user: string, cursor: string | null): Promise<LogReader> {
    if (transport === 'sse') {
      const headers: Record<string, string> = cursor === null ? {} : { 'last-event-id': cursor }
      const client = await SseClient.open(`${url}/sse/ai-stream?user_id=${user}`, headers)
      await client.until(({ event }) => event === 'connection')
      return new LogReader(transport, client, () => client.events.flatMap(seenInSse))
    }
    const query = cursor === null ? '' : `&last_event_id=${cursor}`
    const client = await WsClient.open(`${url}/ws/ai-stream?user_id=${user}${query}`)
    return new LogReader(transport, client, () => client.events.flatMap(seenInWs))
  }

  /** Events of the log, in the order in which they came. */
  get seen(): readonly Seen[] {
    return this.#seen()
  }

  /** Where this reader would go on: the last id, or where it was told that it begins (CU5). */
  get cursor(): string | null {
    const last = this.seen.at(-1)
    if (last !== undefined) return last.id
    if (this.#client instanceof SseClient) return this.#client.events[0]?.id ?? null
    const begin = this.#client.events[0]?.data['cursor']
    return typeof begin === 'string' ? begin : null
  }

  /** Resolves when `count` events of the log are here. */
  async untilCount(count: number): Promise<void> {
    await this.#until(() => this.seen.length >= count)
  }

  /** Resolves when each of the requests has had its end. */
  async untilEnded(requests: Iterable<string>): Promise<void> {
    const open = new Set(requests)
    await this.#until(() => {
      for (const { requestId } of this.seen.filter(isEnd)) open.delete(requestId)
      return open.size === 0
    })
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get end(): Promise<string> {
    return this.#client.inbox.end
  }

  cut(): void {
    this.#client.cut()
  }

  async #until(good: () => boolean): Promise<void> {
    if (good()) return
    if (this.#client instanceof SseClient) await this.#client.until(good)
    else await this.#client.until(good)
  }
}

export function isEnd({ type }: Seen): boolean {
  return TERMINAL.has(type)
}

/** The number in an id. */
export function seqOf(id: string): number {
  return Number(id.split('-').at(-1))
}

function seenInSse({ id, event, data, at }: SseEvent): Seen[] {
  if (id === null || event === 'connection') return []
  const { client_id: _, ...rest } = data
  return [{ id, type: D1_NAMES[event] ?? event, requestId: String(data['request_id']), body: JSON.stringify(rest), at }]
}

function seenInWs({ id, event_type: type, data, request_id, timestamp }: Envelope): Seen[] {
  if (id === null) return []
  return [{ id, type, requestId: String(request_id), body: JSON.stringify(data), at: timestamp * 1000 }]
}
