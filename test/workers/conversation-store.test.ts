import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversationInfo } from '../../src/core/conversation.ts'
import { historyOf } from '../../src/core/history.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { titleOf } from '../../src/core/title.ts'
import { Conversations, type Exchange } from '../../src/hub/conversations.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { exchange, fill, saved, within } from './conversation-support.ts'
import { countReads } from './count-reads.ts'

/** Ids that begin alike, or that mean something to SQL. */
const IDS = ['c1', 'c', 'c12', 'c%', 'c_', "c'1"]

describe('a list of conversations', () => {
  it('[CV1] any number of them, in pages of any size: each once, used last first, ties by id', () =>
    within(async (make) => {
      const one = fc.record({ createdAt: fc.nat(3), usedAt: fc.option(fc.nat(5)) })
      await fc.assert(
        fc.asyncProperty(
          fc.array(one, { maxLength: 25, size: 'max' }),
          fc.integer({ min: 1, max: 8 }),
          async (all, size) => {
            const { conversations } = await make()
            const expected = all.map(({ createdAt, usedAt }, i) => {
              const conversationId = `c${i}`
              conversations.ensure(conversationId, createdAt)
              if (usedAt !== null) {
                conversations.save(conversationId, saved(`r${i}`, exchange(`p${i}`, 'a'), { at: usedAt }))
              }
              const title = usedAt === null ? '' : `p${i}`
              const updatedAt = Math.max(createdAt, usedAt ?? 0)
              return { conversationId, title, createdAt, updatedAt, messageCount: usedAt === null ? 0 : 2 }
            })
            expected.sort((a, b) => b.updatedAt - a.updatedAt || (a.conversationId < b.conversationId ? 1 : -1))
            const found: ConversationInfo[] = []
            let before: string | null = null
            do {
              const page = conversations.list(before, size)
              expect(page.conversations.length).toBeLessThanOrEqual(size)
              if (page.next !== null) expect(page.conversations).toHaveLength(size)
              found.push(...page.conversations)
              before = page.next
            } while (before !== null)
            expect(found).toEqual(expected)
          },
        ),
        { numRuns: 60 },
      )
    }))

  it('[CV1] what is no mark of a page is as good as none', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 5)
      for (const before of ['', 'x', '_', '5_', '5', 'c1_5', '-1_c1', "5' OR 1=1", '99999999999999999_c']) {
        expect(conversations.list(before, 10).conversations).toHaveLength(1)
      }
      expect(conversations.list('5_c1', 10)).toEqual({ conversations: [], next: null })
    }))

  it('[CV1] a page reads the exchanges of no other conversation', () =>
    runInDurableObject(env.SESSION_HUB.getByName('conversation-reads'), (_, { storage }) => {
      const { read, counting } = countReads(storage)
      const sql = new Sql(counting)
      migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
      const conversations = new Conversations(sql)
      for (let i = 0; i < 40; i++) conversations.ensure(`c${i}`, 1000 + i)
      fill(sql, 'c0', 900)
      fill(sql, 'c39', 1200)
      const before = read()
      expect(conversations.list(null, 2).conversations).toMatchObject([{ messageCount: 2400 }, { messageCount: 0 }])
      expect(read() - before).toBeLessThan(1200 + 40 * 10)
    }))
})

