import { costOf, type Price, settle } from '../core/price.ts'
import type { Spend } from '../core/report.ts'
import type { AttemptEnd } from './answering.ts'
import type { Sql } from './sql.ts'

/** What an attempt cost, as it stands in the ledger. */
export interface Entry {
  readonly cost: number
  readonly estimated: boolean
  readonly spend: Spend
}

/** The hub's ledger: one settled row for each attempt at a provider (SPEC MN). Nothing in it is ever changed. */
export class Ledger {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Writes an attempt's row: one. @param promptChars characters that were sent */
  settle(requestId: string, end: AttemptEnd, price: Price | null, promptChars: number): Entry {
    const settled = settle(end.usage, promptChars, end.answerChars, end.billed)
    const cost = costOf(price, settled.inputTokens, settled.outputTokens)
    this.#sql.run(
      'INSERT INTO ledger (at, request_id, provider, model, outcome, input_tokens, output_tokens, cost, estimated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      end.endedAt,
      requestId,
      end.provider.name,
      end.provider.model,
      end.outcome,
      settled.inputTokens,
      settled.outputTokens,
      cost,
      settled.estimated ? 1 : 0,
    )
    return {
      cost,
      estimated: settled.estimated,
      spend: {
        cost,
        saved: 0,
        attempts: 1,
        input_tokens: settled.inputTokens,
        output_tokens: settled.outputTokens,
        estimated: settled.estimated ? 1 : 0,
      },
    }
  }

  /** True when an attempt of a request at a provider is settled already. */
  has(requestId: string, provider: string): boolean {
    return this.#sql.run('SELECT 1 FROM ledger WHERE request_id = ? AND provider = ?', requestId, provider).length > 0
  }

  /** When the newest attempt was settled, ms, or null. */
  get newestAt(): number | null {
    const at = this.#sql.run('SELECT at FROM ledger ORDER BY id DESC LIMIT 1')[0]?.['at']
    return typeof at === 'number' ? at : null
  }

  /** Lets rows go that are older, ms. */
  forgetBefore(at: number): void {
    this.#sql.run('DELETE FROM ledger WHERE at < ?', at)
  }
}
