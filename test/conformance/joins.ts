import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { knownOf, messageFrom, newAsk, untilOver } from './asking.ts'
import type { Dialect, Known, Message, Service } from './dialect.ts'
import { d1 } from './dialects/d1.ts'
import { d2 } from './dialects/d2.ts'
import { d3Get } from './dialects/d3.ts'
import { d4 } from './dialects/d4.ts'
import { d7 } from './dialects/d7.ts'
import { type Opening, openStream, type Reader, send } from './reader.ts'

const sessionInfoSchema = z.object({ type: z.literal('session_info'), session_id: z.string() })
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

    it('[DI6] D4 and D7: by the conversation, the answer that runs in it; 204 when none does', async () => {
      const { ask: turn, first: fourth, known: inFour } = await begun(service, d4)
      const info = sessionInfoSchema.parse(fourth.events[0]?.data)
      const byConversation: Opening = { path: `/chat/stream?session_id=${info.session_id}`, user: turn.user }
      const { ask: chat, first: seventh, known: inSeven } = await begun(service, d7)
      const byChat: Opening = { path: `/api/chat/chat-${chat.user}/stream`, user: chat.user }
      const [fourAgain, sevenAgain, four, seven] = await Promise.all([
        openStream(service, byConversation).then((reader) => read(d4, inFour, reader)),
        openStream(service, byChat).then((reader) => read(d7, inSeven, reader)),
        messageFrom(d4, fourth, inFour.requestId),
        messageFrom(d7, seventh, inSeven.requestId),
      ])
      expect(fourAgain).toEqual(four)
      expect(sevenAgain).toEqual(seven)
      expect(await openStream(service, byConversation)).toBeNull()
      expect(await openStream(service, byChat)).toBeNull()
    })

    it('[CV2][DI4] the conversation of a turn that was cut and resumed has it once', async () => {
      const ask = newAsk(d4)
      const first = await d4.start(service, ask, 6)
      await untilOver(d4, first)
      const known = await knownOf(d4, ask, first)
      const { session_id } = sessionInfoSchema.parse(first.events[0]?.data)
      await read(d4, known, await d4.resume(service, ask, { cursor: first.cursor, requestId: known.requestId }))
      const whole = await read(d4, known, await d4.watch(service, known))
      const answer = await send(service, { path: `/sessions/${session_id}`, user: ask.user })
      const { message_count, messages } = conversationSchema.parse(await answer.json())
      expect({ message_count, messages }).toEqual({
        message_count: 2,
        messages: [
          { role: 'user', content: ask.prompt },
          { role: 'assistant', content: whole.text },
        ],
      })
    })

    it('[DI6][ID2] another user has no part in it: every way leads to nothing', async () => {
      const { first, known } = await begun(service, d3Get)
      const other = { ...known, user: newAsk(d3Get).user }
      for (const dialect of [d3Get, d4]) {
        await expect(dialect.watch(service, other)).rejects.toThrow(/request_not_found/)
      }
      expect(await d7.watch(service, other)).toBeNull()
      await expect(d3Get.cancel(service, other)).rejects.toThrow(/request_not_found/)
      expect(await messageFrom(d3Get, first, known.requestId)).toMatchObject({ end: 'complete', ends: 1 })
    })
  })
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
