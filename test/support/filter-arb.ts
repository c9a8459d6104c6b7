import fc from 'fast-check'
import { CHANNELS } from '../../src/core/channels.ts'
import type { Filter } from '../../src/core/filter.ts'

export const filterArb: fc.Arbitrary<Filter> = fc.record({
  channels: fc.subarray([...CHANNELS]),
  conversation_id: fc.constantFrom(null, null, 'c1', 'c2'),
  client_id: fc.constantFrom('tab-1', 'tab-2', 'tab-3'),
  progress_every: fc.constantFrom(5, 10),
  request_id: fc.constantFrom(null, null, null, 'r1', 'r2'),
})
