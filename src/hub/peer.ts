import { type Attachment, attachmentSchema } from '../core/connection.ts'
import { LIMITS } from '../core/limits.ts'
import { utf8Length } from '../core/utf8.ts'
import { addressTo, joinFrame } from '../core/wire.ts'

/** What a hub needs of a WebSocket; tests give their own. */
export interface HubSocket {
  send(text: string): void
  close(code: number, reason: string): void
  serializeAttachment(value: unknown): void
  /** Bytes handed over and not yet on the network. */
  readonly bufferedAmount: number
}

/** One live connection: a socket, its attachment, and how much it has yet to take. */
export class Peer {
  readonly socket: HubSocket
  #attachment: Attachment
  #unacked = 0
  /** When it last took something while it was behind, ms. */
  progressAt = 0
  closed = false
  /** False for a reader of one request who may be cut off before it has any id of it, and could then only ask anew (GE11). */
  hasWhereabouts = true
  /** Requests that it was shown as a snapshot, and those that it began and that still run. */
  readonly told = new Set<string>()
  readonly active = new Set<string>()

  constructor(socket: HubSocket, attachment: Attachment) {
    this.socket = socket
    this.#attachment = attachment
  }

  /** Restores a peer from what the socket carries; null when that is not ours or of another version (HB2). */
  static restore(socket: HubSocket, stored: unknown): Peer | null {
    const parsed = attachmentSchema.safeParse(stored)
    return parsed.success ? new Peer(socket, parsed.data) : null
  }

  get at(): Readonly<Attachment> {
    return this.#attachment
  }

  get isLive(): boolean {
    return this.#attachment.behind === null && !this.closed
  }

  /** Changes the attachment, for this instance and the ones after it. */
  update(change: Partial<Attachment>): void {
    const next = { ...this.#attachment, ...change }
    this.socket.serializeAttachment(next)
    this.#attachment = next
  }

  /**
   * Sends shared texts: to a socket a frame each, to a bridge all in one frame (FO2).
   * @returns bytes handed over; 0 when the socket is gone
   */
  send(lines: readonly string[]): number {
    if (this.closed || lines.length === 0) return 0
    let sent = 0
    try {
      if (this.#attachment.kind === 'bridge') {
        const frame = joinFrame(lines.map((line) => addressTo(this.#attachment.id, line)))
        this.socket.send(frame)
        this.#unacked += frame.length
        sent = utf8Length(frame)
      } else {
        for (const line of lines) {
          const frame = addressTo(this.#attachment.id, line)
          this.socket.send(frame)
          sent += utf8Length(frame)
        }
      }
    } catch {
      // A socket that is closing throws; its close event follows and takes the peer away.
      this.closed = true
    }
    return sent
  }

  /** Sends a text that is no envelope: the pong of contract D1. */
  sendBare(text: string): void {
    try {
      this.socket.send(text)
    } catch {
      this.closed = true
    }
  }

  /** A bridge has passed this many characters on. */
  acknowledge(chars: number): void {
    this.#unacked = Math.max(0, this.#unacked - chars)
  }

  /** True when it should be given nothing more for now (FO3). */
  get isFull(): boolean {
    return this.#attachment.kind === 'bridge'
      ? this.#unacked >= LIMITS.bridgeWindowBytes
      : this.socket.bufferedAmount >= LIMITS.socketBufferBytes
  }

  close(code: number, reason: string): void {
    this.closed = true
    try {
      this.socket.close(code, reason)
    } catch {
      // Already closed: nothing is left to say to it.
    }
  }
}
