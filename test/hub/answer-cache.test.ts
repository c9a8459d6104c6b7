import { beforeEach, describe, expect, it } from 'vitest'
import { AnswerCache, type CachedAnswer } from '../../src/hub/answer-cache.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { NodeStorage } from '../support/node-storage.ts'

const ANSWER: CachedAnswer = {
  text: 'so',
  provider: 'ann',
  model: 'm',
  finish_reason: 'stop',
  usage: { input_tokens: 1, output_tokens: 2 },
  cost: 0.5,
}

let sql: Sql
let cache: AnswerCache

beforeEach(() => {
  sql = new Sql(new NodeStorage())
  migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
  cache = new AnswerCache(sql)
})

describe('the answers that are kept', () => {
  it.each(['', '{', '[]', '{"text":"so"}', JSON.stringify({ ...ANSWER, text: 7 })])(
    '[CA2] one that cannot be read (%s) is none, goes, and can be kept anew',
    (body) => {
      cache.put('k', ANSWER, 1000)
      cache.put('other', ANSWER, 1000)
      sql.run('UPDATE cache SET body = ? WHERE key = ?', body, 'k')
      expect(cache.get('k', 2000)).toBeNull()
      expect(cache.entries).toBe(1)
      expect(sql.run('SELECT key FROM cache')).toEqual([{ key: 'other' }])
      cache.put('k', ANSWER, 3000)
      expect(cache.get('k', 4000)).toEqual(ANSWER)
      // What is counted is what is there.
      expect(new AnswerCache(sql).entries).toBe(cache.entries)
    },
  )
})
