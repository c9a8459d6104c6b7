import type { ErrorCode } from '../core/errors.ts'
import { parseCursor } from '../core/ids.ts'
import { inTime } from '../core/in-time.ts'
import { LIMITS } from '../core/limits.ts'
import { type Envelope, parseEnvelope, splitFrame } from '../core/wire.ts'
import { sseComment, sseRetry } from '../dialects/sse-text.ts'
import { Reader } from './reader.ts'

/** How a dialect writes to one reader; each returns wire text, or null for what it does not say. */
export interface BridgeDialect {
  /** The hub has taken the reader in: its name, and where it begins (`cursor`). Called once. */
  opened(clientId: string, cursor: string | null, now: number): string
  event(envelope: Envelope): string | null
  heartbeat(now: number): string
  /**
   * The stream's own error: why it ends before its time.
   * @param id where the reader goes on when it comes again; null: where it was
   */
  fault(code: ErrorCode, message: string, now: number, id: string | null): string
  /** Text that was held back to go with what follows; asked for when it has waited long enough. Left out: nothing is. */
  flush?(): string
  /** True after the event that ends the stream (DI2); without it, a stream has no end. */
  isOver?(): boolean
}

interface BridgeOptions {
  /**
   * Opens a socket to the hub.
   * @param cursor the last id that this reader was sent, or null at the first time
   * @param clientId the name that the hub gave it, or null at the first time
   * @returns null when there is nothing to tell (any more)
   */
  connect(cursor: string | null, clientId: string | null): Promise<WebSocket | null>
  readonly dialect: BridgeDialect
  readonly heartbeatMs: number
  /** When the reader's token ends, ms: so does the stream (ID10); null without one. */
  readonly expiresAt: number | null
  /** After how long without a word a comment is written, ms. */
  readonly commentMs: number
  /** What an EventSource is told to wait before it reconnects, ms; null for other readers. */
  readonly retryMs: number | null
  /** Response headers beside those of every event stream. */
  readonly headers?: Readonly<Record<string, string>>
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
  /** The stream is over. Called once. */
  closed?(): void
}

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** One SSE reader: frames of its hub in, wire text out, heartbeats by the Worker alone (SPEC SB). */
class Bridge {
  readonly reader: Reader
  /** Resolves with the first event, or when there will be none. */
  readonly begun: Promise<void>
  readonly #begin: () => void
  readonly #options: BridgeOptions
  #socket: WebSocket | null = null
  #clientId: string | null = null
  #cursor: string | null = null
  #unacked = 0
  /** How often the hub was attached again since something was passed on. */
  #attempts = 0
  #lastEventAt = Date.now()
  #lastWriteAt = Date.now()
  #timer: ReturnType<typeof setTimeout> | null = null
  /** Set while a dialect may hold something back. */
  #holding: ReturnType<typeof setTimeout> | null = null

  constructor(options: BridgeOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.begun = promise
    this.#begin = resolve
    this.reader = new Reader({ drained: () => this.#acknowledge(0), gone: () => this.#gone() })
    options.signal.addEventListener('abort', () => this.reader.cut(), { once: true })
    if (options.signal.aborted) this.reader.cut()
    if (options.retryMs !== null) this.#write(sseRetry(options.retryMs))
    this.#arm()
  }

  attach(socket: WebSocket): void {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#frame(data)
    })
    socket.addEventListener('close', () => this.#lost(socket))
    socket.addEventListener('error', () => this.#lost(socket))
    socket.accept()
    if (this.reader.isOver) this.#close()
  }

  #frame(frame: string): void {
    if (this.reader.isOver) return
    let text = ''
    const { dialect } = this.#options
    try {
      for (const line of splitFrame(frame)) text += this.#encode(this.#parse(line)) ?? ''
    } catch (error) {
      this.#fail(text, error)
      return
    }
    if (dialect.flush !== undefined && this.#holding === null) {
      this.#holding = setTimeout(() => this.#release(), LIMITS.batchMs)
    }
    this.#passOn(text)
    if (dialect.isOver?.() === true) this.reader.end()
    else this.#acknowledge(frame.length)
  }

  /** What was held back has waited long enough. */
  #release(): void {
    this.#holding = null
    if (!this.reader.isOver) this.#passOn(this.#options.dialect.flush?.() ?? '')
  }

