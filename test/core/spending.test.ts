import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Spend, Spending } from '../../src/core/report.ts'
import { spendingSchema } from '../../src/core/report.ts'
import { addSpend, dayOf, mergeSpending, spendingOn, spendKey, sumSpend } from '../../src/core/spending.ts'

const NOTHING: Spend = { cost: 0, saved: 0, attempts: 0, input_tokens: 0, output_tokens: 0, estimated: 0 }
const DAYS = Array.from({ length: 12 }, (_, i) => `2026-11-${10 + i}`)
const KEYS = ['ann m', 'ann n', 'bob m', 'bob a model with blanks']

const count = fc.nat(1000)
const spendArb: fc.Arbitrary<Spend> = fc.record({
  cost: count,
  saved: count,
  attempts: count,
  input_tokens: count,
  output_tokens: count,
  estimated: count,
})
const entryArb = fc.record({ day: fc.constantFrom(...DAYS), key: fc.constantFrom(...KEYS), spend: spendArb })
type Entry = { readonly day: string; readonly key: string; readonly spend: Spend }

function spent(entries: readonly Entry[]): Spending {
  return entries.reduce<Spending>((all, { day, key, spend }) => addSpend(all, day, key, spend), {})
}
/** What a hub can have spent. */
const spendingArb = fc.array(entryArb, { maxLength: 12 }).map(spent)

/** The same from first principles: the newest seven days of all that ever were, each figure summed. */
function model(entries: readonly Entry[]): Spending {
  const kept = [...new Set(entries.map(({ day }) => day))].toSorted().slice(-7)
  const out: Record<string, Record<string, Spend>> = {}
  for (const { day, key, spend } of entries) {
    if (!kept.includes(day)) continue
    const models = out[day] ?? {}
    models[key] = sumSpend(models[key] ?? NOTHING, spend)
    out[day] = models
  }
  return out
}

describe('spending', () => {
  it('[MN3] is summed by day and model, for the newest seven days, and what came in is not changed', () => {
    fc.assert(
      fc.property(fc.array(entryArb, { maxLength: 30 }), (entries) => {
        const whole = spent(entries)
        expect(whole).toEqual(model(entries))
        expect(Object.keys(whole).length).toBeLessThanOrEqual(7)
        expect(spendingSchema.parse(whole)).toEqual(whole)
        const before = structuredClone(whole)
        addSpend(whole, '2026-11-30', 'ann m', { ...NOTHING, cost: 1 })
        mergeSpending(whole, { '2026-11-30': { 'ann m': NOTHING } })
        expect(whole).toEqual(before)
      }),
    )
  })

  it('[MN3] of several hubs is the same in whatever order they are added, days that are let go included', () => {
    fc.assert(
      fc.property(spendingArb, spendingArb, spendingArb, (a, b, c) => {
        expect(mergeSpending(a, b)).toEqual(mergeSpending(b, a))
        expect(mergeSpending(mergeSpending(a, b), c)).toEqual(mergeSpending(a, mergeSpending(b, c)))
        expect(mergeSpending(a, {})).toEqual(a)
        expect(mergeSpending({}, a)).toEqual(a)
      }),
    )
  })

  it('[MN3] of two hubs is that of one hub that did the work of both', () => {
    fc.assert(
      fc.property(fc.array(entryArb, { maxLength: 12 }), fc.array(entryArb, { maxLength: 12 }), (a, b) => {
        expect(mergeSpending(spent(a), spent(b))).toEqual(spent([...a, ...b]))
      }),
    )
  })

  it('[MN3] every figure is summed', () => {
    const one: Spend = { cost: 1, saved: 2, attempts: 3, input_tokens: 4, output_tokens: 5, estimated: 6 }
    const two: Spend = { cost: 10, saved: 20, attempts: 30, input_tokens: 40, output_tokens: 50, estimated: 60 }
    expect(sumSpend(one, two)).toEqual({
      cost: 11,
      saved: 22,
      attempts: 33,
      input_tokens: 44,
      output_tokens: 55,
      estimated: 66,
    })
  })

  it('[MN3] days are those of UTC', () => {
    expect(dayOf(Date.UTC(2026, 10, 20))).toBe('2026-11-20')
    expect(dayOf(Date.UTC(2026, 10, 20) - 1)).toBe('2026-11-19')
    expect(dayOf(Date.UTC(2026, 10, 20, 23, 59, 59, 999))).toBe('2026-11-20')
  })

  it('[MN3] a day is shown by provider and by model, and both add up to its whole', () => {
    fc.assert(
      fc.property(spendingArb, fc.constantFrom(...DAYS), (spending, day) => {
        const shown = spendingOn(spending, day)
        const all = Object.values(spending[day] ?? {}).reduce(sumSpend, NOTHING)
        const sum = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((a, b) => a + b, 0)
        expect(sum(shown.by_provider)).toBe(all.cost)
        expect(sum(shown.by_model)).toBe(all.cost)
        expect(shown).toMatchObject({
          day,
          spend_today: all.cost,
          cache_savings: all.saved,
          attempts: all.attempts,
          estimated_attempts: all.estimated,
          input_tokens: all.input_tokens,
          output_tokens: all.output_tokens,
        })
        expect(shown.efficiency).toBeGreaterThanOrEqual(0)
        expect(shown.efficiency).toBeLessThanOrEqual(100)
      }),
    )
  })

  it('[MN3] a model may have blanks in its name, and efficiency is what the cache saved of it all', () => {
    const spending = spent([
      { day: '2026-11-20', key: spendKey('ann', 'a model, large'), spend: { ...NOTHING, cost: 3 } },
      { day: '2026-11-20', key: spendKey('bob', 'm'), spend: { ...NOTHING, saved: 1 } },
      { day: '2026-11-19', key: spendKey('bob', 'm'), spend: { ...NOTHING, cost: 8 } },
    ])
    expect(spendingOn(spending, '2026-11-20')).toMatchObject({
      spend_today: 3,
      by_provider: { ann: 3, bob: 0 },
      by_model: { 'a model, large': 3, m: 0 },
      cache_savings: 1,
      efficiency: 25,
    })
  })

  it('[MN3] a day without spending is shown with zeros', () => {
    expect(spendingOn({}, '2026-11-20')).toEqual({
      day: '2026-11-20',
      spend_today: 0,
      by_provider: {},
      by_model: {},
      cache_savings: 0,
      efficiency: 0,
      attempts: 0,
      estimated_attempts: 0,
      input_tokens: 0,
      output_tokens: 0,
    })
  })
})
