import { describe, expect, it } from 'vitest'
import { knownOf, messageFrom, newAsk, untilOver } from './asking.ts'
import type { Ask, Dialect, Service, WireEvent } from './dialect.ts'
import { DIALECTS } from './dialects/all.ts'
import { d1 } from './dialects/d1.ts'
import { d2 } from './dialects/d2.ts'
import { d4 } from './dialects/d4.ts'
import { d5, d5Batches } from './dialects/d5.ts'
import { epochOf, requestsIn, seqOf } from './log.ts'

const GOING_ON = DIALECTS.filter(({ resumes }) => resumes === 'after')

/** A cursor is the same in every dialect: a reader may change it at each cut (RS5). */
export function hops(service: Service): void {
  describe('a reader that is torn again and again', () => {
    it.each([d1, d2, d4, d5, d5Batches])(
      '[RS1][RS5][DI1] and goes on by another dialect each time, has it all: begun by $name',
      (begun) => travel(service, begun, newAsk(begun)),
    )

    it.each([d1, d2])(
      '[LG2][RS1][RS5] has it all token by token too, where several are stored as one: begun by $name',
      (begun) => travel(service, begun, { ...newAsk(begun), byToken: true }),
    )
  })
}

/** Reads a few events by each dialect in turn, until the end. */
async function travel(service: Service, begun: Dialect, ask: Ask): Promise<void> {
  const whole = await begun.start(service, ask)
  const known = await knownOf(begun, ask, whole)
  const ids: number[] = []
  let text = ''
  let cursor = `${known.epoch}-0`
  for (let hop = 0, ends = 0; ends === 0; hop++) {
    const dialect = GOING_ON[hop % GOING_ON.length] ?? begun
    // The first has no event of the request to go on from, so it watches.
    const few = 2 + (hop % 4)
    const reader =
      hop === 0
        ? await dialect.watch(service, known, few)
        : await dialect.resume(service, ask, { cursor, requestId: known.requestId }, few)
    if (reader === null) throw new Error(`204 by ${dialect.name} before the end`)
    await untilOver(dialect, reader)
    const seen = upToLastId(reader.events)
    const piece = dialect.messageOf(seen, known.requestId)
    text += piece.text
    ends = piece.ends
    cursor = seen.at(-1)?.id ?? cursor
    ids.push(...seen.flatMap(({ id }) => (id === null ? [] : [seqOf(id)])))
  }
  const message = await messageFrom(begun, whole, known.requestId)
  expect(text).toBe(message.text)
  expect(ids, 'every event once, in order').toEqual([...new Set(ids)].toSorted((a, b) => a - b))
  expect(await requestsIn(service, ask.user, epochOf(cursor))).toEqual({ [known.requestId]: { begun: 1, ended: 1 } })
}

/** What came after the last id comes again. */
function upToLastId(events: readonly WireEvent[]): readonly WireEvent[] {
  return events.slice(0, events.findLastIndex(({ id }) => id !== null) + 1)
}
