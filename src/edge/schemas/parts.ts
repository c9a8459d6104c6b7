import * as z from 'zod'
import { clientIdSchema } from '../../core/commands.ts'

/** An id in the query that may be left out, or left empty, as forms do. */
export function idQuery(description: string) {
  return z.preprocess((given) => (given === '' ? undefined : given), clientIdSchema.optional()).meta({ description })
}

/** Where a reader goes on, in the query and as a header (CU2). Any text is taken: a wrong one gets a `resync` (RS2). */
export const cursorQuery = {
  last_event_id: z
    .string()
    .optional()
    .meta({ description: 'The id of the last event that was seen: everything after it comes, once, then live.' }),
}
export const cursorHeaders = {
  'Last-Event-ID': z.string().optional().meta({ description: 'The same as `last_event_id`; wins over it.' }),
}

/** `user_id` in a JSON body (ID1). */
export const userInBody = {
  user_id: z
    .string()
    .nullish()
    .meta({ description: 'The user, in open mode, when neither header nor query names it.' }),
}

/** Seconds since 1970, with a fraction. */
export const secondsSchema = z.number().meta({ description: 'Seconds since 1970.', examples: [1_763_640_000.25] })
