import * as z from 'zod'
import { requestConfigSchema } from '../core/commands.ts'

/** Seconds for a whole request whose caller names none: tools and specialists take their time, and these clients wait. */
const TIMEOUT_S = 300

/** `config` as in D1, with the longer timeout of D6 and D7. */
export const patientConfigSchema = z.preprocess(withTimeout, requestConfigSchema).prefault({})

/** What is no object is for the schema to refuse. */
function withTimeout(given: unknown): unknown {
  if (given === undefined || given === null) return { timeout: TIMEOUT_S }
  if (typeof given !== 'object' || Array.isArray(given)) return given
  return { ...given, timeout: ('timeout' in given ? given.timeout : null) ?? TIMEOUT_S }
}
