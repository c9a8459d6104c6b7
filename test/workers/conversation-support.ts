import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Conversations, type Exchange, type NewExchange } from '../../src/hub/conversations.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'

interface Store {
  readonly conversations: Conversations
  readonly sql: Sql
}

/** Runs a test with a way to get a new, empty store: its storage may be used within its object only. */
export function within(test: (make: () => Promise<Store>) => Promise<void>): Promise<void> {
  return runInDurableObject(env.SESSION_HUB.getByName('conversation-store'), (_, { storage }) =>
    test(async () => {
      await storage.deleteAll()
      const sql = new Sql(storage)
      migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
      return { conversations: new Conversations(sql), sql }
    }),
  )
}

export function exchange(prompt: string, text: string, more: Partial<Exchange> = {}): Exchange {
  return { prompt, text, status: 'complete', started_at: 1000, answer_id: null, ...more }
}

/** Beyond the numbers of `fill`. */
let starts = 10_000

/** An exchange to be saved; each began after the one before, unless it says when. */
export function saved(requestId: string, said: Exchange, more: Partial<NewExchange> = {}): NewExchange {
  starts += 1
  const usual = { messageId: null, older: [], at: 2000, goesOn: false }
  return { requestId, startSeq: starts, exchange: said, ...usual, ...more }
}

/** So many exchanges, without the time that it takes to save them one by one. */
export function fill(sql: Sql, id: string, count: number): void {
  sql.run(
    `INSERT INTO exchanges
     WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?)
     SELECT ?, n, 'r' || n, NULL, n, 2, json_object('prompt', 'prompt ' || n, 'text', 'answer ' || n, 'status', 'complete', 'started_at', n, 'answer_id', NULL) FROM i`,
    count,
    id,
  )
}
