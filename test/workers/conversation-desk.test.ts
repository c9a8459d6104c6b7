import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { plainCommand, type StartCommand } from '../../src/core/commands.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { Reply } from '../../src/hub/protocol.ts'

const WORD = 'xylophone'
const SAID = new RegExp(WORD)

function hubOf(user: string) {
  return { stub: env.SESSION_HUB.getByName(`user:${user}`), caller: { userId: user, privateKey: null } }
}
type Hub = ReturnType<typeof hubOf>

function unwrap<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value
  throw new Error(reply.refusal.code)
}

function about(conversationId: string | null, more: Partial<StartCommand> = {}): StartCommand {
  return { ...plainCommand(`Tell me of the ${WORD}.`), conversationId, ...more }
}

async function start({ stub, caller }: Hub, command: StartCommand): Promise<string> {
  return unwrap(await stub.start(caller, command)).requestId
}

async function ask(hub: Hub, command: StartCommand): Promise<string> {
  const requestId = await start(hub, command)
  await hub.stub.outcome(requestId)
  return requestId
}

/** Every row of every table of a hub, as text. */
function dump({ stub }: Hub): Promise<Record<string, string>> {
  return runInDurableObject(stub, (_, { storage }) => {
    const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'"
    const tables = storage.sql.exec<{ name: string }>(sql).toArray()
    const rowsOf = (table: string) => JSON.stringify(storage.sql.exec(`SELECT * FROM "${table}"`).toArray())
    return Object.fromEntries(tables.map(({ name }) => [name, rowsOf(name)]))
  })
}

async function tablesWith(hub: Hub, word: RegExp): Promise<readonly string[]> {
  const tables = await dump(hub)
  return Object.keys(tables).filter((table) => word.test(tables[table] ?? ''))
}

/** `rows` of a statement's one column `v`. */
function column({ stub }: Hub, statement: string): Promise<readonly unknown[]> {
  return runInDurableObject(stub, (_, { storage }) =>
    storage.sql
      .exec(statement)
      .toArray()
      .map(({ v }) => v),
  )
}

describe('a conversation that is deleted or cleared', () => {
  it.each(['deleteConversation', 'clearConversation'] as const)(
    '[CV6] %s: no word of it is left in the storage',
    async (how) => {
      const hub = hubOf(`desk-${how}`)
      for (let i = 0; i < 3; i++) await ask(hub, about('c1', { messageId: `m${i}` }))
      const running = await start(hub, about('c1', { model: 'endless' }))
      expect((await tablesWith(hub, SAID)).toSorted()).toEqual(['cache', 'exchanges', 'log_0'])
      expect(await column(hub, 'SELECT count(*) v FROM cache WHERE conversation_id IS NOT NULL')).not.toEqual([0])
      const before = unwrap(await hub.stub.request(running))
      expect(before.status).toBe('running')

      expect((await hub.stub[how]('c1')).ok).toBe(true)

      expect(await tablesWith(hub, SAID)).toEqual([])
      expect(await column(hub, 'SELECT body v FROM cache')).toEqual([])
      // Nothing names it but its own row, when that stays.
      expect(await tablesWith(hub, /\bc1\b/)).toEqual(how === 'clearConversation' ? ['conversations'] : [])
      expect(unwrap(await hub.stub.request(running))).toMatchObject({ status: 'cancelled', conversation_id: null })
    },
  )

  it('[CV6] other conversations are as they were, one whose id begins alike too', async () => {
    const hub = hubOf('desk-others')
    const others = ['c12', 'c', null]
    for (const id of ['c1', ...others]) await ask(hub, about(id, { prompt: `For ${id}: the ${WORD}.` }))
    const kept = async () => {
      const read = [hub.stub.conversation('c12'), hub.stub.conversation('c')]
      return JSON.stringify(await Promise.all(read))
    }
    const before = await kept()
    const requests = await column(hub, "SELECT count(*) v FROM requests WHERE conversation_id IN ('c', 'c12')")
    unwrap(await hub.stub.deleteConversation('c1'))
    expect(await kept()).toBe(before)
    expect(await column(hub, "SELECT count(*) v FROM requests WHERE conversation_id IN ('c', 'c12')")).toEqual(requests)
    const tables = await dump(hub)
    for (const id of others) expect(tables['log_0']).toContain(`For ${id}: `)
    expect(JSON.stringify(tables)).not.toContain('For c1: ')
  })

  it('[CV6] numbers and cursors stay: the log goes on where it was', async () => {
    const hub = hubOf('desk-numbers')
    const requestId = await ask(hub, about('c1'))
    const before = await hub.stub.debug()
    unwrap(await hub.stub.deleteConversation('c1'))
    const after = await hub.stub.debug()
    expect([after.epoch, after.first_seq, after.last_seq]).toEqual([before.epoch, before.first_seq, before.last_seq])
    expect(await hub.stub.result(requestId)).toMatchObject({ ok: false, refusal: { code: 'request_not_found' } })
    const next = unwrap(await hub.stub.request(await start(hub, about('c1'))))
    expect(next.start_seq).toBe(before.last_seq + 1)
  })

  it('[CV1] it is not found any more, nor is one that never was', async () => {
    const hub = hubOf('desk-gone')
    unwrap(await hub.stub.createConversation(hub.caller, 'c1', null))
    unwrap(await hub.stub.deleteConversation('c1'))
    for (const id of ['c1', 'c2']) {
      const refused = { ok: false, refusal: { code: 'conversation_not_found' } }
      expect(await hub.stub.conversation(id)).toMatchObject(refused)
      expect(await hub.stub.renameConversation(id, 'x')).toMatchObject(refused)
      expect(await hub.stub.clearConversation(id)).toMatchObject(refused)
      expect(await hub.stub.deleteConversation(id)).toMatchObject(refused)
    }
  })
})

