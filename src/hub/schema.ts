import type { Sql } from './sql.ts'
import { TODOS_TABLE } from './todos.ts'

/** Statements by version; one that has shipped is never changed, only followed. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // One row: which log this is, which segment is young, and what was counted so far.
    `CREATE TABLE hub (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      version INTEGER NOT NULL,
      epoch TEXT NOT NULL,
      private_key TEXT,
      user_id TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      young INTEGER NOT NULL,
      base_seq INTEGER NOT NULL,
      totals TEXT NOT NULL
    )`,
    `CREATE TABLE requests (
      request_id TEXT PRIMARY KEY,
      conversation_id TEXT,
      target TEXT,
      start_seq INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      deadline INTEGER NOT NULL,
      status TEXT NOT NULL,
      ended_at INTEGER,
      chars INTEGER
    ) WITHOUT ROWID`,
    // One row for each settled attempt at a provider; never changed (MN1).
    `CREATE TABLE ledger (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      request_id TEXT NOT NULL,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      outcome TEXT NOT NULL,
      input_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      cost REAL NOT NULL,
      estimated INTEGER NOT NULL
    )`,
    `CREATE TABLE cache (
      key TEXT PRIMARY KEY,
      body TEXT NOT NULL,
      chars INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      used_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
    segmentTable(0),
    segmentTable(1),
  ],
  [
    `CREATE TABLE conversations (
      conversation_id TEXT PRIMARY KEY,
      title TEXT,
      created_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
    // A message and its answer; messages is 1 while there is no word of an answer. n is the number of its request's start;
    // once they were counted 1, 2, 3 …, which is smaller than that of any request to come.
    `CREATE TABLE exchanges (
      conversation_id TEXT NOT NULL,
      n INTEGER NOT NULL,
      request_id TEXT NOT NULL,
      message_id TEXT,
      at INTEGER NOT NULL,
      messages INTEGER NOT NULL,
      body TEXT NOT NULL,
      PRIMARY KEY (conversation_id, n)
    ) WITHOUT ROWID`,
    // The number of its end; by what a retry finds it, and whether nobody saw that end (GE11).
    'ALTER TABLE requests ADD COLUMN end_seq INTEGER',
    'ALTER TABLE requests ADD COLUMN retry_key TEXT',
    'ALTER TABLE requests ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE cache ADD COLUMN conversation_id TEXT',
  ],
  // To clear a conversation is to use it (CV5): nothing else remembers that.
  [
    'ALTER TABLE conversations ADD COLUMN cleared_at INTEGER NOT NULL DEFAULT 0',
    // The user's message that it answers, and whether it goes on with what that was answered before (CV7).
    'ALTER TABLE requests ADD COLUMN message_id TEXT',
    'ALTER TABLE requests ADD COLUMN goes_on INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE requests ADD COLUMN agent TEXT',
    // One row for each ticket that was given out and not yet used (ID8); of the ticket only a hash.
    `CREATE TABLE tickets (
      hash TEXT PRIMARY KEY,
      ends_at INTEGER NOT NULL,
      identity TEXT NOT NULL
    ) WITHOUT ROWID`,
    TODOS_TABLE,
  ],
  // What a user wants wherever it is asked: few, and written only when they change.
  [
    'CREATE TABLE wishes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    // 1 when its conversation was deleted: there is no word of it left to tell (CV6).
    'ALTER TABLE requests ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0',
  ],
]

export const SCHEMA_VERSION = MIGRATIONS.length

/** A segment of the log: a row is what was appended together, its key the number of its last event (LG2, LG4). */
export function segmentTable(segment: 0 | 1): string {
  return `CREATE TABLE log_${segment} (
    last_seq INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
  )`
}

/** Who the hub is; written once, when its tables are made. */
export interface HubIdentity {
  readonly userId: string
  readonly privateKey: string | null
  readonly epoch: string
}

/** True when the tables are there. */
export function hasSchema(sql: Sql): boolean {
  return sql.run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'hub'").length > 0
}

/**
 * Makes the tables of a new hub, or brings an older hub's up to date.
 * @param identity null for a hub that has tables
 * @param to the version to stop at, for a test of what comes after it
 */
export function migrate(sql: Sql, identity: HubIdentity | null, now: number, to = SCHEMA_VERSION): void {
  sql.transaction(() => {
    const from = hasSchema(sql) ? Number(sql.run('SELECT version FROM hub WHERE id = 1')[0]?.['version'] ?? 0) : 0
    if (from >= to) return
    for (const statement of MIGRATIONS.slice(from, to).flat()) sql.run(statement)
    if (from > 0) sql.run('UPDATE hub SET version = ? WHERE id = 1', to)
    else {
      if (identity === null) throw new Error('a hub without tables needs to be told whose it is')
      sql.run(
        'INSERT INTO hub VALUES (1, ?, ?, ?, ?, ?, 0, 0, ?)',
        to,
        identity.epoch,
        identity.privateKey,
        identity.userId,
        now,
        '{}',
      )
    }
  })
}
