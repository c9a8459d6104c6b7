import fc from 'fast-check'
import { type RequestConfig, requestConfigSchema } from '../../src/core/commands.ts'
import { GRADES, type HealthSnapshot, type ProviderHealth } from '../../src/core/health.ts'
import type { Candidate, RouteRequest } from '../../src/core/route.ts'
import { TASK_CLASSES } from '../../src/core/task.ts'

/** A provider without a price that nothing is known of. */
export function candidateOf(name: string, more: Partial<Candidate> = {}): Candidate {
  return { name, model: `model-${name}`, price: null, priority: 1000, tasks: [], ...more }
}

/** The health of a provider that is well and has answered. */
export function healthOf(more: Partial<ProviderHealth> = {}): ProviderHealth {
  return {
    state: 'closed',
    probe: false,
    busy_until: null,
    samples: 10,
    success_rate: 1,
    first_token_ms: 500,
    total_ms: 2000,
    grade: 'A',
    ...more,
  }
}

export function snapshotOf(providers: Record<string, Partial<ProviderHealth>>, at = 1000): HealthSnapshot {
  return {
    at,
    providers: Object.fromEntries(Object.entries(providers).map(([name, health]) => [name, healthOf(health)])),
  }
}

export function requestOf(more: Partial<Omit<RouteRequest, 'config'>> & { config?: Partial<RequestConfig> } = {}) {
  const { config, ...rest } = more
  return {
    task: 'general',
    promptChars: 400,
    preference: null,
    turn: 0,
    ...rest,
    config: requestConfigSchema.parse(config),
  } satisfies RouteRequest
}

const NAMES = ['ann', 'bob', 'cem', 'dan', 'eve', 'fay']

/** Up to six candidates, with ties in everything. */
export const candidatesArb: fc.Arbitrary<readonly Candidate[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES),
    model: fc.constantFrom('m-mini', 'm-large', 'm-coder', 'm'),
    price: fc.option(fc.record({ input: fc.nat(3), output: fc.nat(3) })),
    priority: fc.nat(3),
    tasks: fc.oneof(fc.constant([]), fc.subarray([...TASK_CLASSES])),
  }),
  { selector: ({ name }) => name, maxLength: 6 },
)

const healthArb: fc.Arbitrary<ProviderHealth> = fc.record({
  state: fc.constantFrom('closed', 'closed', 'open', 'half_open'),
  probe: fc.nat(3).map((n) => n === 0),
  busy_until: fc.constantFrom(null, null, 500, 1000, 1500),
  samples: fc.nat(200),
  success_rate: fc.constantFrom(0, 0.5, 0.9, 1),
  first_token_ms: fc.constantFrom(null, 0, 200, 1000, 4000),
  total_ms: fc.constantFrom(null, 3000),
  grade: fc.constantFrom(...GRADES),
})

export const healthSnapshotArb: fc.Arbitrary<HealthSnapshot | null> = fc.option(
  fc.record({
    at: fc.constant(1000),
    providers: fc.dictionary(fc.constantFrom(...NAMES), healthArb, { noNullPrototype: true }),
  }),
)
