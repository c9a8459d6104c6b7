import { describe, expect, it } from 'vitest'
import { randomFrom } from '../support/client-random.ts'
import { knownOf, messageFrom, newAsk } from './asking.ts'
import type { Ask, Dialect, Service, WireEvent } from './dialect.ts'
import { DIALECTS } from './dialects/all.ts'
import { d3Get } from './dialects/d3.ts'
import { d4 } from './dialects/d4.ts'
import { d5, d5Batches } from './dialects/d5.ts'
import { PLAIN } from './dialects/prompts.ts'
import { untilClosed } from './event-source.ts'
import { epochOf, requestsIn } from './log.ts'
import { openStream } from './reader.ts'
import { TearingProxy } from './tearing-proxy.ts'

/** By then an answer's head and its first event, with its id, have come. */
const FIRST_ID_BYTES = 1500
const MOST_BYTES = 5000

/**
 * A reconnect after the end gets 204, and an EventSource that never calls `close()` stops by it (DI2).
 * @param silent a provider that says nothing for longer than a client waits before it comes again; null: none is known
 */
export function endings(service: Service, silent: string | null): void {
  describe('the end', () => {
    it.each(DIALECTS.filter(({ tells204 }) => tells204))(
      '[DI2][DI4] $name: whoever comes back with the id of the end gets 204, however often, and nothing runs',
      async (dialect) => {
        const ask = newAsk(dialect)
        const reader = await dialect.start(service, ask)
        const known = await knownOf(dialect, ask, reader)
        await messageFrom(dialect, reader, known.requestId)
        const place = { cursor: reader.cursor, requestId: known.requestId }
        for (let time = 0; time < 3; time++) expect(await dialect.resume(service, ask, place)).toBeNull()
        expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
      },
    )

    it('[DI2][DI4] the cursor may come in the query too, and one beyond the end is as good as the end', async () => {
      const ask = newAsk(d3Get)
      const reader = await d3Get.start(service, ask)
      const known = await knownOf(d3Get, ask, reader)
      await messageFrom(d3Get, reader, known.requestId)
      const query = (cursor: string) => new URLSearchParams({ message: ask.prompt, last_event_id: cursor })
      const cursors = [reader.cursor ?? '', `${known.epoch}-999999999`, 'another-1', 'no cursor at all']
      for (const cursor of cursors) {
        const opening = { path: `/api/chat/stream?${query(cursor)}`, user: ask.user }
        expect({ cursor, reader: await openStream(service, opening) }).toEqual({ cursor, reader: null })
      }
      expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
    })

    it('[DI2] D3: an EventSource that never calls close() stops by itself, and its prompt ran once', async () => {
      const ask = newAsk(d3Get)
      const { events, opened } = await untilClosed(`${service.url}${d3Url(ask)}`)
      await told(service, d3Get, ask, events)
      expect(opened, 'once to read, and once to be told that it is over').toBe(1)
    })

    it.each([
      { dialect: d4, path: '/chat/stream?' },
      { dialect: d5, path: '/api/todos/agent-create/stream?' },
      { dialect: d5Batches, path: '/api/todos/agent-create/stream?batch=true&' },
    ])(
      '[DI2] $dialect.name: an EventSource that watches an answer and never calls close() stops by itself',
      async ({ dialect, path }) => {
        const ask = newAsk(dialect)
        const first = await dialect.start(service, ask)
        const known = await knownOf(dialect, ask, first)
        const query = new URLSearchParams({ request_id: known.requestId, user_id: ask.user })
        const { events, opened } = await untilClosed(service.url + path + query)
        expect(dialect.messageOf(events, known.requestId)).toEqual(await messageFrom(dialect, first, known.requestId))
        expect(opened).toBe(1)
      },
    )

    it.each([1, 2, 3, 4])(
      '[DI2][DI5] D3: an EventSource torn at any bytes has the same text in the end, of one generation (seed %i)',
      async (seed) => {
        const random = randomFrom(seed)
        const places = [FIRST_ID_BYTES, 0, 0].map((least) => least + Math.floor(random() * MOST_BYTES))
        const ask = newAsk(d3Get)
        const { events, tears } = await torn(service, places, d3Url(ask))
        expect(tears).toBeGreaterThan(0)
        await told(service, d3Get, ask, events)
      },
    )

    it.each([0, 1, 60, 200, 300])(
      '[GE11] D3: an EventSource torn at byte %i, before it knows a thing, joins what it asked',
      async (bytes) => {
        // Somebody who talks all the time: that a reader has left is noticed by writing to it.
        const ask = newAsk({ ...d3Get, prompt: PLAIN })
        const { events, tears } = await torn(service, [bytes], `${d3Url(ask)}&agent=assistant`)
        expect(tears).toBe(1)
        await told(service, d3Get, ask, events)
      },
    )

    it.each([{ places: [0, 0, 0, 0] }, { places: [300, 1, 200, 60, 300] }, { places: [200, 300, 200, 300, 200, 300] }])(
      '[GE11] D3: an EventSource torn at bytes $places, never with an id, while it runs and after: its prompt ran once',
      async ({ places }) => {
        const ask = newAsk({ ...d3Get, prompt: PLAIN })
        const { events, tears } = await torn(service, places, `${d3Url(ask)}&agent=assistant`)
        expect(tears).toBe(places.length)
        await told(service, d3Get, ask, events)
      },
    )

    it.skipIf(silent === null)(
      '[GE11][SB3] D3: the same while nothing is said for seconds: that the reader has left is noticed in time',
      async () => {
        const ask = newAsk({ ...d3Get, prompt: PLAIN })
        const { events, tears } = await torn(service, [200], `${d3Url(ask)}&agent=assistant&model=${silent}`)
        expect(tears).toBe(1)
        await told(service, d3Get, ask, events)
      },
    )
  })
}

function d3Url({ user, prompt }: Ask): string {
  return `/api/chat/stream?${new URLSearchParams({ message: prompt, user_id: user })}`
}

/** Reads through a proxy that tears the first connections at these bytes. */
async function torn(service: Service, places: readonly number[], path: string) {
  const proxy = await TearingProxy.to(service.url, places)
  try {
    return { ...(await untilClosed(proxy.url + path)), tears: proxy.tears }
  } finally {
    await proxy.close()
  }
}

/** The message is whole, it is that of the log, and it ran once. */
async function told(service: Service, dialect: Dialect, { user }: Ask, events: readonly WireEvent[]): Promise<void> {
  const requestId = events.map((event) => dialect.requestIdIn(event)).find((id) => id !== null) ?? ''
  const known = { user, requestId, epoch: epochOf(events.at(-1)?.id ?? null) }
  const message = dialect.messageOf(events, requestId)
  expect(message).toMatchObject({ end: 'complete', ends: 1 })
  const again = await dialect.watch(service, known)
  if (again === null) throw new Error('204 for a request that has ended')
  expect(message).toEqual(await messageFrom(dialect, again, requestId))
  expect(await requestsIn(service, user, known.epoch)).toEqual({ [requestId]: { begun: 1, ended: 1 } })
}
