import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { Ledger } from '../../src/hub/ledger.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { HubStore } from '../../src/hub/store.ts'
import { countReads } from './count-reads.ts'

const HOUR = 3_600_000
const MANY = 20_000

function within(test: (storage: DurableObjectStorage) => Promise<void> | void): Promise<void> {
  return runInDurableObject(env.SESSION_HUB.getByName('request-store'), async (_, { storage }) => {
    await storage.deleteAll()
    await test(storage)
  })
}

function add(store: HubStore, requestId: string, startSeq: number, more: Partial<Added> = {}): void {
  const usual = { conversation_id: 'c1', target: null, started_at: startSeq, deadline: 0, retry_key: null }
  store.addRequest({
    ...usual,
    message_id: null,
    goes_on: 0,
    agent: 'assistant',
    ...more,
    request_id: requestId,
    start_seq: startSeq,
  })
}
type Added = Parameters<HubStore['addRequest']>[0]

function end(store: HubStore, requestId: string, now: number): void {
  store.endRequest(requestId, { status: 'complete', now, chars: 1, seq: 1, seen: false })
}

describe('a hub with many requests', () => {
  it('[HB4] looks through them once when it wakes, and then at those that are meant', () =>
    within((storage) => {
      const { read, counting } = countReads(storage)
      const sql = new Sql(counting)
      migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
      const many = `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ${MANY})`
      sql.run(`INSERT INTO requests (request_id, conversation_id, start_seq, started_at, deadline, status, ended_at, retry_key)
        ${many} SELECT 'old-' || n, 'c1', n, n, n, 'complete', n, 'words' FROM i`)
      sql.run(`INSERT INTO ledger (at, request_id, provider, model, outcome, input_tokens, output_tokens, cost, estimated)
        ${many} SELECT n * 1000, 'old-' || n, 'p', 'm', 'ok', 1, 1, 0, 0 FROM i`)
      const now = MANY * 1000
      const readBy = (work: () => unknown): number => {
        const before = read()
        work()
        return read() - before
      }
      const store = new HubStore(sql)
      expect(readBy(() => store.starts(now - LIMITS.retryJoinMs))).toBeLessThan(MANY + 10)
      add(store, 'r1', MANY + 1, { started_at: now, retry_key: 'words' })
      add(store, 'r2', MANY + 2, { started_at: now, conversation_id: 'c2' })
      expect(readBy(() => expect(store.withRetryKey('words', now - LIMITS.retryJoinMs)).toHaveLength(1))).toBeLessThan(
        5,
      )
      expect(readBy(() => expect(store.withRetryKey('else', now - LIMITS.retryJoinMs)).toHaveLength(0))).toBeLessThan(5)
      expect(readBy(() => expect(store.runningIn('c1')?.request_id).toBe('r1'))).toBeLessThan(5)
      expect(readBy(() => expect(store.runningRequests()).toHaveLength(2))).toBeLessThan(5)
      const ledger = new Ledger(sql)
      expect(readBy(() => expect(ledger.has(`old-${MANY}`, 'p', now - 500)).toBe(true))).toBeLessThan(150)
      expect(readBy(() => expect(ledger.has('r1', 'p', now)).toBe(false))).toBeLessThan(150)
      expect(ledger.has('old-7', 'p', 6500)).toBe(true)
      expect(ledger.has('old-7', 'q', 6500)).toBe(false)
    }))

  it('[CV8] a request costs a row when it begins and one when it ends', () =>
    within((storage) => {
      const sql = new Sql(storage)
      migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
      const store = new HubStore(sql)
      const before = sql.rowsWritten
      add(store, 'r1', 1, { retry_key: 'words' })
      end(store, 'r1', 5)
      expect(sql.rowsWritten - before).toBe(2)
    }))
})

