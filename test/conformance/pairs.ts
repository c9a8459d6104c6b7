import { describe, expect, it } from 'vitest'
import { knownOf, messageFrom, newAsk } from './asking.ts'
import type { Dialect, Known, Message, Service } from './dialect.ts'
import { DIALECTS } from './dialects/all.ts'
import { UNHURRIED } from './dialects/prompts.ts'
import { requestsIn } from './log.ts'

/** Starting by one dialect and watching, or cancelling, by another works for all pairs (DI1). */
export function pairs(service: Service, starter: Dialect): void {
  describe(`${starter.name} begins`, () => {
    it('[DI1][FO1] every dialect watches it while it runs, and after: one answer, one generation', async () => {
      const ask = newAsk(starter)
      const first = await starter.start(service, ask)
      const known = await knownOf(starter, ask, first)
      await somethingSaid(starter, known, first)
      const [own, ...live] = await Promise.all([
        messageFrom(starter, first, known.requestId),
        ...DIALECTS.map((watcher) => watched(service, watcher, known)),
      ])
      expect(own).toMatchObject({ end: 'complete', ends: 1 })
      const after = await Promise.all(DIALECTS.map((watcher) => watched(service, watcher, known)))
      for (const [when, messages] of Object.entries({ live, after })) {
        for (const [i, { text, end, ends }] of messages.entries()) {
          const by = DIALECTS[i]?.name
          expect({ when, by, text, end, ends }).toEqual({ when, by, text: own.text, end: 'complete', ends: 1 })
        }
      }
      expect(live, 'what was seen live is what is read later').toEqual(after)
      expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
    })

    it('[DI1][GE1][GE4] every dialect cancels it: each of its readers is told, once', async () => {
      for (const canceller of DIALECTS) {
        const ask = newAsk({ ...starter, prompt: `${starter.prompt}\n${UNHURRIED}` })
        const first = await starter.start(service, ask)
        const known = await knownOf(starter, ask, first)
        await somethingSaid(starter, known, first)
        const [own, others] = await Promise.all([
          messageFrom(starter, first, known.requestId),
          Promise.all(DIALECTS.map((watcher) => watched(service, watcher, known))),
          canceller.cancel(service, known),
        ])
        const by = canceller.name
        expect({ by, end: own.end, ends: own.ends }).toEqual({ by, end: starter.cancelled, ends: 1 })
        expect(own.text).not.toBe('')
        for (const [i, { text, end, ends }] of others.entries()) {
          const watcher = DIALECTS[i] ?? starter
          const reader = watcher.name
          expect({ by, reader, text, end, ends }).toEqual({
            by,
            reader,
            text: own.text,
            end: watcher.cancelled,
            ends: 1,
          })
        }
        expect(await requestsIn(service, ask.user, known.epoch)).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
      }
    })
  })
}

/** Resolves when the answer has begun, so that whoever joins has something to catch up with. */
async function somethingSaid(
  dialect: Dialect,
  { requestId }: Known,
  reader: Awaited<ReturnType<Dialect['start']>>,
): Promise<void> {
  await reader.inbox.until(() => dialect.messageOf(reader.events, requestId).text !== '')
}

async function watched(service: Service, watcher: Dialect, known: Known): Promise<Message> {
  const reader = await watcher.watch(service, known)
  if (reader === null) throw new Error(`204 by ${watcher.name}`)
  return messageFrom(watcher, reader, known.requestId)
}
