import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { knownOf, messageFrom, newAsk, untilOver } from './asking.ts'
import type { Dialect, Known, Message, Service } from './dialect.ts'
import { d1 } from './dialects/d1.ts'
import { d2 } from './dialects/d2.ts'
import { d3Get } from './dialects/d3.ts'
import { d4 } from './dialects/d4.ts'
import { d5 } from './dialects/d5.ts'
import { d7 } from './dialects/d7.ts'
import { type Opening, openStream, type Reader, send } from './reader.ts'

const sessionSchema = z.object({ session_id: z.string() })
const conversationSchema = z.object({
  message_count: z.int(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
})

/** Those who come without a place to go on from: a new page, another device. */
export function joins(service: Service): void {
  describe('who comes later', () => {
    it.each([d1, d2])(
      '[RS6][RS7] $name: without a cursor, or with 0-0, while it runs: the same answer',
      async (dialect) => {
        const { ask, first, known } = await begun(service, dialect)
        const readers = await Promise.all(
          [null, '0-0', 'no cursor at all'].map((cursor) =>
            dialect.resume(service, ask, { cursor, requestId: known.requestId }),
          ),
        )
        const own = await messageFrom(dialect, first, known.requestId)
        for (const message of await Promise.all(readers.map((reader) => read(dialect, known, reader)))) {
          expect({ text: message.text, end: message.end, ends: message.ends }).toEqual({
            text: own.text,
            end: 'complete',
            ends: 1,
          })
        }
        const late = await dialect.resume(service, ask, { cursor: '0-0', requestId: known.requestId })
        await late?.inbox.until(({ name }) => name === 'resync')
        late?.cut()
        const state = dialect.messageOf(late?.events ?? [], known.requestId)
        expect({ text: state.text, end: state.end }).toEqual({ text: own.text, end: 'complete' })
      },
    )

    it.each([
      { dialect: d4, path: '/chat/stream' },
      { dialect: d5, path: '/api/todos/agent-create/stream' },
    ])(
      '[DI6] $dialect.name: by the conversation, the answer that runs in it; 204 when none does',
      async ({ dialect, path }) => {
        const { ask, first, known } = await begun(service, dialect)
        const { session_id } = sessionSchema.parse(first.events[0]?.data)
        await joinsBy(service, dialect, { path: `${path}?session_id=${session_id}`, user: ask.user }, known, first)
      },
    )

    it('[DI6] D7: by the chat, the answer that runs in it; 204 when none does', async () => {
      const { ask, first, known } = await begun(service, d7)
      await joinsBy(service, d7, { path: `/api/chat/chat-${ask.user}/stream`, user: ask.user }, known, first)
    })

    it.each([d4, d5])(
      '[CV2][DI4] $name: the conversation of a turn that was cut and resumed has it once',
      async (dialect) => {
        const ask = newAsk(dialect)
        const first = await dialect.start(service, ask, 6)
        await untilOver(dialect, first)
        const known = await knownOf(dialect, ask, first)
        const { session_id } = sessionSchema.parse(first.events[0]?.data)
        await read(
          dialect,
          known,
          await dialect.resume(service, ask, { cursor: first.cursor, requestId: known.requestId }),
        )
        const whole = await read(dialect, known, await dialect.watch(service, known))
        const answer = await send(service, { path: `/sessions/${session_id}`, user: ask.user })
        const { message_count, messages } = conversationSchema.parse(await answer.json())
        expect({ message_count, messages }).toEqual({
          message_count: 2,
          messages: [
            { role: 'user', content: ask.prompt },
            { role: 'assistant', content: whole.text },
          ],
        })
      },
    )

    it('[DI6][ID2] another user has no part in it: every way leads to nothing', async () => {
      const { first, known } = await begun(service, d3Get)
      const other = { ...known, user: newAsk(d3Get).user }
      for (const dialect of [d3Get, d4, d5]) {
        await expect(dialect.watch(service, other)).rejects.toThrow(/request_not_found/)
      }
      expect(await d7.watch(service, other)).toBeNull()
      await expect(d3Get.cancel(service, other)).rejects.toThrow(/request_not_found/)
      expect(await messageFrom(d3Get, first, known.requestId)).toMatchObject({ end: 'complete', ends: 1 })
    })
  })
}

/** Reads what runs in a conversation, beside who began it; when it has ended, there is nothing to read. */
async function joinsBy(
  service: Service,
  dialect: Dialect,
  opening: Opening,
  known: Known,
  first: Reader,
): Promise<void> {
  const again = await read(dialect, known, await openStream(service, opening))
  expect(again).toMatchObject({ end: 'complete', ends: 1 })
  expect(again).toEqual(await messageFrom(dialect, first, known.requestId))
  expect(await openStream(service, opening)).toBeNull()
}

/** A request of which something has been said. */
async function begun(service: Service, dialect: Dialect) {
  const ask = newAsk(dialect)
  const first = await dialect.start(service, ask)
  const known = await knownOf(dialect, ask, first)
  await first.inbox.until(() => dialect.messageOf(first.events, known.requestId).text !== '')
  return { ask, first, known }
}

async function read(dialect: Dialect, known: Known, reader: Reader | null): Promise<Message> {
  if (reader === null) throw new Error(`204 by ${dialect.name}`)
  return messageFrom(dialect, reader, known.requestId)
}
