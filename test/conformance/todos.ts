import { describe, expect, it } from 'vitest'
import { knownOf, messageFrom, newAsk } from './asking.ts'
import type { Ask, Dialect, Service, WireEvent } from './dialect.ts'
import { d1 } from './dialects/d1.ts'
import { d5, d5Batches } from './dialects/d5.ts'

/** What the prompt of D5 leaves, of a user who has nothing else. */
export const LEFT: readonly string[] = [
  'buy milk, 2035-07-02T14:00:00+00:00',
  'call mom, 2035-12-24T10:00:00+00:00',
  'see the dentist, 2035-03-05T09:30:00+00:00',
  'pay the rent, 2035-04-01T12:00:00+00:00',
  'water the plants, 2035-05-20T18:00:00+00:00',
  'renew the passport, 2035-06-11T08:15:00+00:00',
  'book the hotel, 2035-06-12T09:00:00+00:00',
  'fix the bike, 2035-02-03T15:00:00+00:00',
].toSorted()

/** What D5 alone has: an end that repeats the answer, and tools that change something. */
export function todos(service: Service): void {
  describe('the todo agent', () => {
    it.each([d5, d5Batches])(
      '[TR4] $name: the session first; after the calls the answer; `message`, `completed`, and `history` last',
      async (dialect) => {
        const { ask, events, text } = await whole(service, dialect)
        const each = events.flatMap((event) => dialect.apart?.(event) ?? [event])
        expect([...new Set(each.map(({ name }) => name))], 'in the order in which they come first').toEqual([
          ...['session_initialized', 'agent_updated', 'tool_call', 'tool_result'],
          ...['message_delta', 'message', 'completed', 'history'],
        ])
        expect(each.slice(-3)).toMatchObject([
          { name: 'message', data: { content: text } },
          { name: 'completed', data: { final_message: text } },
          {
            name: 'history',
            data: [
              { role: 'user', content: ask.prompt },
              { role: 'assistant', content: text },
            ],
          },
        ])
        expect((await dialect.leaves?.(service, ask.user))?.toSorted()).toEqual(LEFT)
        expect(events.some(({ name }) => name === 'batch')).toBe(dialect === d5Batches)
      },
    )

    it.each([d5, d5Batches])(
      '[TR4] $name: who watches what another dialect asked is told that it is over',
      async (dialect) => {
        const ask = newAsk(d1)
        const first = await d1.start(service, ask)
        const known = await knownOf(d1, ask, first)
        const own = await messageFrom(d1, first, known.requestId)
        const reader = await dialect.watch(service, known)
        if (reader === null) throw new Error('204 for a request that has ended')
        expect(await messageFrom(dialect, reader, known.requestId)).toMatchObject({ text: own.text, end: 'complete' })
        const end = reader.events.flatMap((event) => dialect.apart?.(event) ?? [event]).slice(-2)
        expect(end.map(({ name }) => name)).toEqual(['completed', 'history'])
      },
    )
  })
}

async function whole(
  service: Service,
  dialect: Dialect,
): Promise<{ readonly ask: Ask; readonly events: readonly WireEvent[]; readonly text: string }> {
  const ask = newAsk(dialect)
  const reader = await dialect.start(service, ask)
  const { requestId } = await knownOf(dialect, ask, reader)
  const { text } = await messageFrom(dialect, reader, requestId)
  return { ask, events: reader.events, text }
}
