import { describe, expect, it } from 'vitest'
import { knownOf, messageFrom, newAsk, newKey, requestIdIn, untilOver } from './asking.ts'
import { inBatches, once, upTo } from './batches.ts'
import type { Ask, Dialect, Known, Message, Service, WireEvent } from './dialect.ts'
import { epochOf, requestsIn, seqOf } from './log.ts'
import type { Reader } from './reader.ts'

/** Requests at a time, each of a user of its own. */
const RUNS = 32
/** Readers of one user at a time: by default 32 may be connected. */
const READERS = 24
/** The same while they are torn: a reader that left is noticed when something is written to it. */
const WATCHERS = 15

/** A request that nobody disturbed. */
interface Whole {
  readonly ask: Ask
  readonly known: Known
  readonly events: readonly WireEvent[]
  readonly message: Message
  /** What it did beside its words. */
  readonly left: readonly string[] | undefined
}

/** Every dialect, cut at every event and resumed, gives the same final message, and nothing runs twice. */
export function cuts(service: Service, dialect: Dialect): void {
  describe(`${dialect.name}, cut after any event and resumed`, () => {
    const undisturbed = once(() => uncut(service, dialect))

    it('[DI2][RS1] by whoever began it: the same message, one end, one generation', async () => {
      const whole = await undisturbed()
      const places = upTo(whole.events.length + 1)
      await inBatches(places, RUNS, (place) => cutAtStart(service, dialect, whole, place))
    })

    it('[DI2][DI3][RS1] by those who watch it: the same message, one end, one generation', async () => {
      const ask = newAsk(dialect)
      const first = await dialect.start(service, ask)
      const known = await knownOf(dialect, ask, first)
      const watching = upTo(WATCHERS).map(async (i) => {
        const place = 2 * i + 1
        const reader = (await dialect.watch(service, known, place)) ?? missing('a request that runs')
        return { place, ...(await goneOn(service, dialect, ask, known.requestId, reader)) }
      })
      const [message, ...others] = await Promise.all([messageFrom(dialect, first, known.requestId), ...watching])
      expect(message).toMatchObject({ end: 'complete', ends: 1 })
      for (const { place, told } of others) expect({ place, ...told }).toEqual({ place, ...message })
      await ranOnce(service, known)
    })

    it('[DI2][RS1] after the end too, from every id that was told: what is missing, to the letter', async () => {
      // That a reader of an idle stream has left is noticed late, so those of D1 and D2 are shared among users.
      const shares = dialect.isOfOne ? 1 : 3
      await Promise.all(
        upTo(shares).map(async (share) => {
          const whole = await (share === 0 ? undisturbed() : uncut(service, dialect))
          await resumedEverywhere(service, dialect, whole, (at) => at % shares === share)
        }),
      )
    })
  })
}

/** Goes on from each id of a request that has ended, of those that are to be tried. */
async function resumedEverywhere(
  service: Service,
  dialect: Dialect,
  { ask, known, events, message }: Whole,
  isTried: (at: number) => boolean,
): Promise<void> {
  const places = events.flatMap(({ id }, at) => (id === null ? [] : [{ id, at }]))
  const last = places.at(-1)
  // D1 and D2 are never over, so nothing would come after the end.
  const tried = places.filter((place) => isTried(place.at) && (dialect.isOfOne || place !== last))
  await inBatches(tried, READERS, async ({ id, at }) => {
    const reader = await dialect.resume(service, ask, { cursor: id, requestId: known.requestId })
    if (dialect.tells204 && id === last?.id) return expect(reader).toBeNull()
    const rest = reader ?? missing(`what comes after ${id}`)
    await untilOver(dialect, rest)
    if (dialect.resumes === 'anew') expect(dialect.messageOf(rest.events, known.requestId)).toEqual(message)
    else expect(lasting(dialect, rest.events)).toEqual(lasting(dialect, events.slice(at + 1)))
  })
  await ranOnce(service, known)
}

