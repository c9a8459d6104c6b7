import { cutText } from '../core/gather.ts'
import { LIMITS } from '../core/limits.ts'
import type { Json } from './agent.ts'

/** What stands where something was cut off (contract D5). */
const CUT_MARK = '... [truncated]'
/** What stands where something must not be seen. */
const REDACTED = '[REDACTED]'
/** A key that contains one of these, in any case, has a value that nobody may see. */
const SECRET_WORDS = ['password', 'token', 'api_key', 'secret']

/**
 * A tool's output as anyone may see it (AG6): what a secret-sounding key holds is `[REDACTED]`, whatever it is; strings
 * over `LIMITS.toolStringChars` are cut and marked; lists and objects within likewise. What is nested deeper than
 * `LIMITS.jsonDepth` is left out and marked, and a number that JSON cannot say is null, so that the output is the same
 * before and after it was JSON. Keys stay as they are, `__proto__` too, which is a key like any other here.
 */
export function cleanOutput(output: Json): Json {
  return clean(output, 0)
}

/**
 * A text of at most `most` characters (UTF-16 units), marked when something was cut off; no surrogate pair is halved.
 * The mark comes on top.
 */
export function cutMarked(text: string, most: number): string {
  // One unit more than wanted is enough to know that there is more.
  return text.length <= most ? text : `${cutText(text.slice(0, most + 1), most)[0] ?? ''}${CUT_MARK}`
}

/** What a model is given of an output: a string as it is, all else as JSON; at most `LIMITS.toolOutputChars`, mark included. */
export function outputText(output: Json): string {
  const text = typeof output === 'string' ? output : JSON.stringify(output)
  return text.length <= LIMITS.toolOutputChars ? text : cutMarked(text, LIMITS.toolOutputChars - CUT_MARK.length)
}

function clean(value: Json, depth: number): Json {
  if (typeof value === 'string') return cutMarked(value, LIMITS.toolStringChars)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (value === null || typeof value === 'boolean') return value
  if (depth >= LIMITS.jsonDepth) return CUT_MARK
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1))
  // `fromEntries` defines keys; an assignment would take `__proto__` for the prototype.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecret(key) ? REDACTED : clean(item, depth + 1)]),
  )
}

function isSecret(key: string): boolean {
  const lower = key.toLowerCase()
  return SECRET_WORDS.some((word) => lower.includes(word))
}
