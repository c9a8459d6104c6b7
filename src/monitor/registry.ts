import * as z from 'zod'
import type { Attempt } from '../core/health.ts'
import { type Report, reportSchema, type Totals, totalsSchema } from '../core/report.ts'
import { addTotals, type Known } from './statistics.ts'

/** The registry's storage: one text per key, written at once. */
export interface RegistryStorage {
  all(): Iterable<{ readonly key: string; readonly value: string }>
  put(key: string, value: string): void
  delete(key: string): void
}

/** No hub has this name: theirs begin with `user:` or `private:`. */
const RETIRED = 'retired'
const rowSchema = z.object({ report: reportSchema, mean: z.number() })
const retiredSchema = z.object({ totals: totalsSchema, mean: z.number(), at: z.number() })

/** The last report of every hub, kept in one row each (MO3). */
export class Registry {
  readonly #storage: RegistryStorage
  readonly #reports = new Map<string, Report>()
  #retired: Totals = totalsSchema.parse({})
  #mean = 0

  constructor(storage: RegistryStorage) {
    this.#storage = storage
    let newest = -1
    for (const { key, value } of storage.all()) {
      // The providers' health stands in the same table, under keys of its own.
      if (key.startsWith('provider:')) continue
      const raw: unknown = JSON.parse(value)
      let row: { mean: number; at: number }
      if (key === RETIRED) {
        const retired = retiredSchema.parse(raw)
        this.#retired = retired.totals
        row = retired
      } else {
        const { report, mean } = rowSchema.parse(raw)
        this.#reports.set(key, report)
        row = { mean, at: report.at }
      }
      // The moving average has no row of its own: the newest report carries it.
      if (row.at > newest) {
        newest = row.at
        this.#mean = row.mean
      }
    }
  }

  get known(): Known {
    return { reports: [...this.#reports.values()], retired: this.#retired, meanStreamSeconds: this.#mean }
  }

  /** Hubs that had connections or requests when they last reported. */
  get busyHubs(): readonly string[] {
    return [...this.#reports.values()]
      .filter((report) => report.connections.length > 0 || report.running > 0)
      .map((report) => report.hub)
  }

  /** A hub that holds nothing any more, though it did not say so. */
  forget(hub: string): void {
    const last = this.#reports.get(hub)
    if (last !== undefined) this.take({ ...last, retired: true, connections: [], running: 0, ended: [] })
  }

  /** Takes a hub's report in the place of its last one; one that is older than the last changes nothing. */
  take(report: Report): void {
    const last = this.#reports.get(report.hub)
    const sameLife = last?.epoch === report.epoch
    if (last !== undefined && sameLife && report.at < last.at) return
    for (const { seconds } of unheard(last, report).ended)
      this.#mean = this.#mean === 0 ? seconds : 0.9 * this.#mean + 0.1 * seconds
    if (last !== undefined && !sameLife) this.#retire(last.totals, report.at)
    if (report.retired) {
      this.#retire(report.totals, report.at)
      this.#reports.delete(report.hub)
      this.#storage.delete(report.hub)
      return
    }
    this.#reports.set(report.hub, report)
    this.#storage.put(report.hub, JSON.stringify({ report, mean: this.#mean }))
  }

  /** Attempts that an earlier report did not tell (HE1). To be asked before `take`. */
  attemptsIn(report: Report): readonly Attempt[] {
    return unheard(this.#reports.get(report.hub), report).attempts.map(({ attempt }) => attempt)
  }

  #retire(totals: Totals, at: number): void {
    this.#retired = addTotals(this.#retired, totals)
    this.#storage.put(RETIRED, JSON.stringify({ totals: this.#retired, mean: this.#mean, at }))
  }
}

/** What a report tells for the first time: a report whose receipt was lost is sent again, with more in it (MO1). */
function unheard(last: Report | undefined, report: Report): Pick<Report, 'ended' | 'attempts'> {
  if (last === undefined || last.instance !== report.instance) return report
  const heard = Math.max(0, ...last.ended.map(({ n }) => n), ...last.attempts.map(({ n }) => n))
  return {
    ended: report.ended.filter(({ n }) => n > heard),
    attempts: report.attempts.filter(({ n }) => n > heard),
  }
}
