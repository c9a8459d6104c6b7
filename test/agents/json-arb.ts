import fc from 'fast-check'
import type { Json } from '../../src/agents/agent.ts'
import { anyText } from '../support/any-text.ts'

/** Keys: some that must be hidden, some that look like it, some that JavaScript makes traps of. */
const keyArb = fc.oneof(
  fc.constantFrom('password', 'userPassword', 'TOKEN', 'x-Api_Key', 'clientSecrets', 'input_tokens'),
  fc.constantFrom('pass', 'api-key', 'tok_en', 'secre', '__proto__', 'constructor', 'toJSON', ''),
  anyText({ maxLength: 6 }),
)

/** Short texts, and texts around the length at which they are cut, with a surrogate pair anywhere. */
const stringArb = fc.oneof(
  anyText({ maxLength: 8 }),
  fc
    .tuple(fc.integer({ min: 4995, max: 5005 }), fc.constantFrom('', '🌊', '🌊🌊', 'ab'), fc.nat(4))
    .map(([before, middle, after]) => 'a'.repeat(before) + middle + 'z'.repeat(after)),
)

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    stringArb,
    fc.oneof(fc.constant(null), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()),
    fc.array(tie('json'), { maxLength: 4 }),
    // As JSON makes it: `__proto__` is a key of its own.
    fc.array(fc.tuple(keyArb, tie('json')), { maxLength: 4 }).map((entries): Json => Object.fromEntries(entries)),
  ),
}))

/** Any JSON that a tool may give back. */
export const jsonArb: fc.Arbitrary<Json> = json
