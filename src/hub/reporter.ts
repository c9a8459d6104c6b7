import { inTime } from '../core/in-time.ts'
import type { Report } from '../core/report.ts'

interface ReporterPorts {
  report(): Report
  send(report: Report): Promise<void>
  sent(report: Report): void
}

/** How long a request that began waits for its end to be told with it, ms. */
const SOON_MS = 500
/** How long a report may take, ms: a monitor that hangs must not keep the hub awake. */
const PATIENCE_MS = 5000

/** Tells the monitor what changed: one report under way at a time, the newest state wins (MO1, MO2). */
export class Reporter {
  readonly #ports: ReporterPorts
  #busy = false
  #dirty = false
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(ports: ReporterPorts) {
    this.#ports = ports
  }

  /** Something changed. Changes of one turn, and those while a report is under way, share the next one. */
  changed(): void {
    this.#dirty = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#busy) return
    this.#busy = true
    void this.#drain()
  }

  /** Something changed that will soon change again, so it can wait a while for that (MO1). */
  soon(): void {
    this.#dirty = true
    this.#timer ??= setTimeout(() => this.changed(), SOON_MS)
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#dirty) {
      this.#dirty = false
      try {
        const report = this.#ports.report()
        await inTime(this.#ports.send(report), PATIENCE_MS)
        this.#ports.sent(report)
      } catch (error) {
        // The monitor is down, or the report was not to be made: hubs go on, and the next one holds all of it (MO2).
        console.warn({ message: 'monitor not told', name: error instanceof Error ? error.name : typeof error })
        break
      }
    }
    this.#busy = false
  }
}
