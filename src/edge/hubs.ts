import { type ErrorCode, FreshetError } from '../core/errors.ts'
import { CONNECT_HEADER, type Connect, type HubCaller, type Reply, refusalSchema } from '../hub/protocol.ts'
import type { SessionHub } from '../hub/session-hub.ts'
import { hubNameOf } from './identity.ts'

/** The stub of a caller's hub. */
export function hubOf(env: Cloudflare.Env, caller: HubCaller): DurableObjectStub<SessionHub> {
  return env.SESSION_HUB.getByName(hubNameOf(caller))
}

/** The value of a hub's answer. @throws FreshetError what the hub refused with */
export function unwrap<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value
  throw new FreshetError(reply.refusal.code, reply.refusal.message, reply.refusal.limit)
}

/**
 * Opens a WebSocket to a caller's hub; the caller accepts it or passes it on.
 * @returns null when it is for one request and there is nothing to tell of it (DI2)
 * @throws FreshetError what the hub refused with, or `unavailable`
 */
export async function openHub(env: Cloudflare.Env, connect: Connect): Promise<WebSocket | null> {
  const response = await hubOf(env, connect).fetch('https://hub/connect', {
    headers: { upgrade: 'websocket', [CONNECT_HEADER]: encodeURIComponent(JSON.stringify(connect)) },
  })
  if (response.webSocket !== null) return response.webSocket
  if (response.status === 204) return null
  const refusal = refusalSchema.safeParse(await response.json())
  const code: ErrorCode = refusal.success ? refusal.data.code : 'unavailable'
  throw new FreshetError(
    code,
    refusal.success ? refusal.data.message : 'The service cannot take this connection. Try again.',
  )
}

/** The same for a connection to all of a user's events. @throws FreshetError as openHub */
export async function connectHub(env: Cloudflare.Env, connect: Connect): Promise<WebSocket> {
  const socket = await openHub(env, connect)
  if (socket !== null) return socket
  throw new FreshetError('unavailable', 'The service cannot take this connection. Try again.')
}