async function uncut(service: Service, dialect: Dialect): Promise<Whole> {
  const ask = newAsk(dialect)
  const reader = await dialect.start(service, ask)
  const known = await knownOf(dialect, ask, reader)
  const message = await messageFrom(dialect, reader, known.requestId)
  expect(message).toMatchObject({ end: 'complete', ends: 1 })
  expect(message.text.length).toBeGreaterThan(100)
  expect(reader.events.length).toBeGreaterThan(8)
  return { ask, known, events: reader.events, message, left: await dialect.leaves?.(service, ask.user) }
}

/** A run of its own that is torn from its first reader; `place` 0: after the answer's head, before any event. */
async function cutAtStart(service: Service, dialect: Dialect, whole: Whole, place: number): Promise<void> {
  // Who has seen nothing can only ask again, by the same key.
  const ask = newAsk(dialect, place === 0 ? newKey('field') : null)
  const first = await dialect.start(service, ask, place)
  const { told, requestId, epoch } = await goneOn(service, dialect, ask, null, first)
  expect({ place, text: told.text, end: told.end, ends: told.ends }).toEqual({
    place,
    text: whole.message.text,
    end: 'complete',
    ends: 1,
  })
  const known = { user: ask.user, requestId, epoch }
  const again = (await dialect.watch(service, known)) ?? missing('a request that has ended')
  expect({ place, ...told }).toEqual({ place, ...(await messageFrom(dialect, again, requestId)) })
  await ranOnce(service, known)
  expect({ place, left: await dialect.leaves?.(service, ask.user) }).toEqual({ place, left: whole.left })
}

/** What a client made of a request that it was torn from once. */
async function goneOn(service: Service, dialect: Dialect, ask: Ask, requestId: string | null, first: Reader) {
  await untilOver(dialect, first)
  const seen = first.events
  const { cursor } = first
  const place = { cursor, requestId: requestIdIn(dialect, seen) ?? requestId }
  const hadEnd = place.requestId !== null && dialect.messageOf(seen, place.requestId).ends > 0
  // D1 and D2 go on for ever, so who has its end does not come back.
  const second = hadEnd && !dialect.isOfOne ? null : await dialect.resume(service, ask, place)
  if (second === null) expect({ hadEnd, cursor }).toEqual({ hadEnd: true, cursor })
  else await untilOver(dialect, second)
  const more = second?.events ?? []
  // What came after its last id comes again; and all of it where a stream begins anew.
  const kept = second !== null && dialect.resumes === 'anew' ? [] : seen.slice(0, lastId(seen) + 1)
  const events = [...kept, ...more]
  const ids = events.flatMap(({ id }) => (id === null ? [] : [seqOf(id)]))
  expect(ids, 'every event once, in order').toEqual([...new Set(ids)].toSorted((a, b) => a - b))
  const named = requestIdIn(dialect, events) ?? place.requestId ?? missing('the request’s id')
  const epoch = epochOf(second?.cursor ?? cursor)
  return { told: dialect.messageOf(events, named), requestId: named, epoch }
}

/** Events of the log: those with an id, and what stands between them where streams are of one request. */
function lasting({ apart }: Dialect, events: readonly WireEvent[]): readonly unknown[] {
  // Where events are gathered, which of them have an id is chance.
  const each = apart ? events.flatMap(apart).map((event) => ({ ...event, id: null })) : events
  return each.flatMap(({ id, name, data }) => {
    if (name === 'typing_indicator' || name === 'connection' || name === 'connection_status') return []
    // Each connection has a name of its own.
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return [{ id, name, data }]
    return [{ id, name, data: { ...data, client_id: null, session_id: null } }]
  })
}

function lastId(events: readonly WireEvent[]): number {
  return events.findLastIndex(({ id }) => id !== null)
}

async function ranOnce(service: Service, { user, requestId, epoch }: Known): Promise<void> {
  expect(await requestsIn(service, user, epoch)).toEqual({ [requestId]: { begun: 1, ended: 1 } })
}

function missing(what: string): never {
  throw new Error(`204 for ${what}`)
}
