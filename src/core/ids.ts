import { v4, v7 } from 'uuid'

/** A place in a user's log: everything up to and including `seq` of `epoch` has been seen (SPEC CU1). */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
}

const CURSOR = /^([a-z0-9]{1,64})-(0|[1-9][0-9]{0,15})$/
/** Longest id, cursor or name that is looked at; ours are under 80 characters. */
const LONGEST = 200

/** `<epoch>-<seq>`, as event ids stand on the wire. */
export function formatCursor(epoch: string, seq: number): string {
  return `${epoch}-${seq}`
}

/**
 * Reads `<epoch>-<seq>`.
 * @returns the cursor, or null when the text is not one (RS2 then answers with a resync, not with an error).
 */
export function parseCursor(text: string): Cursor | null {
  if (text.length > LONGEST) return null
  const match = CURSOR.exec(text)
  if (match?.[1] === undefined || match[2] === undefined) return null
  const seq = Number(match[2])
  return Number.isSafeInteger(seq) ? { epoch: match[1], seq } : null
}

const PRIVATE_KEY = /^(p[0-9a-f]{32})(?:$|-|[0-9a-f]{8}(?:$|-))/

const hex = (): string => v4().replaceAll('-', '')

/** A new key of a nameless caller's private hub: 122 random bits, so that only who was given it finds the hub (ID2). */
export function newPrivateKey(): string {
  return `p${hex()}`
}

/** A new epoch. That of a private hub begins with the hub's key, so that a cursor leads back to it (CU4). */
export function newEpoch(privateKey: string | null): string {
  return privateKey === null ? `n${hex().slice(0, 16)}` : `${privateKey}${hex().slice(0, 8)}`
}

/** A new request, session or conversation id: time-ordered, and with the hub's key in front in a private hub (ID2). */
export function newId(privateKey: string | null): string {
  return privateKey === null ? v7() : `${privateKey}-${v7()}`
}

/**
 * The key of the private hub that gave out an id or an epoch.
 * @returns null for ids of named users, for ids that a client made up, and for anything else.
 */
export function privateKeyOf(id: string): string | null {
  return id.length > LONGEST ? null : (PRIVATE_KEY.exec(id)?.[1] ?? null)
}
