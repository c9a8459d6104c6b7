import { type Attachment, attachmentSchema } from '../core/connection.ts'
import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { isTimeZone } from '../core/time-zone.ts'
import { utf8Length } from '../core/utf8.ts'

type Preferences = Attachment['preferences']
const preferencesSchema = attachmentSchema.shape.preferences

/** Names of the preference that is the user's and not the connection's; the second is what many clients call it. */
const ZONE_NAMES = ['time_zone', 'timezone'] as const

/**
 * The time zone that is among given preferences.
 * @returns null when it is taken away, undefined when nothing is said of it
 * @throws FreshetError `bad_request` for what is none
 */
export function zoneAmong(given: Preferences): string | null | undefined {
  const name = ZONE_NAMES.map((one) => given[one]).find((value) => value !== undefined)
  if (name === undefined || name === null || name === '') return name === undefined ? undefined : null
  if (typeof name === 'string' && isTimeZone(name)) return name
  throw new FreshetError('bad_request', '`time_zone` is no time zone. Send an IANA name, such as Europe/Berlin.')
}

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
