import * as z from 'zod'
import type { Sql } from './sql.ts'

const rowSchema = z.object({ value: z.string() })

/** What a user wants wherever it is asked, beyond a connection's life: the time zone of their clocks (CM5). */
export class Wishes {
  readonly #sql: Sql
  #timeZone: string | null

  constructor(sql: Sql) {
    this.#sql = sql
    const row = sql.run("SELECT value FROM wishes WHERE name = 'time_zone'")[0]
    this.#timeZone = row === undefined ? null : rowSchema.parse(row).value
  }

  /** An IANA name, or null. */
  get timeZone(): string | null {
    return this.#timeZone
  }

  /** Keeps a zone, or none: one row, if it is another one. @param name an IANA name that is known */
  setTimeZone(name: string | null): void {
    if (name === this.#timeZone) return
    if (name === null) this.#sql.run("DELETE FROM wishes WHERE name = 'time_zone'")
    else this.#sql.run("INSERT OR REPLACE INTO wishes VALUES ('time_zone', ?)", name)
    this.#timeZone = name
  }
}