  /** Events for the reader; empty when there are none. */
  #passOn(text: string): void {
    if (text === '') return
    this.#attempts = 0
    this.#lastEventAt = Date.now()
    this.#write(text)
    this.#begin()
  }

  /** @throws what `parseEnvelope` throws; then the cursor is behind the line all the same, if its id can be read (SB7) */
  #parse(line: string): Envelope {
    try {
      return parseEnvelope(line)
    } catch (error) {
      this.#cursor = idIn(line) ?? this.#cursor
      throw error
    }
  }

  #encode(envelope: Envelope): string | null {
    if (envelope.event_type === 'connection_status') {
      // After a reattachment the reader is still the same one, so it is not told again.
      if (this.#clientId !== null) return null
      this.#clientId = envelope.session_id
      const { cursor } = envelope.data
      const begin = typeof cursor === 'string' ? cursor : null
      this.#cursor ??= begin
      return this.#options.dialect.opened(envelope.session_id, begin, Date.now())
    }
    if (envelope.id !== null) this.#cursor = envelope.id
    return this.#options.dialect.event(envelope)
  }

  /**
   * Ends the stream at an event that cannot be written: it would fail the same way each time. The reader is told, by an
   * error with that event's id, so that its next stream goes on behind it (SB7).
   * @param before what was written of the frame until then
   */
  #fail(before: string, error: unknown): void {
    console.error({ message: 'event not written', name: error instanceof Error ? error.name : typeof error })
    const words = 'An event could not be shown. Connect again to go on with what follows it.'
    this.#write(before + this.#options.dialect.fault('internal', words, Date.now(), this.#cursor))
    this.reader.end()
  }

  /** Tells the hub how much was passed on, in portions, and only while the reader keeps up (FO3). */
  #acknowledge(chars: number): void {
    this.#unacked += chars
    if (this.#unacked < LIMITS.bridgeAckBytes || this.reader.isFull || this.#socket === null) return
    this.#socket.send(`ack ${this.#unacked}`)
    this.#unacked = 0
  }

  #write(text: string): void {
    const now = Date.now()
    this.#lastWriteAt = now
    this.reader.write(text, now)
  }

  #arm(): void {
    const heartbeatAt = this.#lastEventAt + this.#options.heartbeatMs
    const commentAt = this.#lastWriteAt + this.#options.commentMs
    const at = Math.min(heartbeatAt, commentAt, this.#options.expiresAt ?? commentAt)
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, at - Date.now()))
  }

  #tick(): void {
    const now = Date.now()
    this.reader.check(now)
    if (this.reader.isOver) return
    const { expiresAt, dialect } = this.#options
    if (expiresAt !== null && now >= expiresAt) {
      this.#write(dialect.fault('token_expired', 'The token has expired. Connect again with a new one.', now, null))
      this.reader.end()
      return
    }
    if (now - this.#lastEventAt >= this.#options.heartbeatMs) {
      this.#lastEventAt = now
      this.#write(this.#options.dialect.heartbeat(now))
    } else if (now - this.#lastWriteAt >= this.#options.commentMs) this.#write(sseComment('open'))
    this.#arm()
  }

  /** The hub went away while the reader is still here: a deploy, or a restart of the object (SB5). */
  #lost(socket: WebSocket): void {
    if (socket !== this.#socket || this.reader.isOver) return
    this.#socket = null
    void this.#reattach()
  }

  async #reattach(): Promise<void> {
    // Counted on until something was passed on: a hub that only lets itself be attached has not come back.
    while (this.#attempts < LIMITS.reattachTries) {
      const wait = LIMITS.reattachMs * 2 ** this.#attempts
      this.#attempts += 1
      await new Promise((resolve) => setTimeout(resolve, wait))
      if (this.reader.isOver) return
      try {
        this.#unacked = 0
        const socket = await this.#options.connect(this.#cursor, this.#clientId)
        if (socket === null) break
        this.attach(socket)
        return
      } catch (error) {
        console.warn({ message: 'hub unreachable', name: error instanceof Error ? error.name : typeof error })
      }
    }
    // The client's own reconnect resumes from its last id.
    this.reader.end()
  }

  #gone(): void {
    this.#close()
    this.#options.closed?.()
  }

  #close(): void {
    this.#begin()
    for (const timer of [this.#timer, this.#holding]) if (timer !== null) clearTimeout(timer)
    const socket = this.#socket
    this.#socket = null
    try {
      socket?.close(1000, 'the reader left')
    } catch {
      // The hub has closed it already.
    }
  }
}

/** The id in the text of an envelope that could not be parsed, or null. */
function idIn(line: string): string | null {
  const id = /"id":"([^"\\]{1,200})"/.exec(line)?.[1]
  return id !== undefined && parseCursor(id) !== null ? id : null
}

/**
 * Answers with an event stream fed by the caller's hub, or with 204 when there is nothing to tell.
 * @throws FreshetError when the hub refuses the connection: then no stream has begun.
 */
export async function bridgeResponse(options: BridgeOptions): Promise<Response> {
  const socket = await options.connect(null, null)
  if (socket === null) return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  const bridge = new Bridge(options)
  bridge.attach(socket)
  // A reader that is cut after the headers must have its first id by then (DI5), so they leave together.
  await inTime(bridge.begun, LIMITS.firstEventMs).catch(() => undefined)
  return new Response(bridge.reader.body, { headers: { ...SSE_HEADERS, ...options.headers } })
}
