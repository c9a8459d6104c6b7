import fc from 'fast-check'
import type { ConnectionInfo, Report, Totals } from '../../src/core/report.ts'
import { totalsSchema } from '../../src/core/report.ts'
import { Registry, type RegistryStorage } from '../../src/monitor/registry.ts'

/** A registry's storage in memory; `rows` outlives the registry. */
export function memoryRows(rows = new Map<string, string>()): RegistryStorage & { readonly rows: Map<string, string> } {
  return {
    rows,
    *all() {
      for (const [key, value] of [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))) yield { key, value }
    },
    put: (key, value) => void rows.set(key, value),
    delete: (key) => void rows.delete(key),
  }
}

export function totalsOf(more: Partial<Totals> = {}): Totals {
  return totalsSchema.parse(more)
}

let serial = 0

/** A report that was made after all that were made before; of an instance for each epoch. */
export function reportOf(hub: string, more: Partial<Report> = {}): Report {
  return {
    hub: `user:${hub}`,
    epoch: `n${hub}`,
    user_id: hub,
    at: 1000,
    retired: false,
    running: 0,
    connections: [],
    totals: totalsOf(),
    ended: [],
    attempts: [],
    cache: { entries: 0, max_entries: 200 },
    conversations: [],
    instance: more.epoch ?? `n${hub}`,
    serial: ++serial,
    ...more,
  }
}

/** Ends of requests, numbered from `first`. */
export function endedOf(seconds: readonly number[], first = 1): Report['ended'] {
  return seconds.map((one, i) => ({ n: first + i, seconds: one }))
}

export function connectionOf(id: string, more: Partial<ConnectionInfo> = {}): ConnectionInfo {
  return {
    id,
    kind: 'socket',
    user_id: 'ann',
    connected_at: 1000,
    active_at: 1000,
    subscriptions: ['ai_response'],
    active_requests: [],
    ...more,
  }
}

/** A registry that took these reports, and its rows. */
export function registryWith(reports: readonly Report[]) {
  const storage = memoryRows()
  const registry = new Registry(storage)
  for (const report of reports) registry.take(report)
  return { registry, storage }
}

const count = fc.nat(1000)

const spendArb = fc.record({
  cost: count,
  saved: count,
  attempts: count,
  input_tokens: count,
  output_tokens: count,
  estimated: count,
})

/** Whole numbers, so that sums do not depend on their order. */
export const totalsArb: fc.Arbitrary<Totals> = fc.record({
  requests: count,
  conversations: count,
  completed: count,
  failed: count,
  cancelled: count,
  cache_hits: count,
  stream_seconds: count,
  answer_chars: count,
  bytes_sent: count,
  sockets_closed: count,
  socket_seconds: count,
  readers_closed: count,
  reader_events: fc.dictionary(fc.constantFrom('chunk', 'token', 'progress', 'stream_end'), count, {
    noNullPrototype: true,
  }),
  rows_written: count,
  quota: fc.constant(null),
  ledger_id: fc.constant(0),
  spending: fc.dictionary(
    fc.constantFrom('2026-11-19', '2026-11-20'),
    fc.dictionary(fc.constantFrom('a m', 'b m'), spendArb, { minKeys: 1, noNullPrototype: true }),
    { noNullPrototype: true },
  ),
})
