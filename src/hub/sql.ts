/** A value that SQLite gives or takes here. */
export type SqlValue = string | number | null | ArrayBuffer

/** What of an object's storage is used here; other code than a Durable Object may bring its own SQLite. */
export interface SqlStorageLike {
  readonly sql: {
    readonly databaseSize: number
    exec(
      statement: string,
      ...values: SqlValue[]
    ): {
      toArray(): Record<string, SqlValue>[]
      /** Known once all rows were read. */
      readonly rowsWritten: number
    }
  }
  transactionSync<T>(work: () => T): T
}

/**
 * The object's SQL with a count of the rows written, which are the bill.
 * Synchronous, and every statement of one turn is one commit.
 */
export class Sql {
  readonly #storage: SqlStorageLike
  #rowsWritten = 0
  #rollbacks = 0
  #isSealed = false

  constructor(storage: SqlStorageLike) {
    this.#storage = storage
  }

  /** Rows written by all statements so far, by the storage's own count. */
  get rowsWritten(): number {
    return this.#rowsWritten
  }

  /** Transactions that came to nothing: what was noted of them is not so. */
  get rollbacks(): number {
    return this.#rollbacks
  }

  get bytes(): number {
    return this.#storage.sql.databaseSize
  }

  /** Lets nothing more through: whoever holds it no longer knows what is stored, and is about to go. */
  seal(): void {
    this.#isSealed = true
  }

  /** Runs a statement and returns all of its rows. @throws what the storage throws; an Error once it is sealed */
  run(statement: string, ...values: SqlValue[]): Record<string, SqlValue>[] {
    if (this.#isSealed) throw new Error('this instance has left its storage')
    const cursor = this.#storage.sql.exec(statement, ...values)
    const rows = cursor.toArray()
    this.#rowsWritten += cursor.rowsWritten
    return rows
  }

  /** All or nothing: what throws is rolled back. */
  transaction<T>(work: () => T): T {
    try {
      return this.#storage.transactionSync(work)
    } catch (error) {
      this.#rollbacks += 1
      throw error
    }
  }
}
