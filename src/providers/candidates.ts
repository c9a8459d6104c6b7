import type { ModelProvider } from '../core/model.ts'
import type { Candidate } from '../core/route.ts'
import type { ProviderEntry } from './config.ts'

/** Entries without a priority come after those with one, in the order of the list. */
const UNNAMED_PRIORITY = 1000

/** What the router needs to know of the configured providers. */
export function candidatesOf(
  entries: readonly ProviderEntry[],
  providers: readonly ModelProvider[],
): readonly Candidate[] {
  return entries.map((entry, i) => ({
    name: entry.name,
    model: providers[i]?.model ?? '',
    price: entry.price ?? null,
    priority: entry.priority ?? UNNAMED_PRIORITY + i,
    tasks: entry.tasks ?? [],
  }))
}
