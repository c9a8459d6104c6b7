import type { Envelope } from '../core/wire.ts'
import type { Command } from './command.ts'
import { type ConnectionEvent, type ConnectionState, NOT_STARTED, nextConnection } from './connection-state.ts'
import type { Failure } from './exchange.ts'
import { Liveness } from './liveness.ts'
import type { Transport, TransportEvents } from './transport.ts'

/** An attempt that has not opened by then has failed, ms. */
const CONNECT_MS = 10_000

/** What the connection needs from, and tells, its owner. */
export interface ConnectionOwner {
  cursor(): string
  connectionChanged(state: ConnectionState): void
  received(event: Envelope): void
  undelivered(): void
  turnedDown(requestId: string, failure: Failure): void
}

/** Carries out what the state machine says: every timer and every call to the transport follows from a transition. */
export class Connection implements TransportEvents {
  #state: ConnectionState = NOT_STARTED
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #owner: ConnectionOwner
  readonly #transport: Transport
  readonly #liveness: Liveness

  constructor(owner: ConnectionOwner, transport: (events: TransportEvents) => Transport) {
    this.#owner = owner
    this.#transport = transport(this)
    this.#liveness = new Liveness(
      this.#transport.quietMs,
      () => this.#transport.probe(),
      () => this.dropped('no sign of life'),
    )
  }

  start(): void {
    this.#apply({ type: 'start' })
  }

  stop(): void {
    this.#apply({ type: 'stop' })
  }

  /** Something about the network may have changed: ends a wait, or asks whether the connection still lives. */
  nudge(): void {
    if (this.#state.status === 'open') this.#liveness.check()
    else this.#apply({ type: 'retry' })
  }

  /** Sends if it is open; the caller keeps what must not be lost. */
  send(commands: readonly Command[]): void {
    if (this.#state.status === 'open') for (const command of commands) this.#transport.send(command)
  }

  get isOpen(): boolean {
    return this.#state.status === 'open'
  }

  opened(): void {
    this.#apply({ type: 'opened', at: Date.now() })
  }

  alive(): void {
    if (this.#state.status === 'open') this.#liveness.sign()
  }

  received(event: Envelope): void {
    if (this.#state.status !== 'open') return
    if (event.id !== null) this.#apply({ type: 'proved' })
    this.#owner.received(event)
  }

  dropped(reason: string): void {
    this.#apply({ type: 'dropped', at: Date.now(), random: Math.random(), reason })
  }

  refused(detail: string): void {
    this.#apply({ type: 'refused', detail })
  }

  undelivered(): void {
    this.#owner.undelivered()
  }

  turnedDown(requestId: string, failure: Failure): void {
    this.#owner.turnedDown(requestId, failure)
  }

  #apply(event: ConnectionEvent): void {
    const before = this.#state
    const state = nextConnection(before, event)
    if (state === before) return
    this.#state = state
    if (state.status !== before.status) this.#enter(state)
    this.#owner.connectionChanged(state)
  }

  #enter(state: ConnectionState): void {
    clearTimeout(this.#timer)
    this.#liveness.stop()
    switch (state.status) {
      case 'connecting':
        this.#timer = setTimeout(() => this.dropped('no answer'), CONNECT_MS)
        this.#transport.connect(this.#owner.cursor())
        break
      case 'open':
        this.#liveness.sign()
        break
      case 'waiting':
        this.#transport.disconnect()
        this.#timer = setTimeout(() => this.#apply({ type: 'retry' }), state.delayMs)
        break
      case 'closed':
        this.#transport.disconnect()
        break
    }
  }
}