describe('a clock that is put back', () => {
  it('[HB4][GE11] what had been forgotten as too old is found again', () =>
    within((storage) => {
      const sql = new Sql(storage)
      migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
      const store = new HubStore(sql)
      for (const [i, at] of [HOUR, 2 * HOUR].entries()) {
        add(store, `r${i}`, i + 1, { retry_key: 'words' })
        expect(store.withRetryKey('words', at - LIMITS.retryJoinMs)).toHaveLength(1)
        end(store, `r${i}`, at)
      }
      expect(store.withRetryKey('words', 2 * HOUR).map((row) => row.request_id)).toEqual(['r1'])
      expect(store.withRetryKey('words', HOUR).map((row) => row.request_id)).toEqual(['r1', 'r0'])
    }))
})

const keyArb = fc.constantFrom(null, 'k1', 'k2')
const actArb = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('begin' as const), key: keyArb, isLost: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('end' as const), n: fc.nat(9), isLost: fc.boolean() }) },
  fc.record({
    what: fc.constantFrom('detach' as const, 'see' as const, 'forget' as const, 'wake' as const),
    n: fc.nat(9),
  }),
  // The clock may be put back.
  fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: -200_000, max: 200_000 }) }),
)

describe('what a hub knows of its requests', () => {
  it('[HB4][GE11] it is what their table says, whatever was rolled back, detached or forgotten, and wherever it woke', () =>
    within((storage) => {
      const sql = new Sql(storage)
      migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
      const ids = (statement: string, ...values: (string | number)[]) =>
        sql.run(statement, ...values).flatMap(({ request_id: id }) => (typeof id === 'string' ? [id] : []))
      const lost = (isLost: boolean, work: () => void): void => {
        try {
          sql.transaction(() => {
            work()
            if (isLost) throw new Error('rolled back')
          })
        } catch {
          // As the platform does it.
        }
      }
      fc.assert(
        fc.property(fc.array(actArb, { maxLength: 25, size: 'max' }), (acts) => {
          sql.run('DELETE FROM requests')
          let store = new HubStore(sql)
          let now = HOUR
          for (const [i, act] of acts.entries()) {
            const target = 'n' in act ? (ids('SELECT request_id FROM requests LIMIT 1 OFFSET ?', act.n)[0] ?? '') : ''
            if (act.what === 'begin') {
              const more = { started_at: now, retry_key: act.key, conversation_id: `c${i % 2}` }
              lost(act.isLost, () => add(store, `r${(i * 7) % 25}-${i}`, i + 1, more))
            } else if (act.what === 'end') {
              const running = ids("SELECT request_id FROM requests WHERE request_id = ? AND status = 'running'", target)
              if (running.length > 0) lost(act.isLost, () => end(store, target, now))
            } else if (act.what === 'wait') now += act.ms
            else if (act.what === 'detach') store.detach('c1')
            else if (act.what === 'see') store.seen(target)
            else if (act.what === 'forget') store.forgetBefore(i / 2)
            else {
              store = new HubStore(sql)
              if (act.n > 4) store.starts(now - LIMITS.retryJoinMs)
            }
            const since = now - LIMITS.retryJoinMs
            for (const key of ['k1', 'k2']) {
              const by = 'retry_key = ? AND (ended_at IS NULL OR ended_at >= ?) ORDER BY start_seq DESC'
              const found = store.withRetryKey(key, since).map(({ request_id }) => request_id)
              expect(found).toEqual(ids(`SELECT request_id FROM requests WHERE ${by}`, key, since))
            }
            const runs = "SELECT request_id FROM requests WHERE status = 'running'"
            expect(store.runningRequests().map((row) => row.request_id)).toEqual(ids(`${runs} ORDER BY start_seq`))
            const newest = ids(`${runs} AND conversation_id = 'c1' ORDER BY start_seq DESC LIMIT 1`)
            expect(store.runningIn('c1')?.request_id).toBe(newest[0])
          }
        }),
        { numRuns: 500 },
      )
    }))
})
