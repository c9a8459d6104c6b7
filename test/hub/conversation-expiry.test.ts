import { describe, expect, it, vi } from 'vitest'
import { plainCommand } from '../../src/core/commands.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { AnswerCache } from '../../src/hub/answer-cache.ts'
import { ConversationDesk } from '../../src/hub/conversation-desk.ts'
import { ConversationExpiry } from '../../src/hub/conversation-expiry.ts'
import { Conversations } from '../../src/hub/conversations.ts'
import { Running } from '../../src/hub/runner.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { SqliteLog } from '../../src/hub/sqlite-log.ts'
import { HubStore } from '../../src/hub/store.ts'
import { NodeStorage } from '../support/node-storage.ts'

const DAY = 24 * 3_600_000
const KEPT = 90 * DAY

function hub() {
  const sql = new Sql(new NodeStorage())
  migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
  const log = new SqliteLog(sql)
  const conversations = new Conversations(sql)
  const running: Running[] = []
  const changed: string[] = []
  const desk = new ConversationDesk({
    log,
    store: new HubStore(sql),
    conversations,
    cache: new AnswerCache(sql),
    requests: { runner: { all: () => running, cancel: () => expect.unreachable() } },
    now: () => 0,
    transaction: (work) => sql.transaction(work),
    changed: (id, change) => changed.push(`${id} ${change}`),
  })
  const expiry = new ConversationExpiry(conversations, desk, KEPT)
  const left = () => conversations.list(null, 5000).conversations.map(({ conversationId: id }) => id)
  return { log, conversations, expiry, running, changed, left, looked: vi.spyOn(log, 'erase') }
}
type Hub = ReturnType<typeof hub>

/** A word in a conversation, as the log keeps it. */
function logged({ log }: Hub, conversationId: string, at: number): void {
  const names = { request_id: 'r1', conversation_id: conversationId, target: null }
  log.append([{ ...names, at, type: 'cancelled', data: { ...ENDED, reason: `about ${conversationId}` } }])
}
const ENDED = {
  request_id: 'r1',
  status: 'cancelled',
  total_chunks: 1,
  total_length: 1,
  duration: 0,
  message_count: null,
} as const

describe('conversations whose time is over', () => {
  it('[CV5] go in portions, those that were unused longest first, and it is told when the next are due', () => {
    const all = hub()
    const count = 2 * LIMITS.expiredAtOnce + 7
    for (let i = 0; i < count; i++) all.conversations.ensure(`c${i}`, i)
    all.conversations.ensure('young', 2 * KEPT)
    const now = KEPT + 1000
    expect(all.expiry.at).toBe(KEPT + 1)
    for (const [round, rest] of [count - LIMITS.expiredAtOnce, count - 2 * LIMITS.expiredAtOnce, 0].entries()) {
      all.expiry.run(now)
      expect(all.left()).toHaveLength(rest + 1)
      expect(all.expiry.at).toBe(rest > 0 ? KEPT + 1 + LIMITS.expiredAtOnce * (round + 1) : 3 * KEPT + 1)
    }
    expect(all.changed.slice(0, 2)).toEqual(['c0 expired', 'c1 expired'])
    expect(all.left()).toEqual(['young'])
  })

  it('[CV5] one in which something is answered stays, and keeps no other from going', () => {
    const all = hub()
    for (let i = 0; i < LIMITS.expiredAtOnce + 2; i++) all.conversations.ensure(`c${i}`, i)
    all.running.push(new Running({ ...plainCommand('x'), conversationId: 'c0' }, 'r1', 0))
    all.expiry.run(2 * KEPT)
    expect(all.left()).toEqual([`c${LIMITS.expiredAtOnce + 1}`, 'c0'])
    expect(all.looked).not.toHaveBeenCalled()
  })

  it('[CV5][CV6] the log is looked through for those alone whose last use it may still hold', () => {
    const all = hub()
    const kept = 100 * DAY
    for (const [id, usedAt] of [
      ['old', kept - 2 * DAY],
      ['late', kept - DAY / 2],
      ['held', kept + 1],
    ] as const) {
      all.conversations.ensure(id, usedAt)
    }
    for (const id of ['late', 'held', 'else']) logged(all, id, kept)
    all.expiry.run(kept + 1 + KEPT + 1)
    expect(all.left()).toEqual([])
    expect(all.looked.mock.calls).toEqual([['late'], ['held']])
    const words = JSON.stringify(all.log.after(0, { events: 9, bytes: 9000 }))
    expect(words).not.toMatch(/late|held/)
    expect(words).toContain('about else')
  })
})
