import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { polled } from '../support/client-inbox.ts'
import { isEnd, knownOf, messageFrom, newAsk } from './asking.ts'
import { once, upTo } from './batches.ts'
import type { Ask, Dialect, Service } from './dialect.ts'
import { d1 } from './dialects/d1.ts'
import { d3Post } from './dialects/d3.ts'
import { d5 } from './dialects/d5.ts'
import { requestsIn } from './log.ts'
import type { Reader } from './reader.ts'
import { TearingProxy } from './tearing-proxy.ts'
import { LEFT } from './todos.ts'

/** How long the service may take to notice that a reader has left. */
const NOTICED_MS = 20_000
const hubSchema = z.object({ connections: z.int() })

/** Those who know no id yet and can only send again what they sent (GE11). */
export function tornStarts(service: Service): void {
  describe('torn before it knows a thing, and sent again', () => {
    const chunks = once(() => chunksOf(service))

    it.each([{ places: [0] }, { places: [1, 200] }, { places: [250, 0, 300] }])(
      '[GE11] D5, torn at bytes $places: its todos are made once',
      async ({ places }) => {
        const ask = newAsk(d5)
        const proxy = await TearingProxy.to(service.url, places)
        try {
          for (const _ of places) {
            await torn(d5, proxy, ask)
            await untilOpen(service, ask, 0)
          }
          expect(proxy.tears).toBe(places.length)
          await toldOnce(service, d5, ask)
          expect((await d5.leaves?.(service, ask.user))?.toSorted()).toEqual(LEFT)
        } finally {
          await proxy.close()
        }
      },
    )

    it.each(upTo(6).map((back) => ({ back })))(
      '[GE11] D3 by POST, once more $back chunks before the end: what was on its way to nobody was not seen',
      async ({ back }) => {
        const ask = newAsk(d3Post)
        // Whoever has all of the log is no reader of the one request.
        const bystander = await d1.resume(service, ask, { cursor: null, requestId: '' })
        if (bystander === null) throw new Error('D1 has no 204')
        const proxy = await TearingProxy.to(service.url, [0, 0])
        try {
          const total = await chunks()
          await torn(d3Post, proxy, ask)
          // How many chunks there are is chance by one or two: at the latest when it is over.
          await bystander.inbox.until((event) => countOf(bystander) >= total - back || isEnd(d1, event))
          await torn(d3Post, proxy, ask)
          expect(proxy.tears).toBe(2)
          await bystander.inbox.until((event) => isEnd(d1, event))
          await untilOpen(service, ask, 1)
          await toldOnce(service, d3Post, ask)
        } finally {
          bystander.cut()
          await proxy.close()
        }
      },
    )
  })
}

/** How many chunks an answer has. */
async function chunksOf(service: Service): Promise<number> {
  const ask = newAsk(d1)
  const reader = await d1.start(service, ask)
  const { requestId } = await knownOf(d1, ask, reader)
  await messageFrom(d1, reader, requestId)
  return countOf(reader)
}

function countOf({ events }: Reader): number {
  return events.filter(({ name }) => name === 'chunk').length
}

/** Asks, and loses the answer with what it says first. */
async function torn(dialect: Dialect, proxy: TearingProxy, ask: Ask): Promise<void> {
  const reader = await dialect.start({ url: proxy.url }, ask).catch(() => null)
  await reader?.end
  expect(reader?.cursor ?? null, 'it was torn before its first id').toBeNull()
}

/** Resolves when the service has noticed who left: so many connections of the user are open. */
async function untilOpen(service: Service, { user }: Ask, open: number): Promise<void> {
  const connections = async () => {
    const answer = await fetch(`${service.url}/debug/hub?user_id=${user}`)
    return hubSchema.parse(await answer.json()).connections
  }
  await polled(connections, (count) => count === open, NOTICED_MS)
}

/** Asks once more, is answered, and that was one generation. */
async function toldOnce(service: Service, dialect: Dialect, ask: Ask): Promise<void> {
  const reader = await dialect.start(service, ask)
  const known = await knownOf(dialect, ask, reader)
  expect(await messageFrom(dialect, reader, known.requestId)).toMatchObject({ end: 'complete', ends: 1 })
  expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
}
