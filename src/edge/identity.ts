import { createHash } from 'node:crypto'
import { FreshetError } from '../core/errors.ts'
import { newPrivateKey, privateKeyOf } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import type { HubCaller } from '../hub/protocol.ts'

/** What a request says of its caller in open mode. */
export interface Names {
  readonly header: string | undefined
  readonly query: string | undefined
  /** `user_id` of a JSON body. */
  readonly body?: string | undefined
}

/** The user as whom D2 runs callers without a name (contract, "Who is calling"). */
export const ANONYMOUS = 'anonymous'

/**
 * The caller's name in open mode: header, else query, else body (ID1).
 * @returns null when there is none
 * @throws FreshetError `invalid_user_id`
 */
export function nameOf(names: Names): string | null {
  const name = [names.header, names.query, names.body].find((given) => given !== undefined && given !== '')
  if (name === undefined) return null
  // Half a surrogate pair has no bytes of its own: two such names would be one hub's.
  if (name.length <= LIMITS.userIdChars && name.isWellFormed() && !/\p{Cc}/u.test(name)) return name
  const words = `A user id has 1 to ${LIMITS.userIdChars} characters and no control characters.`
  throw new FreshetError('invalid_user_id', words)
}

/**
 * The hub of a caller.
 * @param ids what the caller brought that may lead to a private hub: cursor, request id, conversation id (ID2)
 */
export function callerOf(name: string | null, ids: readonly (string | null | undefined)[]): HubCaller {
  if (name !== null) return { userId: name, privateKey: null }
  for (const id of ids) {
    const privateKey = id === null || id === undefined ? null : privateKeyOf(id)
    if (privateKey !== null) return { userId: ANONYMOUS, privateKey }
  }
  return { userId: ANONYMOUS, privateKey: newPrivateKey() }
}

/**
 * The hub of a caller who brings an id of its own making: a chat's id, a conversation's, an Idempotency-Key. Without a
 * name it leads to a private hub that the id's hash names, so the same id finds it again (ID6).
 * @param ids what of ours may lead to a private hub; they win
 * @param own the caller's own id, or null
 */
export function callerWith(
  name: string | null,
  ids: readonly (string | null | undefined)[],
  own: string | null,
): HubCaller {
  const given = [...ids, own].some((id) => id !== null && id !== undefined && privateKeyOf(id) !== null)
  if (name !== null || given || own === null) return callerOf(name, [...ids, own])
  const privateKey = `p${createHash('sha256').update(`own:${own}`).digest('hex').slice(0, 32)}`
  return { userId: ANONYMOUS, privateKey }
}

/**
 * The caller of D2: nameless ones are all the user `anonymous`, unless they bring an id that leads to a private hub.
 * @param ids cursor, request id, conversation id
 */
export function opsCallerOf(name: string | null, ids: readonly (string | null | undefined)[] = []): HubCaller {
  const leads = ids.some((id) => id !== null && id !== undefined && privateKeyOf(id) !== null)
  return leads ? callerOf(name, ids) : { userId: name ?? ANONYMOUS, privateKey: null }
}

/** The hub's name in its namespace. A user's name cannot be that of a private hub: the prefix is ours. */
export function hubNameOf(caller: HubCaller): string {
  return caller.privateKey === null ? `user:${caller.userId}` : `private:${caller.privateKey}`
}
