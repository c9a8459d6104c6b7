import type { Attempt } from '../core/health.ts'
import { LIMITS } from '../core/limits.ts'
import type { Report } from '../core/report.ts'

/** What the monitor has yet to be told, each once, and numbered so that it knows what it had (MO1). In memory only. */
export class News {
  #ended: Report['ended'] = []
  #attempts: Report['attempts'] = []
  #numbered = 0
  #reports = 0

  /** A request has ended after so many seconds. */
  ended(seconds: number): void {
    this.#ended.push({ n: this.#next(), seconds })
    if (this.#ended.length > LIMITS.reportedEnds) this.#ended.shift()
  }

  /** An attempt at a provider has ended. */
  attempted(attempt: Attempt): void {
    this.#attempts.push({ n: this.#next(), attempt })
    if (this.#attempts.length > LIMITS.reportedEnds) this.#attempts.shift()
  }

  /** For the next report; kept until it was `told`. */
  report(): Pick<Report, 'serial' | 'ended' | 'attempts'> {
    this.#reports += 1
    return { serial: this.#reports, ended: [...this.#ended], attempts: [...this.#attempts] }
  }

  /** The monitor has a report: what was told once need not be told again. */
  told({ ended, attempts }: Pick<Report, 'ended' | 'attempts'>): void {
    const last = Math.max(0, ...ended.map(({ n }) => n), ...attempts.map(({ n }) => n))
    this.#ended = this.#ended.filter(({ n }) => n > last)
    this.#attempts = this.#attempts.filter(({ n }) => n > last)
  }

  #next(): number {
    this.#numbered += 1
    return this.#numbered
  }
}
