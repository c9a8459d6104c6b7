import type { FreshetError } from '../core/errors.ts'

/** Close codes for what stops a socket before it begins: 4429 by contract, 1011 when the service cannot serve. */
const TOO_MANY = 4429
const CANNOT_SERVE = 1011
/** A close frame's reason has at most 123 bytes (RFC 6455, 5.5); our sentences are ASCII but for names. */
const REASON_CHARS = 120

/** Opens a socket only to close it with a reason: a browser cannot see why an upgrade failed. */
export function closedSocket(error: FreshetError, headers = new Headers()): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  const reason = error.message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, REASON_CHARS)
  server.close(error.code === 'too_many_connections' ? TOO_MANY : CANNOT_SERVE, reason)
  return new Response(null, { status: 101, webSocket: client, headers })
}
