import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { AnswerCache } from '../../src/hub/answer-cache.ts'
import { Conversations } from '../../src/hub/conversations.ts'
import { Ledger } from '../../src/hub/ledger.ts'
import { migrate, SCHEMA_VERSION } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { SqliteLog } from '../../src/hub/sqlite-log.ts'
import { HubStore } from '../../src/hub/store.ts'

const CALLER = { userId: 'ann', privateKey: null }
const IDENTITY = { ...CALLER, epoch: 'n0' }
const NAMES = { request_id: 'r1', conversation_id: 'c1', target: null }

/** Events as version 1 of the schema had them: with fewer fields. */
const OLD_EVENTS = [
  {
    ...NAMES,
    at: 1000,
    type: 'stream_start',
    data: { request_id: 'r1', prompt: 'why?', prompt_length: 4, estimated_duration: 2 },
  },
  {
    ...NAMES,
    at: 1000,
    type: 'metadata',
    data: { task_type: 'question', recommended_provider: 'embedded', routing_strategy: 'intelligent' },
  },
  {
    ...NAMES,
    at: 1100,
    type: 'chunk',
    data: { request_id: 'r1', chunk: 'so', chunk_number: 1, accumulated_length: 2 },
  },
  {
    ...NAMES,
    at: 1200,
    type: 'cancelled',
    data: { request_id: 'r1', status: 'cancelled', reason: 'asked to', total_chunks: 1, total_length: 2 },
  },
]
const OLD_ANSWER = {
  text: 'so',
  provider: 'embedded',
  model: 'm',
  finish_reason: 'stop',
  usage: { input_tokens: 1, output_tokens: 2 },
  cost: 0.5,
}

/** A hub's storage as version 1 left it: a request that ended, one that ran when the hub died, an answer, a bill. */
function fillOld(sql: Sql): void {
  migrate(sql, IDENTITY, 500, 1)
  sql.run('INSERT INTO log_0 VALUES (4, 1, 1200, ?)', JSON.stringify(OLD_EVENTS))
  const begun = { ...OLD_EVENTS[0], request_id: 'r2', data: { ...OLD_EVENTS[0]?.data, request_id: 'r2' } }
  sql.run('INSERT INTO log_0 VALUES (5, 5, 1300, ?)', JSON.stringify([begun]))
  sql.run("INSERT INTO requests VALUES ('r1', 'c1', NULL, 1, 1000, 31000, 'cancelled', 1200, 2)")
  sql.run("INSERT INTO requests VALUES ('r2', 'c1', NULL, 5, 1300, 31300, 'running', NULL, NULL)")
  sql.run("INSERT INTO cache VALUES ('k', ?, 100, 1000, 1000)", JSON.stringify(OLD_ANSWER))
  sql.run("INSERT INTO ledger VALUES (1, 1200, 'r1', 'embedded', 'm', 'cancelled', 1, 2, 0.5, 0)")
}

/** The columns of each table, whatever the order in which they were added. */
function shapeOf(sql: Sql): readonly unknown[] {
  const statement = `SELECT m.name || '.' || c.name AS name, c.type, c."notnull", c.dflt_value, c.pk
    FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1`
  return sql.run(statement)
}

function within(test: (storage: DurableObjectStorage) => Promise<void>): Promise<void> {
  return runInDurableObject(env.SESSION_HUB.getByName('schema'), async (_, { storage }) => {
    await storage.deleteAll()
    await test(storage)
  })
}

