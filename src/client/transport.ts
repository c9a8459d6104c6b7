import type { Envelope } from '../core/wire.ts'
import type { Command } from './command.ts'
import type { Failure } from './exchange.ts'

/** What a transport reports of its current attempt; after `dropped` or `refused` nothing more of it. */
export interface TransportEvents {
  opened(): void
  /** Bytes came in, whatever they say. */
  alive(): void
  received(event: Envelope): void
  /** The connection is gone; another attempt may work. */
  dropped(reason: string): void
  /** The service said no for good. */
  refused(detail: string): void
  /** A command did not reach the service, and may be sent again. */
  undelivered(): void
  /** A command reached the service, which turned it down. */
  turnedDown(requestId: string, failure: Failure): void
}

/** A way to the service. It makes one attempt when told, and decides nothing about the next one. */
export interface Transport {
  /** How long a healthy connection may be silent, ms. */
  readonly quietMs: number
  connect(cursor: string): void
  /** Ends the attempt or the connection; reports nothing more. */
  disconnect(): void
  /** Only while open. */
  send(command: Command): void
  /** Asks the other side for a sign of life, which comes as `alive`. */
  probe(): void
}

/** Where to go and as whom. */
export interface Target {
  readonly baseUrl: string
  readonly userId: string | null
  readonly conversationId: string | null
}
