import type { Attempt } from '../../src/core/health.ts'
import { HealthBoard } from '../../src/monitor/health-board.ts'
import { attemptOf } from './attempts.ts'
import { memoryRows } from './reports.ts'

/** A board on the test's clock, which can be restarted from its rows. */
export class Boards {
  readonly #rows = new Map<string, string>()
  board = new HealthBoard(memoryRows(this.#rows))

  /** Attempts at a provider that end now. */
  async record(...outcomes: readonly Attempt['outcome'][]): Promise<void> {
    await this.board.record(outcomes.map((outcome) => attemptOf('ann', { outcome, at: Date.now() })))
  }

  /** A hub that is about to ask: it may be given the probe. */
  ask() {
    return this.#of(true)
  }

  /** Anyone else. */
  look() {
    return this.#of(false)
  }

  restart(): void {
    this.board = new HealthBoard(memoryRows(this.#rows))
  }

  #of(probing: boolean) {
    const health = this.board.snapshot(Date.now(), probing).providers['ann']
    if (health === undefined) throw new Error('nothing is known of ann')
    return health
  }
}