describe('a conversation', () => {
  it('[CV1] one that is not there is not found, and nothing is made by asking', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 0)
      for (const id of ['c', 'c12', '%', '']) {
        const ways = [() => conversations.info(id), () => conversations.read(id), () => conversations.rename(id, 'x')]
        for (const way of ways) expect(way).toThrow(expect.objectContaining({ code: 'conversation_not_found' }))
        conversations.save(id, saved('r1', exchange('p', 'a')))
        conversations.clear(id, 5)
        expect(conversations.has(id)).toBe(false)
      }
      expect(conversations.list(null, 10).conversations).toHaveLength(1)
    }))

  it('[CV2] an exchange is two messages that say how they ended; one while there is no word of an answer', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 0)
      const first = exchange('why?', 'because', { started_at: 100 })
      conversations.save('c1', saved('r1', first, { at: 200 }))
      const second = exchange('and then?', 'so', { started_at: 300, status: 'cancelled', answer_id: 'a2' })
      conversations.save('c1', saved('r2', second, { at: 400, messageId: 'm2' }))
      const third = exchange('and?', '', { started_at: 500, status: 'error' })
      conversations.save('c1', saved('r3', third, { at: 600 }))
      expect(conversations.read('c1')).toEqual({
        conversationId: 'c1',
        title: 'why?',
        createdAt: 0,
        updatedAt: 600,
        messageCount: 5,
        omitted: 0,
        next: null,
        messages: [
          { role: 'user', content: 'why?', at: 100, requestId: 'r1', messageId: 'r1-user', status: 'complete' },
          { role: 'assistant', content: 'because', at: 200, requestId: 'r1', messageId: 'r1', status: 'complete' },
          { role: 'user', content: 'and then?', at: 300, requestId: 'r2', messageId: 'm2', status: 'cancelled' },
          { role: 'assistant', content: 'so', at: 400, requestId: 'r2', messageId: 'a2', status: 'cancelled' },
          { role: 'user', content: 'and?', at: 500, requestId: 'r3', messageId: 'r3-user', status: 'error' },
        ],
      })
    }))

  it('[CV2] any words come back as they went in, halves of surrogate pairs too, and a title is made of them', () =>
    within(async (make) => {
      const { conversations } = await make()
      for (const [i, words] of ['\ud83c', 'a\ud83cb', '🌊', '\0a', 'a\0b', '\'"\\%_', '\u2028é'].entries()) {
        conversations.ensure(`c${i}`, 0)
        conversations.save(`c${i}`, saved(`r${i}`, exchange(words, words)))
        expect(conversations.read(`c${i}`).messages.map(({ content }) => content)).toEqual([words, words])
        expect(conversations.info(`c${i}`).title.isWellFormed()).toBe(true)
      }
      expect(conversations.list(null, 10).conversations).toHaveLength(7)
    }))

  it('[CV8] it costs one row when it is made, and one for each exchange', () =>
    within(async (make) => {
      const { conversations, sql } = await make()
      const rowsOf = (work: () => unknown): number => {
        const before = sql.rowsWritten
        work()
        return sql.rowsWritten - before
      }
      expect(rowsOf(() => conversations.ensure('c1', 0))).toBe(1)
      expect(rowsOf(() => conversations.ensure('c1', 0))).toBe(0)
      for (let i = 0; i < 5; i++) {
        expect(rowsOf(() => conversations.save('c1', saved(`r${i}`, exchange('p', 'a'), { messageId: `m${i}` })))).toBe(
          1,
        )
      }
      expect(rowsOf(() => conversations.save('c1', saved('r9', exchange('p', 'a'), { messageId: 'm4' })))).toBe(2)
      expect(
        rowsOf(() => [conversations.read('c1'), conversations.history('c1', 'm2'), conversations.list(null, 5)]),
      ).toBe(0)
      expect(rowsOf(() => conversations.save('none', saved('r9', exchange('p', 'a'))))).toBe(0)
    }))

  it('[LG6] a row that is not what was written is an error and no message', () =>
    within(async (make) => {
      const { conversations, sql } = await make()
      conversations.ensure('c1', 0)
      conversations.save('c1', saved('r1', exchange('p', 'a')))
      for (const body of ['{}', 'null', '{"prompt":1}']) {
        sql.run('UPDATE exchanges SET body = ?', body)
        expect(() => conversations.read('c1')).toThrow()
        expect(() => conversations.history('c1', null)).toThrow()
      }
    }))
})

describe('the title', () => {
  it('[CV4] is the beginning of the first prompt until one is given', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 0)
      expect(conversations.info('c1').title).toBe('')
      const prompt = `${'\n \t'.repeat(300)}What is a freshet, ${'and '.repeat(500)}`
      conversations.save('c1', saved('r1', exchange(prompt, 'a'), { messageId: 'm1' }))
      conversations.save('c1', saved('r2', exchange('another', 'a')))
      expect(conversations.info('c1').title).toBe(titleOf(prompt))
      expect(conversations.info('c1').title).toMatch(/^What is a freshet, and .*…$/)
      conversations.save('c1', saved('r3', exchange('edited', 'a'), { messageId: 'm1' }))
      expect(conversations.info('c1').title).toBe('edited')
      conversations.rename('c1', 'Floods')
      conversations.clear('c1', 5)
      conversations.save('c1', saved('r4', exchange('new', 'a')))
      expect(conversations.info('c1').title).toBe('Floods')
      conversations.ensure('c2', 0, 'Given')
      conversations.save('c2', saved('r5', exchange('new', 'a')))
      expect(conversations.info('c2').title).toBe('Given')
    }))
})

