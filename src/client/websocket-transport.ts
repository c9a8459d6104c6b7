import ReconnectingWebSocket from 'partysocket/ws'
import { parseEnvelope } from '../core/wire.ts'
import { webSocketUrl } from './addresses.ts'
import type { Command } from './command.ts'
import type { Target, Transport, TransportEvents } from './transport.ts'

/** Echoed by the service; a token will stand beside it. */
const SUBPROTOCOL = 'freshet.v1'
/** Answered by the platform, without waking the hub (CM2). */
const PROBE = 'ping'
/** Close codes after which the same attempt would end the same way. */
const FINAL_CODES: ReadonlySet<number> = new Set([4400, 4401, 4403])
/** Largest delay of a timer: the connection has its own limit, for every transport. */
const NEVER_MS = 2 ** 31 - 1

/**
 * The service over a WebSocket.
 * @param webSocket a constructor for where there is no global one.
 */
export function webSocketTransport(target: Target, events: TransportEvents, webSocket?: typeof WebSocket): Transport {
  let cursor = ''
  const socket = new ReconnectingWebSocket(() => webSocketUrl(target, cursor), [SUBPROTOCOL], {
    // The connection's state machine says when to try again, and the outbox keeps what was not sent.
    startClosed: true,
    maxRetries: 0,
    maxEnqueuedMessages: 0,
    connectionTimeout: NEVER_MS,
    ...(webSocket === undefined ? {} : { WebSocket: webSocket }),
  })
  socket.addEventListener('open', () => {
    // Without a frame of ours before the service's Close, workerd leaves the connection open after it (ID12).
    socket.send(PROBE)
    events.opened()
  })
  socket.addEventListener('close', ({ code, reason }) => {
    if (FINAL_CODES.has(code)) events.refused(reason === '' ? `closed with ${code}` : reason)
    else events.dropped(reason === '' ? `closed with ${code}` : reason)
  })
  socket.addEventListener('message', ({ data }) => {
    events.alive()
    if (typeof data !== 'string' || data === 'pong') return
    const event = readFrame(data)
    if (event === null) events.dropped('unreadable event')
    else events.received(event)
  })
  return {
    quietMs: 30_000,
    connect(from) {
      cursor = from
      socket.reconnect()
    },
    disconnect() {
      socket.close()
    },
    send(command) {
      socket.send(JSON.stringify(frameOf(command, target)))
    },
    probe() {
      socket.send(PROBE)
    },
  }
}

function readFrame(text: string): ReturnType<typeof parseEnvelope> | null {
  try {
    return parseEnvelope(text)
  } catch {
    return null
  }
}

/** A command as a client frame of contract D1. */
export function frameOf(command: Command, target: Target): Readonly<Record<string, unknown>> {
  if (command.type === 'cancel') return { type: 'cancel_request', request_id: command.requestId }
  return {
    type: 'ai_request',
    prompt: command.prompt,
    request_id: command.requestId,
    ...(target.conversationId === null ? {} : { conversation_id: target.conversationId }),
    ...(command.config === null ? {} : { config: command.config }),
    ...(command.streamConfig === null ? {} : { stream_config: command.streamConfig }),
  }
}
