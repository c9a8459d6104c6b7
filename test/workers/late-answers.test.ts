import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainCommand, type StartCommand } from '../../src/core/commands.ts'
import type { Reply } from '../../src/hub/protocol.ts'
import { exchange, saved, within } from './conversation-support.ts'

/** Messages in the order in which their requests begin, and the order in which these end. */
const endsArb = fc
  .array(fc.constantFrom(null, 'm1', 'm2', 'm3'), { minLength: 1, maxLength: 7, size: 'max' })
  .chain((messages) =>
    fc.record({
      messages: fc.constant(messages),
      ends: fc.shuffledSubarray([...messages.keys()], { minLength: messages.length }),
    }),
  )

/** What is left when each request ends before the next one begins (CV7). */
function oneByOne(messages: readonly (string | null)[]): readonly string[] {
  let kept: { readonly requestId: string; readonly message: string | null }[] = []
  for (const [i, message] of messages.entries()) {
    const at = message === null ? -1 : kept.findIndex((one) => one.message === message)
    kept = [...(at === -1 ? kept : kept.slice(0, at)), { requestId: `r${i}`, message }]
  }
  return kept.map(({ requestId }) => requestId)
}

describe('answers that end late', () => {
  it('[CV10] in whatever order requests end, the conversation is what it is when each ends before the next begins', () =>
    within(async (make) => {
      const { conversations } = await make()
      let id = 0
      fc.assert(
        fc.property(endsArb, ({ messages, ends }) => {
          id += 1
          conversations.ensure(`c${id}`, 0)
          for (const [when, i] of ends.entries()) {
            const begun = (n: number) => ({ startSeq: 5 + 3 * n, messageId: messages[n] ?? null })
            const older = ends.slice(when + 1).filter((other) => other < i)
            const more = { ...begun(i), older: older.map((other) => begun(other)) }
            conversations.save(`c${id}`, saved(`r${i}`, exchange(`p${i}`, 'a'), more))
          }
          const asked = conversations.read(`c${id}`).messages.filter(({ role }) => role === 'user')
          conversations.delete(`c${id}`)
          expect(asked.map(({ requestId }) => requestId)).toEqual(oneByOne(messages))
        }),
        { numRuns: 500 },
      )
    }))

  it('[CV10] an answer that goes on does so where it stands: what was said since stays', () =>
    within(async (make) => {
      const { conversations } = await make()
      conversations.ensure('c1', 0)
      const save = (requestId: string, startSeq: number, messageId: string, goesOn = false) => {
        conversations.save('c1', saved(requestId, exchange('p', requestId), { startSeq, messageId, goesOn }))
      }
      save('r1', 1, 'm1')
      save('r2', 4, 'm2')
      save('r3', 7, 'm1', true)
      expect(conversations.read('c1').messages.map(({ content }) => content)).toEqual(['p', 'r1\n\nr3', 'p', 'r2'])
      expect(conversations.requestsOf('c1', 'm1')).toEqual(['r1', 'r3'])
      // A new try takes the place of all rounds, and a round that comes after it is of no answer that is there.
      save('r5', 13, 'm1')
      save('r4', 10, 'm1', true)
      expect(conversations.read('c1').messages.map(({ content }) => content)).toEqual(['p', 'r5'])
    }))

  it('[CV8][CV10] exchanges that were counted 1, 2, 3 … come before all that is saved since', () =>
    within(async (make) => {
      const { conversations, sql } = await make()
      conversations.ensure('c1', 0)
      const body = JSON.stringify({ prompt: 'p', text: 'old', status: 'complete', started_at: 1, answer_id: null })
      for (const n of [1, 2, 3]) {
        sql.run('INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?)', 'c1', n, `o${n}`, `m${n}`, n, 2, body)
      }
      conversations.save('c1', saved('r1', exchange('p', 'a'), { startSeq: 40, messageId: 'm4' }))
      conversations.save('c1', saved('r2', exchange('p', 'a'), { startSeq: 50, messageId: 'm2' }))
      const requests = conversations.read('c1').messages.map(({ requestId }) => requestId)
      expect(requests).toEqual(['o1', 'o1', 'r2', 'r2'])
    }))
})

function unwrap<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value
  throw new Error(reply.refusal.code)
}

function hubOf(user: string) {
  const caller = { userId: user, privateKey: null }
  // Anew each time: a stub of an object that died says so.
  const stub = () => env.SESSION_HUB.getByName(`user:${user}`)
  const start = async (messageId: string, more: Partial<StartCommand> = {}): Promise<string> => {
    const command = { ...plainCommand(`About ${messageId}`), conversationId: 'c1', messageId, ...more }
    return unwrap(await stub().start(caller, command)).requestId
  }
  const ended = async (requestId: string) => unwrap(await stub().outcome(requestId)).status
  const ask = async (messageId: string): Promise<string> => {
    const requestId = await start(messageId)
    await ended(requestId)
    return requestId
  }
  const asked = async (): Promise<readonly string[]> =>
    unwrap(await stub().conversation('c1'))
      .messages.filter(({ role }) => role === 'user')
      .map(({ requestId }) => requestId)
  return { stub, start, ended, ask, asked }
}

/** It has said something, and goes on for long. */
const SLOW = { model: 'endless' }

describe('a message that comes again while its older answer runs', () => {
  it('[CV10] the older answer is cancelled, or ends in time: the newer one and what came after it stay', async () => {
    const hub = hubOf('late-cancelled')
    const older = await hub.start('m1', SLOW)
    const paced = await hub.start('m1', { model: 'paced' })
    const newer = await hub.ask('m1')
    const next = await hub.ask('m2')
    unwrap(await hub.stub().cancel(older))
    expect(await hub.ended(paced)).toBe('complete')
    expect(await hub.asked()).toEqual([newer, next])
  })

  it('[CV10] also when the older one runs out of time', async () => {
    const hub = hubOf('late-timeout')
    const { config } = plainCommand('x')
    await hub.ask('m1')
    const older = await hub.start('m1', { ...SLOW, config: { ...config, timeout: 0.5 } })
    const [newer, next] = [await hub.ask('m1'), await hub.ask('m2')]
    expect(await hub.ended(older)).toBe('error')
    expect(await hub.asked()).toEqual([newer, next])
  })

  it('[CV10][GE6] also when the hub dies while both run', async () => {
    const hub = hubOf('late-dead')
    await hub.ask('m0')
    const [older, newer] = [await hub.start('m1', SLOW), await hub.start('m1', SLOW)]
    const next = await hub.ask('m2')
    const last = await hub.start('m3', SLOW)
    await runInDurableObject(hub.stub(), (_, state) => state.abort('as a kill does')).catch(() => undefined)
    expect(await Promise.all([older, newer, last].map((id) => hub.ended(id)))).toEqual(['error', 'error', 'error'])
    expect((await hub.asked()).slice(1)).toEqual([newer, next, last])
  })

  it('[CV10] what runs after a message that is edited has no place any more, however late it ends', async () => {
    const hub = hubOf('late-cut')
    const first = await hub.ask('m1')
    await hub.ask('m2')
    const cut = await hub.start('m3', SLOW)
    const edited = await hub.ask('m2')
    unwrap(await hub.stub().cancel(cut))
    expect(await hub.asked()).toEqual([first, edited])
  })
})