describe('the time of its last use', () => {
  it('[CV5] is when it was made, when an exchange ended, or when it was cleared', () =>
    within(async (make) => {
      const { conversations } = await make()
      const unused = (at: number) => conversations.unusedSince(at, 9).map(({ conversationId }) => conversationId)
      expect(conversations.oldestUse()).toBeNull()
      conversations.ensure('c1', 1000)
      conversations.ensure('c2', 1500)
      expect(conversations.oldestUse()).toBe(1000)
      conversations.save('c1', saved('r1', exchange('p', 'a'), { at: 3000 }))
      expect(conversations.oldestUse()).toBe(1500)
      expect([1500, 1501, 3000, 3001].map((at) => unused(at))).toEqual([[], ['c2'], ['c2'], ['c2', 'c1']])
      conversations.clear('c1', 4000)
      expect(conversations.info('c1')).toMatchObject({ createdAt: 1000, updatedAt: 4000, messageCount: 0 })
      expect(unused(4000)).toEqual(['c2'])
      expect(conversations.unusedSince(4001, 1)).toEqual([{ conversationId: 'c2', usedAt: 1500 }])
      expect(conversations.usedSince(1501, 10).map(({ conversationId }) => conversationId)).toEqual(['c1'])
      conversations.delete('c1')
      conversations.delete('c2')
      expect(conversations.oldestUse()).toBeNull()
    }))
})

describe('bounds', () => {
  it('[CV1] a user keeps so many conversations; one that is there is not a new one', () =>
    within(async (make) => {
      const { conversations, sql } = await make()
      sql.run(`INSERT INTO conversations (conversation_id, created_at)
        WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ${LIMITS.conversations}) SELECT 'c' || n, n FROM i`)
      expect(() => conversations.ensure('more', 0)).toThrow(expect.objectContaining({ code: 'too_many_conversations' }))
      expect(conversations.has('more')).toBe(false)
      expect(conversations.ensure('c7', 0)).toBe(false)
      conversations.delete('c7')
      expect(conversations.ensure('more', 0)).toBe(true)
    }))

  it('[CV2] of a conversation so many exchanges are kept, the newest; its name stays', () =>
    within(async (make) => {
      const { conversations, sql } = await make()
      conversations.ensure('c1', 0)
      conversations.ensure('c2', 0, 'Given')
      for (const id of ['c1', 'c2']) fill(sql, id, LIMITS.conversationExchanges)
      const { title } = conversations.info('c1')
      for (const id of ['c1', 'c2']) {
        for (const n of [1, 2]) conversations.save(id, saved(`new${n}`, exchange(`new ${n}`, 'a')))
      }
      const { messages, messageCount } = conversations.read('c1')
      expect(messageCount).toBe(2 * LIMITS.conversationExchanges)
      expect(messages).toHaveLength(messageCount)
      expect([messages.at(0)?.content, messages.at(-2)?.content]).toEqual(['prompt 3', 'new 2'])
      expect(title).toBe('prompt 1')
      expect(conversations.info('c1').title).toBe('prompt 1')
      expect(conversations.info('c2').title).toBe('Given')
    }))

  it.each(['x', 'ü', '水', '🌊', '\0', '"'])(
    '[CV2] an answer that no row can hold is kept as far as it fits (%j)',
    (unit) =>
      within(async (make) => {
        const { conversations } = await make()
        conversations.ensure('c1', 0)
        const prompt = unit.repeat(LIMITS.promptChars / unit.length)
        const text = unit.repeat(LIMITS.answerChars / unit.length)
        let before = ''
        for (const [i, goesOn] of [false, true].entries()) {
          conversations.save('c1', saved(`r${i}`, exchange(prompt, text), { messageId: 'm1', goesOn }))
          const [asked, answered] = conversations.read('c1').messages
          expect(asked?.content === prompt).toBe(true)
          const kept = answered?.content ?? ''
          expect(`${before}${text}`.startsWith(kept)).toBe(true)
          before = `${kept}\n\n`
          expect(kept.isWellFormed()).toBe(true)
          // Half of what a row holds is used at least, or all is there.
          expect(new TextEncoder().encode(JSON.stringify({ prompt, kept })).length).toBeGreaterThan(1_000_000)
        }
      }),
  )
})

/** What a conversation should hold, as a list. */
interface Model {
  exchanges: { requestId: string; messageId: string | null; at: number; said: Exchange }[]
}

const actArb = fc.record({
  what: fc.oneof(
    { arbitrary: fc.constant('save' as const), weight: 12 },
    { arbitrary: fc.constantFrom('clear' as const, 'delete' as const), weight: 1 },
  ),
  id: fc.constantFrom(...IDS),
  messageId: fc.constantFrom(null, null, 'm1', 'm2', 'm3', 'm%'),
  text: fc.constantFrom('', 'yes', 'a longer answer'),
  status: fc.constantFrom('complete' as const, 'cancelled' as const, 'error' as const),
  goesOn: fc.boolean(),
})

