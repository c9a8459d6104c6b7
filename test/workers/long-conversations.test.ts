import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { ConversationMessage } from '../../src/core/conversation.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { ask } from './chat-support.ts'
import { exchange, saved, within } from './conversation-support.ts'
import { call } from './support.ts'

const answerSchema = z.object({
  session_id: z.string(),
  model: z.string(),
  created_at: z.string(),
  message_count: z.number(),
  messages: z.array(z.object({ role: z.string(), content: z.string(), timestamp: z.string() })),
  omitted: z.number(),
  next: z.string().nullable(),
})

async function read(user: string, query = ''): Promise<z.infer<typeof answerSchema>> {
  const { status, body } = await ask('GET', `/sessions/long${query}`, user)
  expect(status).toBe(200)
  return answerSchema.parse(body)
}

/** A conversation with as many exchanges, whose answers are made of a text. */
async function long(user: string, count: number, text: string): Promise<void> {
  await call('/sessions/new', { method: 'POST', headers: { 'x-user-id': user } })
  await runInDurableObject(env.SESSION_HUB.getByName(`user:${user}`), (_, { storage: { sql } }) => {
    sql.exec("UPDATE conversations SET conversation_id = 'long'")
    for (let n = 1; n <= count; n++) {
      const body = JSON.stringify({ prompt: `p${n}`, text, status: 'complete', started_at: n, answer_id: null })
      sql.exec("INSERT INTO exchanges VALUES ('long', ?, ?, NULL, ?, 2, ?)", n, `r${n}`, n, body)
    }
  })
}

describe('a conversation that is longer than an answer', () => {
  it('[CV11] is told from its end, in answers that fit, each message once', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 0)
      const lengths = [10, 1_800_000, 20, 1_800_000, 1_800_000, 900_000, 1_800_000, 1_800_000, 30, 1_800_000, 40, 5]
      for (const [i, length] of lengths.entries()) {
        conversations.save('c1', saved(`r${i}`, exchange(`p${i}`, 'a'.repeat(length))))
      }
      const found: ConversationMessage[] = []
      let answers = 0
      for (let before: number | null = null; ; ) {
        const { messages, messageCount, omitted, next } = conversations.read('c1', before)
        answers += 1
        const size = messages.reduce((sum, { content }) => sum + content.length, 0)
        expect(size).toBeLessThan(LIMITS.conversationBytes)
        expect(messageCount).toBe(2 * lengths.length)
        found.unshift(...messages)
        expect(omitted).toBe(messageCount - found.length)
        expect(next === null).toBe(omitted === 0)
        if (next === null) break
        before = next
      }
      expect(answers).toBe(2)
      expect(found.map(({ requestId, content }) => [requestId, content.length])).toEqual(
        lengths.flatMap((length, i) => [
          [`r${i}`, `p${i}`.length],
          [`r${i}`, length],
        ]),
      )
      expect(conversations.read('c1', 1)).toMatchObject({ messages: [], omitted: 0, next: null, messageCount: 24 })
    }))

  it('[CV3] its history is given without reading more of it than that takes', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 0)
      for (let i = 0; i < 40; i++) conversations.save('c1', saved(`r${i}`, exchange('p', 'a'.repeat(1_800_000))))
      conversations.save('c1', saved('last', exchange('short', 'and well')))
      expect(conversations.history('c1', null)).toMatchObject({ dropped: 80, messages: [{ content: 'short' }, {}] })
    }))

  // One character outside Latin-1 makes two bytes of each in its text, where the hub hands it to the edge.
  it.each(['x', '語x'])(
    '[CV11] GET /sessions/{id} answers with the newest of it, and then with the rest (%s)',
    async (unit) => {
      const count = 180
      const user = `long-${unit.length}`
      await long(user, count, `${unit}${'x'.repeat(190_000 - unit.length)}`)
      let answer = await read(user)
      expect(answer.messages.at(-2)?.content).toBe(`p${count}`)
      expect(answer.messages.length).toBeGreaterThan(80)
      const prompts: string[] = []
      for (;;) {
        prompts.unshift(...answer.messages.filter(({ role }) => role === 'user').map(({ content }) => content))
        expect(answer.message_count).toBe(2 * count)
        expect(answer.omitted).toBe(2 * (count - prompts.length))
        if (answer.next === null) break
        answer = await read(user, `?before=${answer.next}`)
      }
      expect(prompts).toEqual(Array.from({ length: count }, (_, i) => `p${i + 1}`))
    },
  )

  it('[CV11] what fits is told whole; a mark that is none is refused', async () => {
    await long('not-long', 60, 'short')
    expect(await read('not-long')).toMatchObject({ omitted: 0, next: null, messages: { length: 120 } })
    expect(await read('not-long', '?before=31')).toMatchObject({ omitted: 0, messages: { length: 60 } })
    for (const before of ['', 'x', '-1', '1.5', '1e3', '9'.repeat(16)]) {
      const { status, body } = await ask('GET', `/sessions/long?before=${before}`, 'not-long')
      expect([before, status, body['code']]).toEqual([before, 400, 'bad_request'])
    }
  })
})
