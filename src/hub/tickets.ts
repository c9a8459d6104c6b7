import * as z from 'zod'
import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Sql } from './sql.ts'

/** What a ticket stands for: the rights of the token with which it was got. */
export const ticketIdentitySchema = z.object({
  isOperator: z.boolean(),
  /** When that token ends, ms, or null in open mode. */
  expiresAt: z.number().nullable(),
})
export type TicketIdentity = z.infer<typeof ticketIdentitySchema>

const rowSchema = z.object({ ends_at: z.number(), identity: z.string() })

/** A user's tickets: each works once and within its time (ID8). Of a ticket only a hash is kept. */
export class Tickets {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** When the last of those that are out ends, ms, or null. */
  get newestEnd(): number | null {
    const at = this.#sql.run('SELECT max(ends_at) v FROM tickets')[0]?.['v']
    return typeof at === 'number' ? at : null
  }

  /** Keeps a new ticket, which ends with its token at the latest: one row. @throws FreshetError `too_many_requests` while too many are out */
  issue(hash: string, identity: TicketIdentity, now: number): void {
    this.#sql.run('DELETE FROM tickets WHERE ends_at <= ?', now)
    const out = Number(this.#sql.run('SELECT count(*) n FROM tickets')[0]?.['n'] ?? 0)
    if (out >= LIMITS.tickets) {
      const words = `At most ${LIMITS.tickets} tickets may be unused at a time. Use one, or wait a minute.`
      throw new FreshetError('too_many_requests', words)
    }
    const endsAt = Math.min(now + LIMITS.ticketMs, identity.expiresAt ?? Number.POSITIVE_INFINITY)
    this.#sql.run('INSERT INTO tickets VALUES (?, ?, ?)', hash, endsAt, JSON.stringify(identity))
  }

  /** Uses a ticket up. @returns null for one that is not there, was used, or is too old */
  redeem(hash: string, now: number): TicketIdentity | null {
    const row = this.#sql.run('DELETE FROM tickets WHERE hash = ? RETURNING ends_at, identity', hash)[0]
    if (row === undefined) return null
    const { ends_at, identity } = rowSchema.parse(row)
    return ends_at <= now ? null : ticketIdentitySchema.parse(JSON.parse(identity))
  }
}