/** Changes the model as the rules say. */
function obey(model: Map<string, Model>, { what, id, messageId, text, status, goesOn }: ActOf, i: number): void {
  if (what === 'delete') {
    model.delete(id)
    return
  }
  const own = model.get(id) ?? { exchanges: [] }
  model.set(id, own)
  if (what === 'clear') {
    own.exchanges = []
    return
  }
  const at = messageId === null ? -1 : own.exchanges.findIndex((one) => one.messageId === messageId)
  const before = at === -1 ? null : own.exchanges[at]
  const goesOnFrom = goesOn && before ? before.said : null
  const whole = [goesOnFrom?.text ?? '', text].filter((part) => part !== '').join('\n\n')
  const said = exchange(`p${i}`, whole, { status, started_at: goesOnFrom?.started_at ?? i })
  const one = { requestId: `r${i}`, messageId, at: i + 1, said }
  if (goesOnFrom === null) own.exchanges = [...(at === -1 ? own.exchanges : own.exchanges.slice(0, at)), one]
  else own.exchanges = own.exchanges.with(at, one)
}
type ActOf = typeof actArb extends fc.Arbitrary<infer T> ? T : never

describe('what was said', () => {
  it('[CV3][CV6][CV7] by any saving, editing, going on, clearing and deleting: it is what a list of it would hold', () =>
    within(async (make) => {
      await fc.assert(
        fc.asyncProperty(fc.array(actArb, { maxLength: 30, size: 'max' }), async (acts) => {
          const { conversations } = await make()
          const model = new Map<string, Model>()
          for (const [i, act] of acts.entries()) {
            const { id, messageId, text, status, goesOn, what } = act
            obey(model, act, i)
            if (what === 'delete') conversations.delete(id)
            else {
              conversations.ensure(id, 0)
              if (what === 'clear') conversations.clear(id, i)
              else {
                const said = exchange(`p${i}`, text, { status, started_at: i })
                const before = conversations.countBefore(id, messageId)
                conversations.save(id, saved(`r${i}`, said, { at: i + 1, messageId, goesOn }))
                const all = model.get(id)?.exchanges ?? []
                const earlier = all.slice(
                  0,
                  all.findIndex(({ requestId }) => requestId === `r${i}`),
                )
                expect(before).toBe(earlier.reduce((sum, one) => sum + (one.said.text === '' ? 1 : 2), 0))
              }
            }
          }
          for (const id of IDS) {
            const own = model.get(id)
            expect(conversations.has(id)).toBe(own !== undefined)
            if (own !== undefined) compare(conversations, id, own)
          }
        }),
        { numRuns: 60 },
      )
    }))

  it('[CV3] all of a long conversation is read, and of it the newest that fit are given', () =>
    within(async (make) => {
      const { conversations, sql } = await make()
      for (const count of [49, 50, 51, 100, 101, 230]) {
        const id = `c${count}`
        conversations.ensure(id, 0)
        fill(sql, id, count)
        expect(conversations.read(id).messages.map(({ content }) => content)).toEqual(
          Array.from({ length: count }, (_, i) => [`prompt ${i + 1}`, `answer ${i + 1}`]).flat(),
        )
        expect(conversations.history(id, null)).toMatchObject({ dropped: 0, messages: { length: 2 * count } })
      }
    }))
})

/** Holds a conversation against the model, and what a model is given of it before each message that could come again. */
function compare(conversations: Conversations, id: string, { exchanges }: Model): void {
  const { messages, messageCount } = conversations.read(id)
  expect(messages).toEqual(
    exchanges.flatMap(({ requestId, messageId, at, said }) => {
      const { prompt, text, status, started_at } = said
      const asked = { role: 'user', content: prompt, at: started_at, messageId: messageId ?? `${requestId}-user` }
      const answered = { role: 'assistant', content: text, at, messageId: requestId }
      const both = [
        { ...asked, requestId, status },
        { ...answered, requestId, status },
      ]
      return text === '' ? both.slice(0, 1) : both
    }),
  )
  expect(messageCount).toBe(messages.length)
  for (const messageId of [null, 'm1', 'm2', 'm3', 'm%', 'm']) {
    const place = messageId === null ? -1 : exchanges.findIndex((one) => one.messageId === messageId)
    const before = (place === -1 ? exchanges : exchanges.slice(0, place)).map(({ said }) => said)
    const answered = before.filter(({ text }) => text !== '')
    expect(conversations.history(id, messageId)).toEqual(
      historyOf(before.toReversed(), answered.length, LIMITS.historyTokens),
    )
    expect(conversations.countBefore(id, messageId) + 2).toBe(before.length + answered.length + 2)
  }
}
