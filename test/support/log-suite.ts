import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { type EventLog, eventsAfter, type PageSize } from '../../src/core/log.ts'
import { anyText } from './any-text.ts'
import { appendsArb, batchesOf, chunkEvent, everyEvent } from './log-events.ts'

/** Ids that begin alike, that mean something to SQL or JSON, or that look like what stands beside them. */
const IDS = [
  'c1',
  'c',
  'c12',
  'C1',
  'c_',
  'c%',
  '%',
  'c"1',
  "c'1",
  'c\\',
  'c\\"1',
  'null',
  '',
  '[{',
  'é',
  '\ud83c',
  'c\u2028',
  'c\n',
]
/** Words that say what an event of a conversation would say, and are none. */
const DECEPTIVE = ['"conversation_id":"c1"', '\\"conversation_id\\":\\"c\\"', '{"conversation_id":"c%"}']

/** Rows of events of any type, of any conversation and of none. */
const talksArb: fc.Arbitrary<readonly (readonly LogEvent[])[]> = fc
  .array(
    fc.array(
      fc.record({
        id: fc.oneof(fc.constantFrom(...IDS.slice(0, 4)), fc.constantFrom(null, ...IDS)),
        which: fc.nat(),
        text: fc.constantFrom(...DECEPTIVE),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    { maxLength: 12 },
  )
  .map((rows) =>
    rows.map((row, i) =>
      row.map(({ id: conversation_id, which, text }) => {
        const names = { at: 1000 + i, request_id: `r-${conversation_id}`, conversation_id }
        const all: readonly LogEvent[] = [
          ...everyEvent(names),
          { ...chunkEvent(1, names.at, text), ...names },
          mention(names, text),
        ]
        const event = all[which % all.length]
        if (event === undefined) throw new RangeError('no event')
        return event
      }),
    ),
  )

/** A tool's output that has the very key by which events are told apart. */
function mention(names: { at: number; request_id: string; conversation_id: string | null }, text: string): LogEvent {
  const { request_id } = names
  const output = { conversation_id: 'c1', text }
  const data = { request_id, call_id: 't1', tool: 'sum', by: 'lead', status: 'ok', output, duration: 0 } as const
  return { ...names, target: null, type: 'tool_result', data }
}

interface LogSuiteOptions {
  /** Runs of each property; few where a log is dear to make. */
  readonly numRuns?: number
  /** The same log after a restart of its process. Without it the log is taken to have none. */
  readonly reopen?: (log: EventLog) => EventLog | Promise<EventLog>
  /** Runs a test where its logs may be used: in workerd, within the object whose storage they are. */
  readonly within?: (test: () => Promise<void>) => Promise<void>
}

const ALL: PageSize = { events: 100_000, bytes: 100_000_000 }
const RETENTION_MS = 10_000

const pageArb: fc.Arbitrary<PageSize> = fc.record({
  events: fc.integer({ min: 1, max: 20 }),
  bytes: fc.integer({ min: 1, max: 3000 }),
})

/**
 * What every log holds (LG5). Runs in Node and in workerd: nothing but vitest, fast-check and the core is imported.
 * @param makeLog a new, empty log at each call; the one before is not used any more
 */
export function logSuite(
  name: string,
  makeLog: () => EventLog | Promise<EventLog>,
  { numRuns = 100, reopen = (log) => log, within = (test) => test() }: LogSuiteOptions = {},
): void {
  const forAll = <T extends [unknown, ...unknown[]]>(property: fc.IAsyncProperty<T>): Promise<void> =>
    fc.assert(property, { numRuns })

  const holds = (title: string, test: () => Promise<void>): void => it(title, () => within(test))

  /** A log with the batches in it, and what it must hold. */
  async function filled(batches: readonly (readonly LogEvent[])[]): Promise<{ log: EventLog; model: Numbered[] }> {
    const log = await makeLog()
    const model: Numbered[] = []
    for (const batch of batches) {
      log.append(batch)
      for (const event of batch) model.push({ seq: model.length + 1, event })
    }
    return { log: await reopen(log), model }
  }

  describe(name, () => {
    holds('[LG1] an empty log begins before 1', async () => {
      const log = await makeLog()
      expect(log.bounds()).toMatchObject({ firstSeq: 1, lastSeq: 0 })
      expect(log.after(0, ALL)).toEqual([])
      expect(log.nextRotation(RETENTION_MS)).toBeNull()
      expect(log.rotate(Number.MAX_SAFE_INTEGER)).toBe(false)
    })

    holds('[LG1] numbers are 1, 2, 3 … without gaps, in the order of appending', async () => {
      await forAll(
        fc.asyncProperty(appendsArb, async (appends) => {
          const log = await makeLog()
          const { epoch } = log.bounds()
          let seq = 0
          for (const batch of batchesOf(appends)) {
            const numbered = log.append(batch)
            expect(numbered).toEqual(batch.map((event, i) => ({ seq: seq + i + 1, event })))
            seq += batch.length
            expect(log.bounds()).toEqual({ epoch, firstSeq: 1, lastSeq: seq })
          }
        }),
      )
    })

    holds('[LG1] numbering goes on after a restart, in the same epoch', async () => {
      const { log } = await filled([[chunkEvent(1, 1000), chunkEvent(2, 1000)], [chunkEvent(3, 1100)]])
      const again = await reopen(log)
      expect(again.bounds()).toEqual(log.bounds())
      expect(again.append([chunkEvent(4, 1200)])).toEqual([{ seq: 4, event: chunkEvent(4, 1200) }])
    })

    holds('[LG5] events of every type come back as they went in', async () => {
      const events = [...everyEvent(), ...everyEvent({ conversation_id: 'c "1"', target: 'tab-2' })]
      const { log } = await filled([events])
      expect(log.after(0, ALL).map(({ event }) => event)).toEqual(events)
    })

    holds('[LG5] any text comes back as it went in, halves of surrogate pairs too', async () => {
      const texts = fc.array(fc.oneof(anyText(), fc.constantFrom('\ud83c', '\udf0a', '\'"\0\u2028')), {
        minLength: 1,
        maxLength: 5,
      })
      await forAll(
        fc.asyncProperty(texts, async (given) => {
          const events = given.map((text, i) => chunkEvent(i + 1, 1000, text))
          const { log } = await filled([events])
          expect(log.after(0, ALL).map(({ event }) => event)).toEqual(events)
        }),
      )
    })

    holds('[LG2] after any cursor, also one within a row, comes exactly the rest', async () => {
      await forAll(
        fc.asyncProperty(appendsArb, async (appends) => {
          const { log, model } = await filled(batchesOf(appends))
          for (let seq = 0; seq <= model.length; seq++) expect(log.after(seq, ALL)).toEqual(model.slice(seq))
        }),
      )
    })

    holds('[LG2] pages of any size, from any cursor, put together are the log', async () => {
      await forAll(
        fc.asyncProperty(appendsArb, pageArb, fc.nat(120), async (appends, page, from) => {
          const { log, model } = await filled(batchesOf(appends))
          const start = Math.min(from, model.length)
          expect([...eventsAfter(log, start, page)]).toEqual(model.slice(start))
        }),
      )
    })

    holds('[LG2] a page is whole rows, at least one, and no row more once it is full', async () => {
      await forAll(
        fc.asyncProperty(appendsArb, pageArb, fc.nat(120), async (appends, page, from) => {
          const batches = batchesOf(appends).filter((batch) => batch.length > 0)
          const { log, model } = await filled(batches)
          const start = Math.min(from, model.length)
          let taken = start
          let bytes = 0
          let end = 0
          for (const batch of batches) {
            end += batch.length
            if (end <= start) continue
            if (taken > start && (taken - start >= page.events || bytes >= page.bytes)) break
            bytes += JSON.stringify(batch).length
            taken = end
          }
          expect(log.after(start, page)).toEqual(model.slice(start, taken))
        }),
      )
    })

    holds('[LG2] a reader that pages while the log grows misses nothing and gets nothing twice', async () => {
      await forAll(
        fc.asyncProperty(appendsArb, pageArb, async (appends, page) => {
          const log = await makeLog()
          const seen: Numbered[] = []
          for (const batch of batchesOf(appends)) {
            log.append(batch)
            seen.push(...log.after(seen.at(-1)?.seq ?? 0, page))
          }
          seen.push(...eventsAfter(log, seen.at(-1)?.seq ?? 0, page))
          expect(seen).toEqual(log.after(0, ALL))
          expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 1))
        }),
      )
    })

    holds(
      '[LG4] what is younger than the retention stays, what is twice as old is gone, and all that is kept is readable',
      async () => {
        await forAll(
          fc.asyncProperty(appendsArb, async (appends) => {
            let log = await makeLog()
            const model: Numbered[] = []
            const check = (now: number) => {
              const { firstSeq, lastSeq } = log.bounds()
              expect(lastSeq).toBe(model.length)
              const kept = model.slice(firstSeq - 1)
              expect(log.after(firstSeq - 1, ALL)).toEqual(kept)
              expect(log.after(0, ALL)).toEqual(kept)
              for (const { event } of kept) expect(now - event.at).toBeLessThanOrEqual(2 * RETENTION_MS)
              for (const { event } of model.slice(0, firstSeq - 1)) {
                expect(now - event.at).toBeGreaterThanOrEqual(RETENTION_MS)
              }
            }
            /** What the hub's alarm does, at the time for which it was set. */
            const alarms = async (until: number) => {
              for (
                let at = log.nextRotation(RETENTION_MS);
                at !== null && at <= until;
                at = log.nextRotation(RETENTION_MS)
              ) {
                check(at)
                expect(log.rotate(at - RETENTION_MS)).toBe(true)
                log = await reopen(log)
                check(at)
              }
            }
            for (const batch of batchesOf(appends)) {
              const now = batch[0]?.at
              if (now === undefined) continue
              await alarms(now)
              expect(log.append(batch)[0]?.seq).toBe(model.length + 1)
              for (const event of batch) model.push({ seq: model.length + 1, event })
              check(now)
            }
            await alarms(Number.MAX_SAFE_INTEGER)
            const { firstSeq, lastSeq } = log.bounds()
            expect(firstSeq).toBe(lastSeq + 1)
            expect(lastSeq).toBe(model.length)
          }),
        )
      },
    )

    holds('[LG4] a rotation that is not due changes nothing', async () => {
      await forAll(
        fc.asyncProperty(appendsArb, fc.nat(5), async (appends, rotations) => {
          const { log } = await filled(batchesOf(appends))
          for (let i = 0; i < rotations; i++) {
            const due = log.nextRotation(RETENTION_MS)
            if (due !== null) log.rotate(due - RETENTION_MS)
          }
          const due = log.nextRotation(RETENTION_MS)
          const before = { bounds: log.bounds(), events: log.after(0, ALL) }
          expect(log.rotate((due ?? Number.MAX_SAFE_INTEGER) - RETENTION_MS - 1)).toBe(false)
          expect({ bounds: log.bounds(), events: log.after(0, ALL) }).toEqual(before)
          expect(log.nextRotation(RETENTION_MS)).toBe(due)
        }),
      )
    })

    holds('[LG4] `firstSeq` after a rotation is the first event of the segment that stayed', async () => {
      const { log } = await filled([[chunkEvent(1, 0), chunkEvent(2, 0)]])
      expect(log.rotate(0)).toBe(true)
      expect(log.bounds()).toMatchObject({ firstSeq: 1, lastSeq: 2 })
      log.append([chunkEvent(3, 5000), chunkEvent(4, 5000)])
      expect(log.rotate(-1)).toBe(false)
      expect(log.rotate(0)).toBe(true)
      const again = await reopen(log)
      expect(again.bounds()).toMatchObject({ firstSeq: 3, lastSeq: 4 })
      expect(again.after(0, ALL).map(({ seq }) => seq)).toEqual([3, 4])
      expect(again.after(3, ALL).map(({ seq }) => seq)).toEqual([4])
    })

    holds(
      '[CV6] of an erased conversation numbers, times and request ids are left, of all others everything',
      async () => {
        await forAll(
          fc.asyncProperty(talksArb, fc.constantFrom(...IDS), fc.nat(12), async (rows, id, rotatedAt) => {
            const log = await makeLog()
            const model: Numbered[] = []
            for (const [i, row] of rows.entries()) {
              // Both segments are in use.
              if (i === rotatedAt) log.rotate(Number.MAX_SAFE_INTEGER)
              model.push(...log.append(row))
            }
            const bounds = log.bounds()
            const rotation = log.nextRotation(RETENTION_MS)
            const mine = model.filter(({ event }) => event.conversation_id === id)
            expect(log.erase(id)).toBe(mine.length)
            const left = model.map(({ seq, event }) => {
              if (event.conversation_id !== id) return { seq, event }
              const { at, request_id } = event
              const names = { at, request_id, conversation_id: null, target: null }
              return { seq, event: { ...names, type: 'deleted', data: { request_id } } }
            })
            const again = await reopen(log)
            for (const one of [log, again]) {
              expect(one.after(0, ALL)).toEqual(left)
              expect(one.bounds()).toEqual(bounds)
              expect(one.nextRotation(RETENTION_MS)).toBe(rotation)
            }
            expect(again.erase(id)).toBe(0)
            expect(again.append([chunkEvent(1, 9000)])).toEqual([
              { seq: bounds.lastSeq + 1, event: chunkEvent(1, 9000) },
            ])
          }),
        )
      },
    )

    holds('[CV6] a cursor within a row that was erased in part still means the same', async () => {
      const row = [...everyEvent({ conversation_id: 'c1' }), ...everyEvent({ conversation_id: 'c12' })]
      const { log } = await filled([row, [chunkEvent(1, 2000)]])
      expect(log.erase('c1')).toBe(row.length / 2)
      const types = row.map(({ type }, i) => (i < row.length / 2 ? 'deleted' : type))
      for (let seq = 0; seq <= row.length; seq++) {
        expect(log.after(seq, ALL).map(({ event }) => event.type)).toEqual([...types.slice(seq), 'chunk'])
      }
    })

    holds('[CV6] a conversation that the log has nothing of costs nothing', async () => {
      const { log, model } = await filled([[chunkEvent(1, 1000)], everyEvent({ conversation_id: 'c12' })])
      expect(['c1', 'c', '', 'null', 'r1'].map((id) => log.erase(id))).toEqual([0, 0, 0, 0, 0])
      expect(log.after(0, ALL)).toEqual(model)
    })

    holds('[LG4] a log that has let everything go keeps counting', async () => {
      const { log } = await filled([[chunkEvent(1, 0)]])
      expect([log.rotate(0), log.rotate(0), log.rotate(0)]).toEqual([true, true, false])
      const again = await reopen(log)
      expect(again.bounds()).toMatchObject({ firstSeq: 2, lastSeq: 1 })
      expect(again.nextRotation(RETENTION_MS)).toBeNull()
      expect(again.append([chunkEvent(2, 9000)])).toEqual([{ seq: 2, event: chunkEvent(2, 9000) }])
      expect((await reopen(again)).bounds()).toMatchObject({ firstSeq: 2, lastSeq: 2 })
    })
  })
}
