import type { ModelProvider } from '../core/model.ts'
import type { Candidate } from '../core/route.ts'
import type { ProviderEntry } from './config.ts'

/**
 * What the router needs to know of the configured providers. Their priority is their place: entries with one first, the
 * lowest foremost, then those without, in the order of the list (RT3).
 */
export function candidatesOf(
  entries: readonly ProviderEntry[],
  providers: readonly ModelProvider[],
): readonly Candidate[] {
  const given = entries.map((entry, i) => ({ i, priority: entry.priority ?? null }))
  const ordered = given.toSorted((a, b) => {
    if (a.priority === null || b.priority === null) return Number(a.priority === null) - Number(b.priority === null)
    return a.priority - b.priority
  })
  const rank = new Map(ordered.map(({ i }, place) => [i, place]))
  return entries.map((entry, i) => ({
    name: entry.name,
    model: providers[i]?.model ?? '',
    price: entry.price ?? null,
    priority: rank.get(i) ?? i,
    tasks: entry.tasks ?? [],
  }))
}
