import * as z from 'zod'
import { LIMITS } from './limits.ts'

/** True for an IANA time zone that the platform knows, in any case: `Europe/Berlin`, `utc`. */
export function isTimeZone(name: string): boolean {
  try {
    // Making one is the only way to ask; it throws a RangeError for a name that is none.
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** A time zone in a body, a query or a header; an empty text is as good as left out. */
export const timeZoneSchema = z
  .string()
  .max(LIMITS.idChars)
  .refine((name) => name === '' || isTimeZone(name), {
    error: 'is no time zone. Send an IANA name, such as Europe/Berlin',
  })
