import { createHash } from 'node:crypto'
import { base64url } from 'jose'
import { FreshetError } from '../../core/errors.ts'
import { nameOf } from '../identity.ts'

/** What a ticket leads to: the hub of a user, and what that hub keeps of the ticket. */
export interface Ticket {
  readonly userId: string
  /** SHA-256 of the secret as it stands in the ticket, hex: who reads the storage cannot make the ticket from it. */
  readonly secretHash: string
}

const SECRET_BYTES = 32
const SECRET_CHARS = 43
/** `user id`.`secret`, in base64url: at most 128 characters of three bytes each in UTF-8, as four characters for three. */
const SHAPE = /^([A-Za-z0-9_-]{1,512})\.([A-Za-z0-9_-]{43})$/
const LONGEST = 512 + 1 + SECRET_CHARS

/**
 * A new ticket for a user: `<base64url(user id)>.<32 random bytes in base64url>`. Whom it is for stands in it so that it
 * leads to that user's hub, which alone knows whether it is good; that it works once and for how long is the hub's too.
 * @returns the ticket's text, for the caller alone, and what the hub keeps
 * @throws FreshetError `invalid_user_id`
 */
export function newTicket(userId: string): { readonly text: string; readonly kept: Ticket } {
  if (!isUserId(userId)) throw new FreshetError('invalid_user_id', 'A ticket is for a user id of 1 to 128 characters.')
  const secret = base64url.encode(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))
  return {
    text: `${base64url.encode(userId)}.${secret}`,
    kept: { userId, secretHash: hashOf(secret) },
  }
}

/**
 * Reads a ticket; nothing of it is checked but its form.
 * @returns null when the text is not a ticket
 */
export function parseTicket(text: string): Ticket | null {
  const [, user, secret] = (text.length <= LONGEST ? SHAPE.exec(text) : null) ?? []
  if (user === undefined || secret === undefined) return null
  const userId = textIn(user)
  if (userId === null || !isUserId(userId) || bytesIn(secret) === null) return null
  return { userId, secretHash: hashOf(secret) }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** The rules of ID1, and no lone surrogates: they have no UTF-8, so the ticket would be for someone else. */
function isUserId(text: string): boolean {
  try {
    return text.isWellFormed() && nameOf({ header: text, query: undefined }) !== null
  } catch {
    return false
  }
}

/** The bytes that a text of base64url stands for, or null; one text only for the same bytes. */
function bytesIn(text: string): Uint8Array | null {
  try {
    const bytes = base64url.decode(text)
    return base64url.encode(bytes) === text ? bytes : null
  } catch {
    return null
  }
}

function textIn(encoded: string): string | null {
  const bytes = bytesIn(encoded)
  try {
    // A byte order mark is a part of the name.
    return bytes === null ? null : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
