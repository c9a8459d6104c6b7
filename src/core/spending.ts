import { LIMITS } from './limits.ts'
import type { Spend, Spending } from './report.ts'

/** The day of a time in ms, UTC: `2026-11-20`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** Where a provider's model stands in a day's spending; names hold no blank, so it can be split again. */
export function spendKey(provider: string, model: string): string {
  return `${provider} ${model}`
}

/** Adds to a day's spending; days beyond the newest few are let go (MN3). */
export function addSpend(spending: Spending, day: string, key: string, more: Spend): Spending {
  const before = spending[day]?.[key]
  const days = { ...spending, [day]: { ...spending[day], [key]: before === undefined ? more : sumSpend(before, more) } }
  return Object.fromEntries(
    Object.entries(days)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(-LIMITS.spendDays),
  )
}

/** The sum of two, figure by figure. */
export function sumSpend(a: Spend, b: Spend): Spend {
  return {
    cost: a.cost + b.cost,
    saved: a.saved + b.saved,
    attempts: a.attempts + b.attempts,
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    estimated: a.estimated + b.estimated,
  }
}

/** The spending of two hubs. */
export function mergeSpending(a: Spending, b: Spending): Spending {
  let merged = a
  for (const [day, models] of Object.entries(b)) {
    for (const [key, spend] of Object.entries(models)) merged = addSpend(merged, day, key, spend)
  }
  return merged
}

/** A day's spending as `cost_update` shows it (contract D2): dollars; efficiency in per cent of what was not spent. */
export function spendingOn(spending: Spending, day: string) {
  const byProvider: Record<string, number> = {}
  const byModel: Record<string, number> = {}
  let total: Spend = { cost: 0, saved: 0, attempts: 0, input_tokens: 0, output_tokens: 0, estimated: 0 }
  for (const [key, spend] of Object.entries(spending[day] ?? {})) {
    const cut = key.indexOf(' ')
    const provider = key.slice(0, cut)
    const model = key.slice(cut + 1)
    byProvider[provider] = (byProvider[provider] ?? 0) + spend.cost
    byModel[model] = (byModel[model] ?? 0) + spend.cost
    total = sumSpend(total, spend)
  }
  const whole = total.cost + total.saved
  return {
    day,
    spend_today: total.cost,
    by_provider: byProvider,
    by_model: byModel,
    cache_savings: total.saved,
    efficiency: whole === 0 ? 0 : (100 * total.saved) / whole,
    attempts: total.attempts,
    estimated_attempts: total.estimated,
    input_tokens: total.input_tokens,
    output_tokens: total.output_tokens,
  }
}
