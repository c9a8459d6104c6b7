import { exports } from 'cloudflare:workers'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { type Envelope, parseEnvelope } from '../../src/core/wire.ts'

const BASE = 'http://freshet.test'

export function call(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(new Request(`${BASE}${path}`, init))
}

/** Something that was received, by either transport, in the terms both share. */
export interface Seen {
  readonly id: string | null
  readonly type: string
  readonly data: Record<string, unknown>
}

/** Collects what arrives and lets a test await it: no sleeping. */
class Inbox<T> {
  readonly all: T[] = []
  #over = false
  #wake: (() => void)[] = []

  push(item: T): void {
    this.all.push(item)
    this.#notify()
  }

  finish(): void {
    this.#over = true
    this.#notify()
  }

  async until(found: (all: readonly T[]) => boolean): Promise<readonly T[]> {
    while (!found(this.all)) {
      if (this.#over) throw new Error(`the stream ended first: ${JSON.stringify(this.all).slice(-600)}`)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return this.all
  }

  async over(): Promise<void> {
    while (!this.#over) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export class Socket extends Inbox<Envelope> {
  readonly socket: WebSocket
  readonly bare: unknown[] = []
  closed: { code: number; reason: string } | null = null

  private constructor(socket: WebSocket) {
    super()
    this.socket = socket
    socket.addEventListener('message', ({ data }) => {
      const raw: unknown = JSON.parse(String(data))
      if (typeof raw === 'object' && raw !== null && 'type' in raw) {
        this.bare.push(raw)
        this.push(PONG)
      } else this.push(parseEnvelope(String(data)))
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
      this.finish()
    })
    socket.accept()
  }

  static async open(query: string, headers: Record<string, string> = {}): Promise<Socket> {
    const response = await call(`/ws/ai-stream?${query}`, { headers: { upgrade: 'websocket', ...headers } })
    if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`)
    return new Socket(response.webSocket)
  }

  say(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  close(): void {
    this.socket.close(1000, 'done')
  }

  get events(): readonly Envelope[] {
    return this.all.filter(({ event_type }) => event_type !== 'pong')
  }

  /** Events of the log, as both transports name them. */
  get logged(): readonly Seen[] {
    return this.events.filter(({ id, event_type }) => id !== null && event_type !== 'resync').map(seenOf)
  }

  async end(requestId?: string): Promise<void> {
    await this.until((all) => all.some((event) => isEnd(event) && (requestId ?? event.request_id) === event.request_id))
  }
}

const PONG: Envelope = {
  id: null,
  event_type: 'pong',
  data: {},
  timestamp: 0,
  request_id: null,
  session_id: '',
  metadata: {},
}

function isEnd({ event_type, id, request_id }: Envelope): boolean {
  return id !== null && request_id !== null && (event_type === 'stream_end' || event_type === 'error')
}

function seenOf({ id, event_type, data }: Envelope): Seen {
  return { id, type: event_type, data }
}

export class Stream extends Inbox<Seen> {
  readonly response: Response
  readonly #abort: AbortController

  private constructor(response: Response, abort: AbortController) {
    super()
    this.response = response
    this.#abort = abort
    void this.#read()
  }

  static async open(path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Stream> {
    const abort = new AbortController()
    const response = await call(path, { ...init, headers, signal: abort.signal })
    if (response.status !== 200) throw new Error(`no stream: ${response.status} ${await response.text()}`)
    return new Stream(response, abort)
  }

  close(): void {
    this.#abort.abort()
  }

  get logged(): readonly Seen[] {
    return this.all.filter(({ id, type }) => id !== null && type !== 'connection' && type !== 'resync')
  }

  async end(): Promise<void> {
    await this.until((all) => all.some(({ id, type }) => id !== null && /^stream_(complete|error)$/.test(type)))
  }

  async #read(): Promise<void> {
    const body = this.response.body
    if (body === null) return this.finish()
    try {
      const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      for await (const { id, event, data } of events) {
        this.push({ id: id ?? null, type: event ?? 'message', data: JSON.parse(data) })
      }
    } catch {
      // Cut off: what was received stands.
    }
    this.finish()
  }
}

/** Begins a generation over HTTP and returns its id. */
export async function trigger(user: string, prompt: string, more: Record<string, unknown> = {}): Promise<string> {
  const response = await call('/api/sse/trigger-stream', {
    method: 'POST',
    headers: { 'x-user-id': user },
    body: JSON.stringify({ prompt, ...more }),
  })
  const body: unknown = await response.json()
  if (typeof body === 'object' && body !== null && 'request_id' in body) return String(body.request_id)
  throw new Error(JSON.stringify(body))
}

export interface HubDebug {
  instance_id: string
  connections: number
  epoch: string
  first_seq: number
  last_seq: number
  rows_written: number
}

export async function debug(user: string): Promise<HubDebug> {
  const response = await call(`/debug/hub?user_id=${encodeURIComponent(user)}`)
  return response.json<HubDebug>()
}

/** The whole kept log of a user, as a WebSocket client gets it that has seen nothing of it. */
export async function wholeLog(user: string): Promise<readonly Seen[]> {
  const { epoch, last_seq } = await debug(user)
  const reader = await Socket.open(`user_id=${user}&last_event_id=${epoch}-0`)
  await reader.until((all) => all.some(({ id }) => id === `${epoch}-${last_seq}`))
  const log = reader.logged
  reader.close()
  return log
}

export function seqOf(id: string | null): number {
  return Number(id?.split('-')[1])
}
