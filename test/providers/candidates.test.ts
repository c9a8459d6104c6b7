import { describe, expect, test } from 'vitest'
import { route } from '../../src/core/route.ts'
import { candidatesOf } from '../../src/providers/candidates.ts'
import { providerListSchema } from '../../src/providers/config.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import { requestOf } from '../support/candidates.ts'

function candidatesFrom(list: readonly Record<string, unknown>[]) {
  const entries = providerListSchema.parse(list.map((entry) => ({ kind: 'embedded', ...entry })))
  return candidatesOf(
    entries,
    createProviders(entries, () => undefined),
  )
}

function byPriority(list: readonly Record<string, unknown>[]): readonly string[] {
  const request = requestOf({ config: { routing_strategy: 'priority' } })
  return route(request, candidatesFrom(list), null, 0).order.map(({ name }) => name)
}

describe('candidates', () => {
  test('[RT1] have what the list says, and the model that the provider has', () => {
    const price = { input: 1, output: 2 }
    expect(
      candidatesFrom([{ name: 'ann', model: 'm', price, priority: 3, tasks: ['code'] }, { name: 'bob' }]),
    ).toMatchObject([
      { name: 'ann', model: 'm', price, priority: 0, tasks: ['code'] },
      { name: 'bob', model: 'freshet-embedded-1', price: null, tasks: [] },
    ])
  })

  test('[RT3] without priorities they are in the order of the list', () => {
    expect(byPriority([{ name: 'cem' }, { name: 'ann' }, { name: 'bob' }])).toEqual(['cem', 'ann', 'bob'])
  })

  test('[RT3] the lower, the earlier, below nothing too; those without come after', () => {
    const list = [{ name: 'ann' }, { name: 'bob', priority: 5 }, { name: 'cem', priority: -1 }, { name: 'dan' }]
    expect(byPriority(list)).toEqual(['cem', 'bob', 'ann', 'dan'])
  })

  test('[RT3] an entry without a priority comes after those with one, however high that is', () => {
    expect(byPriority([{ name: 'ann' }, { name: 'bob', priority: 100_000 }])).toEqual(['bob', 'ann'])
  })
})