describe('the schema', () => {
  it('[HB2] every older version is brought to what a new hub has, once', () =>
    within(async (storage) => {
      const sql = new Sql(storage)
      migrate(sql, IDENTITY, 500)
      const shape = shapeOf(sql)
      expect(shape.length).toBeGreaterThan(40)
      for (let version = 1; version < SCHEMA_VERSION; version++) {
        await storage.deleteAll()
        migrate(sql, IDENTITY, 500, version)
        expect(shapeOf(sql)).not.toEqual(shape)
        migrate(sql, null, 900)
        expect(shapeOf(sql)).toEqual(shape)
        expect(sql.run('SELECT version, epoch, user_id, created_at FROM hub')).toEqual([
          { version: SCHEMA_VERSION, epoch: 'n0', user_id: 'ann', created_at: 500 },
        ])
        const rows = sql.rowsWritten
        migrate(sql, null, 900)
        expect(sql.rowsWritten).toBe(rows)
      }
    }))

  it('[HB2] without tables it must be told whose the hub is, and nothing is made', () =>
    within(async (storage) => {
      const sql = new Sql(storage)
      expect(() => migrate(sql, null, 500)).toThrow('whose')
      expect(shapeOf(sql)).toEqual([])
    }))
})

describe('what version 1 wrote', () => {
  it('[LG6] reads as before: requests, log, cache, bill', () =>
    within(async (storage) => {
      const sql = new Sql(storage)
      fillOld(sql)
      migrate(sql, null, 2000)
      const store = new HubStore(sql)
      expect(store).toMatchObject({ userId: 'ann', privateKey: null, createdAt: 500 })
      expect(store.request('r1')).toMatchObject({
        status: 'cancelled',
        chars: 2,
        end_seq: null,
        retry_key: null,
        unseen: 0,
      })
      expect(store.runningIn('c1')).toMatchObject({ request_id: 'r2', start_seq: 5 })
      const log = new SqliteLog(sql)
      expect(log.bounds()).toEqual({ epoch: 'n0', firstSeq: 1, lastSeq: 5 })
      const events = log.after(0, { events: 10, bytes: 10_000 }).map(({ event }) => event)
      expect(events.slice(0, 4)).toMatchObject(OLD_EVENTS)
      expect(events[0]).toMatchObject({ data: { agent: 'assistant', message_id: null, context_messages: 0 } })
      const cache = new AnswerCache(sql)
      expect(cache.get('k', 2000)).toEqual(OLD_ANSWER)
      expect(new Ledger(sql).after(0)).toMatchObject([{ id: 1, cost: 0.5 }])
    }))

  it('[CV6] can be gone on with, and be deleted', () =>
    within(async (storage) => {
      const sql = new Sql(storage)
      fillOld(sql)
      migrate(sql, null, 2000)
      const store = new HubStore(sql)
      const [conversations, log, cache] = [new Conversations(sql), new SqliteLog(sql), new AnswerCache(sql)]
      expect(conversations.list(null, 10).conversations).toEqual([])
      expect(conversations.ensure('c1', 2000)).toBe(true)
      cache.put('k2', OLD_ANSWER, 2000, 'c1')
      store.endRequest('r2', { status: 'error', now: 2000, chars: 0, seq: 5, seen: false })
      expect(store.request('r2')).toMatchObject({ status: 'error', end_seq: 5, unseen: 1 })
      expect(log.erase('c1')).toBe(5)
      cache.forget('c1')
      store.detach('c1')
      expect(cache.entries).toBe(1)
      expect(store.request('r1')).toMatchObject({ conversation_id: null, status: 'cancelled' })
      expect(JSON.stringify(sql.run('SELECT body FROM log_0'))).not.toMatch(/why|so\b|c1/)
    }))

  it('[GE6] a hub wakes with it, and ends what was running', async () => {
    const hub = env.SESSION_HUB.getByName('user:old')
    await runInDurableObject(hub, (_, { storage }) => fillOld(new Sql(storage)))
    await evictDurableObject(hub)
    const { first_seq, last_seq } = await hub.debug()
    expect([first_seq, last_seq]).toEqual([1, 6])
    expect(await hub.request('r2')).toMatchObject({ ok: true, value: { status: 'error', end_seq: 6 } })
    expect(await hub.result('r1')).toMatchObject({ ok: true, value: { status: 'cancelled', text: 'so' } })
  })
})
