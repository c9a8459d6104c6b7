import './no-eval.ts'
import { newId } from '../core/ids.ts'
import type { Envelope } from '../core/wire.ts'
import { type AskCommand, type AskConfig, checkAsk } from './command.ts'
import { Connection } from './connection.ts'
import { type ConnectionState, NOT_STARTED } from './connection-state.ts'
import { EMPTY_TRANSCRIPT, type Failure, type Transcript } from './exchange.ts'
import { textField } from './fields.ts'
import {
  allSent,
  allUnsent,
  EMPTY_OUTBOX,
  type Outbox,
  settled,
  unsent,
  withAsk,
  withCancel,
  withRefusal,
} from './outbox.ts'
import { sseTransport } from './sse-transport.ts'
import { failureOf, foldEvent } from './transcript.ts'
import { webSocketTransport } from './websocket-transport.ts'

/** The cursor that asks for the present state: no epoch is called `0` (RS7). */
const PRESENT_STATE = '0-0'
/** Pause before a command is posted again that got no answer, ms. */
const RESEND_MS = 2000

export interface ClientOptions {
  /** Where the service is, as `https://host` or with a path. */
  readonly baseUrl: string
  readonly userId?: string
  /** Narrows the client to one conversation; without it the client sees all of the user's. */
  readonly conversationId?: string
  readonly transport: 'websocket' | 'sse'
  /** A state to go on from, as when the transport changes: its cursor, text and outbox are kept (RS5). */
  readonly from?: ClientState
  /** For where the global ones will not do. */
  readonly fetch?: typeof fetch
  readonly WebSocket?: typeof WebSocket
}

export interface ClientState {
  readonly connection: ConnectionState
  readonly transcript: Transcript
  /** Prompts and cancels that are not known to have taken effect. */
  readonly outbox: Outbox
}

export interface AskOptions {
  readonly requestId?: string
  readonly config?: AskConfig
  readonly streamConfig?: AskConfig
}

export interface FreshetClient {
  /** Connects, and stays connected until `stop`. */
  start(): void
  /** Disconnects. The state stays; `start` goes on from it. */
  stop(): void
  /**
   * Sends a prompt, now or when the connection is back.
   * @returns the request's id, under which its exchange appears.
   * @throws FreshetError when the prompt is empty or too long.
   */
  ask(prompt: string, options?: AskOptions): string
  /** Ends a request, whichever window began it; takes back a prompt that has not left or was refused. */
  cancel(requestId: string): void
  /** Call it when the network or the window's visibility changed: it looks at once instead of waiting. */
  nudge(): void
  /** @returns the way to unsubscribe. */
  subscribe(listener: (state: ClientState) => void): () => void
  /** The same object until something changes. */
  getState(): ClientState
}

/** A client of one user's hub: a transcript that follows the log over either transport, and an outbox. */
export function createFreshetClient(options: ClientOptions): FreshetClient {
  const target = {
    baseUrl: options.baseUrl,
    userId: options.userId ?? null,
    conversationId: options.conversationId ?? null,
  }
  const listeners = new Set<(state: ClientState) => void>()
  let state: ClientState = {
    connection: NOT_STARTED,
    transcript: options.from?.transcript ?? EMPTY_TRANSCRIPT,
    outbox: allUnsent(options.from?.outbox ?? EMPTY_OUTBOX),
  }
  let resend: ReturnType<typeof setTimeout> | undefined

  function set(change: Partial<ClientState>): void {
    const next = { ...state, ...change }
    if (next.connection === state.connection && next.transcript === state.transcript && next.outbox === state.outbox)
      return
    state = next
    for (const listener of listeners) listener(state)
  }

  function flush(): void {
    if (!connection.isOpen) return
    const commands = unsent(state.outbox)
    set({ outbox: allSent(state.outbox) })
    connection.send(commands)
  }

  function received(event: Envelope): void {
    const transcript = foldEvent(state.transcript, event)
    if (event.event_type === 'resync' && transcript === state.transcript) {
      connection.refused('The service sent a state that this client cannot read. Reload the page.')
      return
    }
    const about = textField(event.metadata, 'about_request_id')
    const refused = event.event_type === 'error' && event.id === null && about !== null
    const outbox = refused ? withRefusal(state.outbox, about, failureOf(event)) : state.outbox
    set({ transcript, outbox: settled(outbox, transcript) })
  }

  function connectionChanged(next: ConnectionState): void {
    const opening = next.status === 'open' && state.connection.status !== 'open'
    set({ connection: next, outbox: next.status === 'waiting' ? allUnsent(state.outbox) : state.outbox })
    if (opening) flush()
  }

  function undelivered(): void {
    clearTimeout(resend)
    resend = setTimeout(() => {
      set({ outbox: allUnsent(state.outbox) })
      flush()
    }, RESEND_MS)
  }

  const owner = {
    cursor: () => state.transcript.cursor ?? PRESENT_STATE,
    connectionChanged,
    received,
    undelivered,
    turnedDown: (requestId: string, failure: Failure) => set({ outbox: withRefusal(state.outbox, requestId, failure) }),
  }
  const connection = new Connection(owner, (events) =>
    options.transport === 'sse'
      ? sseTransport(target, events, options.fetch ?? ((input, init) => fetch(input, init)))
      : webSocketTransport(target, events, options.WebSocket),
  )

  return {
    start: () => connection.start(),
    stop() {
      clearTimeout(resend)
      connection.stop()
      set({ outbox: allUnsent(state.outbox) })
    },
    ask(prompt, { requestId = newId(null), config = null, streamConfig = null } = {}) {
      const ask: AskCommand = { type: 'ask', requestId, prompt, config, streamConfig }
      checkAsk(ask)
      set({ outbox: settled(withAsk(state.outbox, ask), state.transcript) })
      flush()
      return requestId
    },
    cancel(requestId) {
      set({ outbox: settled(withCancel(state.outbox, requestId), state.transcript) })
      flush()
    },
    nudge: () => connection.nudge(),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getState: () => state,
  }
}
