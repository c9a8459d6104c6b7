import { describe, expect, it } from 'vitest'
import { knownOf, messageFrom, newAsk, newKey } from './asking.ts'
import type { Dialect, Service } from './dialect.ts'
import { requestsIn } from './log.ts'
import { send } from './reader.ts'

/** The same id twice is one generation, whenever it comes and by whichever dialect (GE3). */
export function idempotency(service: Service, dialect: Dialect): void {
  describe(`${dialect.name}, asked by an id of the caller's`, () => {
    it.each(dialect.keys)('[GE3] in a %s: twice at once is one generation, and once more after the end', async (as) => {
      const ask = newAsk(dialect, newKey(as))
      const both = await Promise.all([dialect.start(service, ask), dialect.start(service, ask)])
      const known = await knownOf(dialect, ask, both[0])
      const [one, other] = await Promise.all(both.map((reader) => messageFrom(dialect, reader, known.requestId)))
      expect(one).toMatchObject({ end: 'complete', ends: 1 })
      expect(other).toEqual(one)
      const late = await dialect.start(service, ask)
      // A stream of D2 is for all that is the user's: who comes when nothing runs has nothing to see.
      if (dialect.showsEnded) expect(await messageFrom(dialect, late, known.requestId)).toEqual(one)
      else late.cut()
      expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
    })

    it('[GE3] it is known to the others too: D2 starts nothing new by it', async () => {
      const key = newKey('field')
      const ask = newAsk(dialect, key)
      const first = await dialect.start(service, ask)
      const known = await knownOf(dialect, ask, first)
      expect(known.requestId).toBe(key?.value)
      const trigger = (prompt: string) =>
        send(service, {
          path: '/api/sse/trigger-stream',
          user: ask.user,
          body: { prompt, request_id: key?.value },
        })
      const again = await trigger(ask.prompt)
      expect(await again.json()).toMatchObject({ request_id: key?.value, duplicate: true })
      const reused = await trigger('Something else')
      expect(await reused.json()).toMatchObject({ code: 'request_id_reused' })
      expect(await messageFrom(dialect, first, known.requestId)).toMatchObject({ end: 'complete', ends: 1 })
      expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
    })
  })
}
