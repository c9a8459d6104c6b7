import * as z from 'zod'
import { cancelUrl, triggerUrl } from './addresses.ts'
import type { Command } from './command.ts'
import type { Failure } from './exchange.ts'
import type { Target, TransportEvents } from './transport.ts'

const problemSchema = z.object({ code: z.string(), detail: z.string() }).partial()
const TIMEOUT_MS = 15_000

/** True for statuses that the same request would get again. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429
}

/** What a failed answer says of itself (RFC 9457); never throws, since a proxy may answer anything. */
export async function readProblem(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => null)
  const parsed = problemSchema.safeParse(body)
  return { type: parsed.data?.code ?? 'unavailable', message: parsed.data?.detail ?? null }
}

/** Sends a command by HTTP and reports when it did not arrive or was turned down; that it worked, the events tell. */
export async function deliver(
  target: Target,
  command: Command,
  events: TransportEvents,
  fetcher: typeof fetch,
): Promise<void> {
  try {
    const response = await post(target, command, fetcher)
    if (response.ok) return
    const failure = await readProblem(response)
    if (response.status === 429 || isFinal(response.status)) events.turnedDown(command.requestId, failure)
    else events.undelivered()
  } catch {
    // No answer: offline, reset or timed out. It is sent again, and the request id makes that harmless.
    events.undelivered()
  }
}

function post(target: Target, command: Command, fetcher: typeof fetch): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  if (command.type === 'cancel') return fetcher(cancelUrl(target, command.requestId), { method: 'POST', signal })
  const body = JSON.stringify({
    prompt: command.prompt,
    request_id: command.requestId,
    ...(target.userId === null ? {} : { user_id: target.userId }),
    ...(target.conversationId === null ? {} : { conversation_id: target.conversationId }),
    ...(command.config === null ? {} : { config: command.config }),
    ...(command.streamConfig === null ? {} : { stream_config: command.streamConfig }),
  })
  return fetcher(triggerUrl(target), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal })
}
