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
/** Under it stands when the service was first used, ms. */
export const BEGAN = 'began'
/** Hubs that wiped themselves are remembered for so many others, so that a report that comes late does not revive them. */
const GONE = 200

/** The moving average has no row of its own: the row that was written last carries it. */
const carried = { mean: z.number(), order: z.number() }
const rowSchema = z.object({ report: reportSchema, ...carried })
const goneSchema = z.object({ hub: z.string(), epoch: z.string(), at: z.number() })
const retiredSchema = z.object({ totals: totalsSchema, gone: z.array(goneSchema), ...carried })

/** The last report of every hub, kept in one row each (MO3). */
export class Registry {
  readonly #storage: RegistryStorage
  readonly #reports = new Map<string, Report>()
  #retired: Totals = totalsSchema.parse({})
  #gone: readonly z.infer<typeof goneSchema>[] = []
  #mean = 0
  #order = 0

  constructor(storage: RegistryStorage) {
    this.#storage = storage
    for (const { key, value } of storage.all()) {
      // The providers' health and the service's beginning stand in the same table, under keys of their own.
      if (key.startsWith('provider:') || key === BEGAN) continue
      const raw: unknown = JSON.parse(value)
      if (key === RETIRED) {
        const row = retiredSchema.parse(raw)
        this.#retired = row.totals
        this.#gone = row.gone
        this.#carry(row)
      } else {
        const row = rowSchema.parse(raw)
        this.#reports.set(key, row.report)
        this.#carry(row)
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
    if (last !== undefined) this.take({ ...last, serial: last.serial + 1, retired: true, ended: [], attempts: [] })
  }

  /**
   * Takes a hub's report in the place of its last one. One that came before, or was overtaken, changes nothing (MO1).
   * @returns the attempts that it tells for the first time (HE1)
   */
  take(report: Report): readonly Attempt[] {
    const last = this.#reports.get(report.hub)
    if (!this.#isNews(report, last)) return []
    const { ended, attempts } = unheard(last, report)
    for (const { seconds } of ended) this.#mean = this.#mean === 0 ? seconds : 0.9 * this.#mean + 0.1 * seconds
    if (last !== undefined && last.epoch !== report.epoch) this.#retire(last)
    if (report.retired) {
      this.#retire(report)
      this.#reports.delete(report.hub)
      this.#storage.delete(report.hub)
    } else {
      this.#reports.set(report.hub, report)
      this.#storage.put(report.hub, JSON.stringify({ report, ...this.#carrying() }))
    }
    return attempts.map(({ attempt }) => attempt)
  }

  #isNews(report: Report, last: Report | undefined): boolean {
    if (this.#gone.some(({ hub, epoch }) => hub === report.hub && epoch === report.epoch)) return false
    if (last === undefined) return true
    // Instances of one hub follow each other and share a clock; within one, its own count is exact.
    return last.instance === report.instance ? report.serial > last.serial : report.at >= last.at
  }

  #retire({ hub, epoch, at, totals }: Report): void {
    this.#retired = addTotals(this.#retired, totals)
    this.#gone = [...this.#gone, { hub, epoch, at }].slice(-GONE)
    this.#storage.put(RETIRED, JSON.stringify({ totals: this.#retired, gone: this.#gone, ...this.#carrying() }))
  }

  #carrying() {
    this.#order += 1
    return { mean: this.#mean, order: this.#order }
  }

  #carry(row: { readonly mean: number; readonly order: number }): void {
    if (row.order <= this.#order) return
    this.#order = row.order
    this.#mean = row.mean
  }
}

/** What a report tells for the first time: one whose receipt was lost is followed by one that tells it again (MO1). */
function unheard(last: Report | undefined, report: Report): Pick<Report, 'ended' | 'attempts'> {
  if (last === undefined || last.instance !== report.instance) return report
  const heard = Math.max(0, ...last.ended.map(({ n }) => n), ...last.attempts.map(({ n }) => n))
  return {
    ended: report.ended.filter(({ n }) => n > heard),
    attempts: report.attempts.filter(({ n }) => n > heard),
  }
}
