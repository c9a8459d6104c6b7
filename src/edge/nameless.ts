import { createHash } from 'node:crypto'
import type { StartCommand } from '../core/commands.ts'
import { privateKeyOf } from '../core/ids.ts'
import { inTime } from '../core/in-time.ts'
import { TODO_AGENT } from '../core/todo.ts'
import type { HubCaller, Reply } from '../hub/protocol.ts'
import type { EdgeContext } from './context.ts'
import { hubOf, unwrap } from './hubs.ts'
import { callerWith, opsCallerOf } from './identity.ts'

type Hub = ReturnType<typeof hubOf>

/** How long a start waits to hear whether it repeats one, for each that is asked, ms. */
const WAIT_MS = 1000

/**
 * Asks the hub of a request. Without a name, an id of ours leads to its private hub; one of the caller's own making is of
 * D2's common user (ID2), or of the private hub that it names (ID6).
 * @param ids what beside it may lead to a private hub
 * @throws FreshetError `request_not_found`
 */
export async function askAbout<T>(
  c: EdgeContext,
  name: string | null,
  requestId: string,
  ask: (hub: Hub) => Promise<Reply<T>>,
): Promise<T> {
  if (name === null && privateKeyOf(requestId) === null) {
    const common = await ask(hubOf(c.env, opsCallerOf(null)))
    if (common.ok || common.refusal.code !== 'request_not_found') return unwrap(common)
  }
  return unwrap(await ask(hubOf(c.env, callerWith(name, [requestId], requestId))))
}

/**
 * The hub of a reader. As `callerWith`; and a nameless one who names a request of D2's common user is led there, since
 * what was begun in one dialect can be read in any (DI1).
 * @param requestId the request that is to be read, if it is named
 */
export async function readerOf(
  c: EdgeContext,
  name: string | null,
  ids: readonly (string | null | undefined)[],
  own: string | null,
  requestId: string | null,
): Promise<HubCaller> {
  const caller = callerWith(name, ids, own)
  const isOurs = [...ids, own].some((id) => id !== null && id !== undefined && privateKeyOf(id) !== null)
  if (name !== null || requestId === null || isOurs) return caller
  const common = opsCallerOf(null)
  return (await hubOf(c.env, common).request(requestId)).ok ? common : caller
}

/**
 * Finds what a nameless retry repeats that knows no id: begun a short while ago from the same address, by the same
 * program, with the same words, and read by nobody (GE11). Such callers have a new hub each time, so the monitor
 * remembers for a while where the last ones went. Two people behind one address may be taken for one another by that, so
 * only an answer that stands alone is found so: no conversation, nobody's todos.
 * @param fresh the new hub in which it is begun if it repeats nothing
 * @returns null then
 */
export async function rejoined(
  c: EdgeContext,
  command: StartCommand,
  fresh: HubCaller,
): Promise<{ readonly caller: HubCaller; readonly requestId: string } | null> {
  const { retryKey } = command
  const standsAlone = command.conversationId === null && command.agent !== TODO_AGENT
  if (retryKey === null || fresh.privateKey === null || !standsAlone) return null
  const who = [c.req.header('cf-connecting-ip') ?? '', c.req.header('user-agent') ?? '', c.req.header('origin') ?? '']
  const print = createHash('sha256')
    .update(JSON.stringify([...who, retryKey]))
    .digest('hex')
  const earlier = await lastStarts(c, print, fresh.privateKey)
  // A caller who would say so is not one: it is only remembered.
  if (command.isRetry === false) return null
  for (const privateKey of earlier) {
    const caller = { ...fresh, privateKey }
    const requestId = await inGoodTime(retriedIn(c, caller, command))
    if (requestId === null) continue
    // Nothing begins in the new hub, so nobody need look there.
    await inGoodTime(monitorOf(c).namelessJoined(print, fresh.privateKey))
    return { caller, requestId }
  }
  return null
}

async function retriedIn(c: EdgeContext, caller: HubCaller, command: StartCommand): Promise<string | null> {
  return unwrap(await hubOf(c.env, caller).retried(command))
}

/** Where callers like this one went, newest first. Without the monitor nobody is remembered, and the prompt is run. */
async function lastStarts(c: EdgeContext, print: string, next: string): Promise<readonly string[]> {
  return (await inGoodTime(monitorOf(c).namelessStart(print, next))) ?? []
}

function monitorOf(c: EdgeContext) {
  return c.env.MONITOR.getByName('monitor')
}

/** What is asked, or null when it cannot be had soon: a prompt does not wait for it. */
async function inGoodTime<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await inTime(asked, WAIT_MS)
  } catch (error) {
    console.warn({ message: 'earlier start not found', name: error instanceof Error ? error.name : typeof error })
    return null
  }
}
