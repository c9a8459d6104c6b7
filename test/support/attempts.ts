import fc from 'fast-check'
import type { Attempt } from '../../src/core/health.ts'

/** An attempt that answered. */
export function attemptOf(provider: string, more: Partial<Attempt> = {}): Attempt {
  return { provider, at: 1000, outcome: 'ok', first_token_ms: 500, total_ms: 2000, busy_until: null, ...more }
}

export const attemptArb: fc.Arbitrary<Attempt> = fc.record({
  provider: fc.constant('ann'),
  at: fc.nat(1_000_000),
  outcome: fc.constantFrom('ok', 'ok', 'failed', 'rate_limited'),
  first_token_ms: fc.option(fc.nat(20)),
  total_ms: fc.nat(20),
  busy_until: fc.constant(null),
})
