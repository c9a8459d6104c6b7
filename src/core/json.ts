import { FreshetError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** True when brackets are nested deeper than `most`, without parsing: schemas recurse, and a stack has an end. */
function isDeeperThan(text: string, most: number): boolean {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (quoted) {
      if (unit === 0x5c) i += 1
      else if (unit === 0x22) quoted = false
    } else if (unit === 0x22) quoted = true
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1
      if (depth > most) return true
    } else if (unit === 0x7d || unit === 0x5d) depth -= 1
  }
  return false
}

/**
 * Parses JSON from outside.
 * @param what names it in the sentence, e.g. "The body"
 * @throws FreshetError `bad_json` for what is no JSON, or nested beyond the limit
 */
export function parseJson(text: string, what: string): unknown {
  if (isDeeperThan(text, LIMITS.jsonDepth)) {
    throw new FreshetError('bad_json', `${what} is nested more than ${LIMITS.jsonDepth} levels deep. Flatten it.`)
  }
  try {
    const raw: unknown = JSON.parse(text)
    return raw
  } catch {
    throw new FreshetError('bad_json', `${what} is not JSON. Send one JSON object.`)
  }
}
