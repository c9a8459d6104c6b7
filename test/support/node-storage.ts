import { DatabaseSync } from 'node:sqlite'
import * as z from 'zod'
import type { SqlStorageLike, SqlValue } from '../../src/hub/sql.ts'

const rowSchema = z.record(
  z.string(),
  z.union([
    z.string(),
    z.number(),
    z.null(),
    z.instanceof(Uint8Array).transform((bytes) => new Uint8Array(bytes).buffer),
  ]),
)
const countSchema = z.object({ n: z.number() })

/** A hub's storage over Node's SQLite, in memory: for code of the hub that is measured outside of workerd. */
export class NodeStorage implements SqlStorageLike {
  readonly #database = new DatabaseSync(':memory:')

  readonly sql: SqlStorageLike['sql'] = {
    databaseSize: 0,
    exec: (statement, ...values) => {
      const given = values.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value))
      const rows: Record<string, SqlValue>[] = this.#database
        .prepare(statement)
        .all(...given)
        .map((row) => rowSchema.parse({ ...row }))
      return { toArray: () => rows, rowsWritten: 0 }
    },
  }

  transactionSync<T>(work: () => T): T {
    return work()
  }

  /** Rows written so far. */
  get changes(): number {
    return countSchema.parse({ ...this.#database.prepare('SELECT total_changes() n').get() }).n
  }
}
