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
  throw new FreshetError(reply.refusal.code, reply.refusal.message)
}

/**
 * Opens a WebSocket to a caller's hub; the caller accepts it or passes it on.
 * @throws FreshetError what the hub refused with, or `unavailable`
 */
export async function connectHub(env: Cloudflare.Env, connect: Connect): Promise<WebSocket> {
  const response = await hubOf(env, connect).fetch('https://hub/connect', {
    headers: { upgrade: 'websocket', [CONNECT_HEADER]: encodeURIComponent(JSON.stringify(connect)) },
  })
  if (response.webSocket !== null) return response.webSocket
  const refusal = refusalSchema.safeParse(await response.json())
  const code: ErrorCode = refusal.success ? refusal.data.code : 'unavailable'
  throw new FreshetError(
    code,
    refusal.success ? refusal.data.message : 'The service cannot take this connection. Try again.',
  )
}
