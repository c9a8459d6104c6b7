import * as z from 'zod'
import { costOf, type Price, settle } from '../core/price.ts'
import type { Spend } from '../core/report.ts'
import type { AttemptEnd } from './answering.ts'
import type { Sql } from './sql.ts'

const rowSchema = z.object({
  id: z.number(),
  at: z.number(),
  provider: z.string(),
  model: z.string(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost: z.number(),
  estimated: z.number(),
})

/** A row of the ledger: what one attempt cost. */
export interface Entry {
  readonly id: number
  /** ms since 1970. */
  readonly at: number
  readonly provider: string
  readonly model: string
  /** Dollars. */
  readonly cost: number
  readonly estimated: boolean
  readonly spend: Spend
}

/** By so much, ms, a clock may go back between two rows. */
const CLOCK_MS = 60_000
const COLUMNS = 'id, at, provider, model, input_tokens, output_tokens, cost, estimated'

/** The hub's ledger: one settled row for each attempt at a provider (SPEC MN). Nothing in it is ever changed. */
export class Ledger {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Writes an attempt's row: one. @param promptChars characters that were sent */
  settle(requestId: string, end: AttemptEnd, price: Price | null, promptChars: number): Entry {
    const settled = settle(end.usage, promptChars, end.answerChars, end.billed)
    const [row] = this.#sql.run(
      `INSERT INTO ledger (at, request_id, provider, model, outcome, input_tokens, output_tokens, cost, estimated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
      end.endedAt,
      requestId,
      end.provider.name,
      end.provider.model,
      end.outcome,
      settled.inputTokens,
      settled.outputTokens,
      costOf(price, settled.inputTokens, settled.outputTokens),
      settled.estimated ? 1 : 0,
    )
    return entryOf(row)
  }

  /** Rows after one, oldest first. */
  after(id: number): readonly Entry[] {
    return this.#sql.run(`SELECT ${COLUMNS} FROM ledger WHERE id > ? ORDER BY id`, id).map((row) => entryOf(row))
  }

  /** True when an attempt of a request at a provider is settled already. @param startedAt when the request began, ms */
  has(requestId: string, provider: string, startedAt: number): boolean {
    // Rows are in the order of time: none before the request began is looked at.
    const before = 'SELECT id FROM ledger WHERE at < ? ORDER BY id DESC LIMIT 1'
    const sql = `SELECT 1 FROM ledger WHERE id > coalesce((${before}), 0) AND request_id = ? AND provider = ? LIMIT 1`
    return this.#sql.run(sql, startedAt - CLOCK_MS, requestId, provider).length > 0
  }

  /** When the newest attempt was settled, ms, or null. */
  get newestAt(): number | null {
    const at = this.#sql.run('SELECT at FROM ledger ORDER BY id DESC LIMIT 1')[0]?.['at']
    return typeof at === 'number' ? at : null
  }

  /** Lets rows go that are older, ms. The newest stays, so that its number is not given again. */
  forgetBefore(at: number): void {
    this.#sql.run('DELETE FROM ledger WHERE at < ? AND id < (SELECT max(id) FROM ledger)', at)
  }
}

function entryOf(raw: unknown): Entry {
  const { id, at, provider, model, cost, estimated, input_tokens, output_tokens } = rowSchema.parse(raw)
  return {
    id,
    at,
    provider,
    model,
    cost,
    estimated: estimated === 1,
    spend: { cost, saved: 0, attempts: 1, input_tokens, output_tokens, estimated },
  }
}
