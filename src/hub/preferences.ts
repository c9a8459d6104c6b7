import { type Attachment, attachmentSchema } from '../core/connection.ts'
import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { utf8Length } from '../core/utf8.ts'

type Preferences = Attachment['preferences']
const preferencesSchema = attachmentSchema.shape.preferences

/**
 * A connection's preferences with new ones merged in; null takes one away (CM3).
 * @throws FreshetError `bad_request` when they would not fit the socket's attachment; then nothing has changed.
 */
export function mergePreferences(before: Preferences, given: Preferences): Preferences {
  const merged = Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== null))
  const text = JSON.stringify(merged)
  // Read back from what was measured: -0 is two bytes there and nine in an attachment.
  if (utf8Length(text) <= LIMITS.preferencesBytes) return preferencesSchema.parse(JSON.parse(text))
  const words = `A connection's preferences may have ${LIMITS.preferencesBytes} bytes as JSON. Keep fewer or shorter ones.`
  throw new FreshetError('bad_request', words)
}