describe('a conversation that is used', () => {
  it('[CV1] a message to an id that is not there makes it; making it again finds it', async () => {
    const hub = hubOf('desk-made')
    await ask(hub, about('c1'))
    const made = unwrap(await hub.stub.createConversation(hub.caller, 'c1', 'another title'))
    expect(made).toMatchObject({ conversationId: 'c1', title: `Tell me of the ${WORD}.`, messageCount: 2 })
    const fresh = unwrap(await hub.stub.createConversation(hub.caller, null, 'Given'))
    expect(fresh).toMatchObject({ title: 'Given', messageCount: 0 })
    expect(unwrap(await hub.stub.conversations(null, 10)).conversations).toHaveLength(2)
  })

  it('[CV2] it holds what the log says, also of a request that was cancelled', async () => {
    const hub = hubOf('desk-holds')
    const first = await ask(hub, about('c1'))
    const second = await start(hub, about('c1', { model: 'endless' }))
    unwrap(await hub.stub.cancel(second))
    const texts = await Promise.all([first, second].map(async (id) => unwrap(await hub.stub.result(id))))
    const { messages, messageCount } = unwrap(await hub.stub.conversation('c1'))
    expect(messageCount).toBe(messages.length)
    expect(messages.filter(({ role }) => role === 'assistant').map(({ content }) => content)).toEqual(
      texts.map(({ text }) => text).filter((text) => text !== ''),
    )
    expect(messages.map(({ requestId, status }) => [requestId, status])).toEqual(
      expect.arrayContaining([
        [first, 'complete'],
        [second, 'cancelled'],
      ]),
    )
  })

  it('[CV5] what nobody used for so long is deleted at an alarm, but not while it is being answered in', async () => {
    const hub = hubOf('desk-old')
    for (const id of ['old', 'busy', 'young']) await ask(hub, about(id))
    const long = Date.now() - 91 * 24 * 3_600_000
    await column(hub, `UPDATE exchanges SET at = ${long} WHERE conversation_id <> 'young'`)
    await column(hub, `UPDATE conversations SET created_at = ${long}`)
    await start(hub, about('busy', { model: 'endless', config: { ...plainCommand('x').config, timeout: 600 } }))
    await runInDurableObject(hub.stub, (instance) => instance.alarm())
    expect(await column(hub, 'SELECT conversation_id v FROM conversations ORDER BY 1')).toEqual(['busy', 'young'])
    unwrap(await hub.stub.clearConversation('busy'))
    await runInDurableObject(hub.stub, (instance) => instance.alarm())
    expect(await column(hub, 'SELECT conversation_id v FROM conversations ORDER BY 1')).toEqual(['busy', 'young'])
  })

  it('[CV5][SC1] many whose time is over go in portions, an alarm each, and the next one comes soon', async () => {
    const hub = hubOf('desk-many')
    await ask(hub, about('young'))
    const many = 2 * LIMITS.expiredAtOnce + 20
    await column(
      hub,
      `INSERT INTO conversations (conversation_id, created_at)
        WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ${many}) SELECT 'old-' || n, n FROM i`,
    )
    const left = async () => (await column(hub, 'SELECT conversation_id v FROM conversations')).length
    await runInDurableObject(hub.stub, (instance) => instance.alarm())
    expect(await left()).toBe(1 + many - LIMITS.expiredAtOnce)
    const next = await runInDurableObject(hub.stub, (_, { storage }) => storage.getAlarm())
    expect((next ?? 0) - Date.now()).toBeLessThanOrEqual(LIMITS.expiryPauseMs)
    // The rest goes by itself.
    while ((await left()) > 1) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await column(hub, 'SELECT conversation_id v FROM conversations')).toEqual(['young'])
  })
})
