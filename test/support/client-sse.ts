import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'
import { Inbox } from './client-inbox.ts'

/** An event of a stream; `data` is parsed JSON. */
export interface SseEvent {
  readonly id: string | null
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
  /** When it came, ms. */
  readonly at: number
}

/** An SSE reader by fetch: keeps what comes, does nothing by itself. */
export class SseClient {
  readonly inbox = new Inbox<SseEvent>()
  readonly response: Response
  readonly #abort: AbortController
  #awake = Promise.withResolvers<void>()

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    this.#awake.resolve()
    void this.#read()
  }

  /** @throws Error when the answer is no event stream */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
    const abort = new AbortController()
    const response = await fetch(url, { headers, signal: abort.signal })
    if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
      throw new Error(`no event stream: ${response.status} ${await response.text()}`)
    }
    return new SseClient(response, abort)
  }

  get events(): readonly SseEvent[] {
    return this.inbox.items
  }

  until(wanted: (event: SseEvent) => boolean, from = 0): Promise<SseEvent> {
    return this.inbox.until(wanted, from)
  }

  /** Reads no more: what the kernel's and fetch's buffers do not take stays with the server. */
  pause(): void {
    this.#awake = Promise.withResolvers()
  }

  resume(): void {
    this.#awake.resolve()
  }

  /** Drops the connection: what has not been read by now is never read. */
  cut(): void {
    this.inbox.close('cut')
    this.#abort.abort()
  }

  async #read(): Promise<void> {
    try {
      const messages = this.response.body
        ?.pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream())
      for await (const message of messages ?? []) {
        await this.#awake.promise
        this.inbox.push(parse(message))
      }
      this.inbox.close('end of stream')
    } catch (error) {
      this.inbox.close(String(error))
    }
  }
}

function parse({ id, event, data }: EventSourceMessage): SseEvent {
  return { id: id ?? null, event: event ?? 'message', data: JSON.parse(data), at: Date.now() }
}
