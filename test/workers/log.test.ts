import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { SqliteLog } from '../../src/hub/sqlite-log.ts'
import { logSuite } from '../support/log-suite.ts'

let state: DurableObjectState
let sql: Sql

logSuite(
  'the SQLite log',
  async () => {
    await state.storage.deleteAll()
    sql = new Sql(state.storage)
    migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
    return new SqliteLog(sql)
  },
  {
    numRuns: 25,
    reopen: () => new SqliteLog(sql),
    // A Durable Object's storage may be used in its own context only.
    within: (test) =>
      runInDurableObject(env.SESSION_HUB.getByName('log'), (_, own) => {
        state = own
        return test()
      }),
  },
)
