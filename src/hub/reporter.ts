import type { Report } from '../core/report.ts'

interface ReporterPorts {
  report(): Report
  send(report: Report): Promise<void>
  sent(report: Report): void
}

/** Tells the monitor what changed: one report under way at a time, the newest state wins (MO1, MO2). */
export class Reporter {
  readonly #ports: ReporterPorts
  #busy = false
  #dirty = false

  constructor(ports: ReporterPorts) {
    this.#ports = ports
  }

  /** Something changed. Changes of one turn, and those while a report is under way, share the next one. */
  changed(): void {
    this.#dirty = true
    if (this.#busy) return
    this.#busy = true
    void this.#drain()
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#dirty) {
      this.#dirty = false
      const report = this.#ports.report()
      try {
        await this.#ports.send(report)
        this.#ports.sent(report)
      } catch (error) {
        // The monitor is down: hubs go on, and the next report holds everything that this one did (MO2).
        console.warn({ message: 'monitor unreachable', name: error instanceof Error ? error.name : typeof error })
        break
      }
    }
    this.#busy = false
  }
}
