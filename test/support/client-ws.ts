import { type RawData, WebSocket } from 'ws'
import { Inbox } from './client-inbox.ts'

/** A frame of the server as contract D1 has it; `pong` has other fields, so nothing but the text is sure. */
export interface Envelope {
  readonly id: string | null
  readonly event_type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly timestamp: number
  readonly request_id: string | null
  readonly session_id: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A WebSocket client as in the old days: keeps what comes, does nothing by itself. */
export class WsClient {
  readonly inbox = new Inbox<Envelope>()
  /** Frames that are no envelope: the bare pong. */
  readonly bare = new Inbox<Readonly<Record<string, unknown>>>()
  readonly socket: WebSocket

  /** @param url http(s) address of the socket */
  constructor(url: string, protocols: string[] = [], headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers })
    this.socket.on('message', (raw) => {
      const text = textOf(raw)
      const frame: unknown = text === 'pong' ? { text } : JSON.parse(text)
      if (isEnvelope(frame)) this.inbox.push(frame)
      else this.bare.push(Object(frame))
    })
    this.socket.on('error', (error) => this.#close(error.message))
    this.socket.on('close', (code, reason) => this.#close(`${code} ${reason.toString()}`))
  }

  /** Resolves after `connection_status`. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<WsClient> {
    const client = new WsClient(url, [], headers)
    await client.until((event) => event.event_type === 'connection_status')
    return client
  }

  get events(): readonly Envelope[] {
    return this.inbox.items
  }

  until(wanted: (event: Envelope) => boolean, from = 0): Promise<Envelope> {
    return this.inbox.until(wanted, from)
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** Reads no more: what the kernel's buffers do not take stays with the server. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Drops the connection without a closing handshake. */
  cut(): void {
    this.#close('cut')
    this.socket.terminate()
  }

  #close(how: string): void {
    this.inbox.close(how)
    this.bare.close(how)
  }
}

function isEnvelope(frame: unknown): frame is Envelope {
  return typeof frame === 'object' && frame !== null && 'event_type' in frame
}

function textOf(raw: RawData): string {
  return new TextDecoder().decode(Array.isArray(raw) ? Buffer.concat(raw) : raw)
}
