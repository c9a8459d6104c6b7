import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { RequestResult } from '../core/result.ts'
import type { HubCaller, Reply } from '../hub/protocol.ts'
import type { EdgeContext } from './context.ts'
import { hubOf, unwrap } from './hubs.ts'

/** How a request came out, whole. As `endOf`. */
export function resultFor(c: EdgeContext, caller: HubCaller, requestId: string): Promise<RequestResult> {
  return endOf(c, caller, requestId, (hub) => hub.result(requestId))
}

/**
 * Waits for a request's end, for a caller who does not stream. A hub that goes away meanwhile (a deploy) is asked again,
 * as a stream is attached again (SB5). A caller that leaves is told of to the hub, where it counted as a reader (GE11).
 * @param ask resolves when it has ended
 * @throws FreshetError `request_not_found`
 */
export async function endOf<T>(
  c: EdgeContext,
  caller: HubCaller,
  requestId: string,
  ask: (hub: ReturnType<typeof hubOf>) => Promise<Reply<T>>,
): Promise<T> {
  const { signal } = c.req.raw
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw new FreshetError('unavailable', 'The caller has gone.')
    const hub = hubOf(c.env, caller)
    // A hub that cannot be told has died, and with it its count of readers.
    const gone = (): void => c.executionCtx.waitUntil(hub.left(requestId).catch(() => undefined))
    signal.addEventListener('abort', gone, { once: true })
    try {
      return unwrap(await ask(hub))
    } catch (error) {
      if (error instanceof FreshetError || attempt >= LIMITS.reattachTries) throw error
      await new Promise((resolve) => setTimeout(resolve, LIMITS.reattachMs * 2 ** attempt))
    } finally {
      signal.removeEventListener('abort', gone)
    }
  }
}
