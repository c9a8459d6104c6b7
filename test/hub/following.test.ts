import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { CompactLog, compactOf } from '../../src/core/compact.ts'
import { FreshetError } from '../../src/core/errors.ts'
import { isTerminal, type LogEvent, type Numbered } from '../../src/core/events.ts'
import { MemoryLog } from '../../src/core/memory-log.ts'
import { type Follow, type Following, findFollowed } from '../../src/hub/following.ts'
import { FINISH, generatedLogArb, generationOf } from '../support/generated-log.ts'

interface Row {
  request_id: string
  conversation_id: string | null
  target: string | null
  status: string
  start_seq: number
  end_seq: number | null
}

const ALL = { events: 1e6, bytes: 1e9 }

/** A hub's requests, as far as a follower asks: a log in memory, rows, and what runs. */
class Hub {
  readonly log = new MemoryLog('n1')
  readonly rows = new Map<string, Row>()
  readonly running = new Map<string, { compact: CompactLog }>()
  readonly seen: string[] = []

  append(events: readonly LogEvent[]): void {
    for (const numbered of this.log.append(events)) {
      const { seq, event } = numbered
      const { request_id, conversation_id } = event
      const row = this.rows.get(request_id) ?? {
        request_id,
        conversation_id,
        target: null,
        status: 'running',
        start_seq: seq,
        end_seq: null,
      }
      this.rows.set(request_id, row)
      const running = this.running.get(request_id) ?? { compact: new CompactLog() }
      this.running.set(request_id, running)
      running.compact.add(numbered)
      if (!isTerminal(event)) continue
      this.running.delete(request_id)
      this.rows.set(request_id, { ...row, status: 'complete', end_seq: seq })
    }
  }

  /** Lets the log go, and with it the rows of requests that began in it, as an alarm does. */
  rotate(): void {
    this.log.rotate(Number.MAX_SAFE_INTEGER)
    const { firstSeq } = this.log.bounds()
    for (const [id, row] of this.rows) if (row.start_seq < firstSeq && row.status !== 'running') this.rows.delete(id)
  }

  /** As a deleted conversation leaves it (CV6). */
  erase(conversationId: string): void {
    this.log.erase(conversationId)
    for (const [id, row] of this.rows) {
      if (row.conversation_id === conversationId) this.rows.set(id, { ...row, conversation_id: null })
    }
  }

  of(row: Row): readonly Numbered[] {
    const own = this.log.after(row.start_seq - 1, ALL).filter(({ event }) => event.request_id === row.request_id)
    const deleted = own.findIndex(({ event }) => event.type === 'deleted')
    return deleted === -1 ? own : own.slice(0, deleted)
  }

  find(follow: Partial<Follow>, cursor: string | null = null): Following | null {
    const asked = { requestId: null, conversationId: null, fromStart: false, ...follow }
    const { rows } = this
    return findFollowed(asked, cursor, {
      log: this.log,
      store: {
        request: (id) => rows.get(id) ?? null,
        runningIn: (id) =>
          [...rows.values()].findLast((row) => row.conversation_id === id && row.status === 'running') ?? null,
        seen: (id) => void this.seen.push(id),
      },
      requests: {
        known: (id) => {
          const row = rows.get(id)
          if (row === undefined) throw new FreshetError('request_not_found', 'There is none.')
          return row
        },
        numberedOf: (row) => this.of(row),
        runner: { get: (id) => this.running.get(id) },
      },
    })
  }
}

let hub: Hub

/** Two chunks of a request; `ended` with an end: 1 start, 2 metadata, 3 and 5 chunks, 4 a call between, 6 the end. */
function write(requestId: string, conversationId: string | null, ended: boolean): void {
  const generation = generationOf({ requestId, conversationId })
  hub.append(generation.begin(1000, 'embedded'))
  generation.add('a ')
  const call = { call_id: 't1', tool: 'sum', arguments: '{}', by: 'lead', external: false }
  hub.append(generation.toolCall(1100, call))
  generation.add('freshet')
  hub.append(generation.flush(1200))
  if (ended) hub.append(generation.complete(1300, FINISH))
}

beforeEach(() => {
  hub = new Hub()
  // Numbers 1 to 6, 7 to 11, 12 to 17.
  write('done', 'c1', true)
  write('runs', 'c2', false)
  write('alone', null, true)
})

/** The whole of a request, compacted, or the rest after a number. */
function whole(requestId: string, conversationId: string | null) {
  const row = hub.rows.get(requestId)
  if (row === undefined) throw new Error('no such request')
  return { requestId, conversationId, target: null, compact: compactOf(hub.of(row)).events(), after: null }
}

function rest(requestId: string, conversationId: string | null, after: number) {
  return { requestId, conversationId, target: null, compact: null, after }
}

describe('a reader without a cursor', () => {
  it('[DI3] gets the compacted log of the request it names, ended or not', () => {
    expect(hub.find({ requestId: 'done' })).toEqual(whole('done', 'c1'))
    expect(hub.find({ requestId: 'runs' })).toEqual(whole('runs', 'c2'))
    expect(hub.find({ requestId: 'alone' }, '')).toEqual(whole('alone', null))
    expect(whole('done', 'c1').compact.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('[DI3] gets what runs in a conversation, the newest; nothing when nothing does', () => {
    expect(hub.find({ conversationId: 'c2', fromStart: true })).toEqual(whole('runs', 'c2'))
    write('later', 'c2', false)
    expect(hub.find({ conversationId: 'c2' })).toEqual(whole('later', 'c2'))
    expect(hub.find({ conversationId: 'c1' })).toBeNull()
    expect(hub.find({ conversationId: 'unknown' })).toBeNull()
    expect(hub.find({})).toBeNull()
    expect(hub.seen).toEqual([])
  })

  it('[DI6] is told of an id that was never there', () => {
    expect(() => hub.find({ requestId: 'made-up' })).toThrow(expect.objectContaining({ code: 'request_not_found' }))
    expect(() => hub.find({ requestId: 'made-up', conversationId: 'c2' })).toThrow(FreshetError)
  })

  it('[GE11] does not count as having seen an end: it may be cut before its first id', () => {
    hub.find({ requestId: 'runs' })
    hub.find({ requestId: 'done' })
    expect(hub.seen).toEqual([])
  })
})

describe('a reader with a cursor', () => {
  it.each<[string, Partial<Follow>, string, () => Following | null]>([
    ['the end', {}, 'n1-6', () => null],
    ['the end, by id', { requestId: 'done' }, 'n1-6', () => null],
    ['later than the end, by id', { requestId: 'done' }, 'n1-9', () => null],
    ['the end, from the start', { fromStart: true }, 'n1-6', () => null],
    ['one before the end', {}, 'n1-5', () => rest('done', 'c1', 5)],
    ['its start', {}, 'n1-1', () => rest('done', 'c1', 1)],
    ['its start, by id', { requestId: 'done' }, 'n1-1', () => rest('done', 'c1', 1)],
    ['within it, from the start', { fromStart: true }, 'n1-3', () => whole('done', 'c1')],
    ['within what runs', {}, 'n1-9', () => rest('runs', 'c2', 9)],
    ['the last event of what runs', { requestId: 'runs' }, 'n1-11', () => rest('runs', 'c2', 11)],
    ['later than the last event of what runs', { requestId: 'runs' }, 'n1-15', () => rest('runs', 'c2', 15)],
    ['within what runs, from the start', { requestId: 'runs', fromStart: true }, 'n1-9', () => whole('runs', 'c2')],
    ['before the request that it names', { requestId: 'runs' }, 'n1-6', () => whole('runs', 'c2')],
    ['before it and the log', { requestId: 'runs' }, 'n1-0', () => whole('runs', 'c2')],
    ['the end, in a conversation where another runs', { conversationId: 'c2' }, 'n1-6', () => null],
    ['within it, in a conversation', { conversationId: 'c2', fromStart: true }, 'n1-9', () => whole('runs', 'c2')],
    ['before everything', {}, 'n1-0', () => null],
  ])('[DI2] %s', (_, follow, cursor, expected) => {
    expect(hub.find(follow, cursor)).toEqual(expected())
  })

  it.each(['n2-3', 'n1-18', 'n1-9007199254740991', 'n1-03', 'n1', 'nonsense', ' '])(
    '[DI3][DI4] one that cannot be used (%s): by id the whole, else nothing, and never an error',
    (cursor) => {
      expect(hub.find({ requestId: 'done' }, cursor)).toEqual(whole('done', 'c1'))
      expect(hub.find({ requestId: 'runs' }, cursor)).toEqual(whole('runs', 'c2'))
      expect(hub.find({ requestId: 'gone' }, cursor)).toBeNull()
      expect(hub.find({}, cursor)).toBeNull()
      expect(hub.find({ conversationId: 'c2' }, cursor)).toBeNull()
    },
  )

  it('[DI4] of what is no longer kept: nothing, whether it names the request or not', () => {
    hub.rotate()
    write('new', 'c1', false)
    hub.rotate()
    for (const cursor of ['n1-3', 'n1-6', 'n1-0']) {
      expect(hub.find({ requestId: 'done' }, cursor)).toBeNull()
      expect(hub.find({}, cursor)).toBeNull()
    }
    expect(hub.find({ requestId: 'new' }, 'n1-3')).toEqual(whole('new', 'c1'))
    expect(() => hub.find({ requestId: 'done' })).toThrow(FreshetError)
  })

  it('[CV6] of a deleted conversation’s request: nothing is left to tell', () => {
    hub.erase('c1')
    for (const cursor of [null, 'n1-1', 'n1-3', 'n1-6', 'n2-1']) {
      expect(hub.find({ requestId: 'done' }, cursor)).toBeNull()
    }
    for (const cursor of ['n1-1', 'n1-3', 'n1-6']) expect(hub.find({ conversationId: 'c1' }, cursor)).toBeNull()
    expect(hub.find({ requestId: 'alone' })).toEqual(whole('alone', null))
  })

  it('[DI2] an ended request of before version 2, whose row does not name its end', () => {
    for (const [id, row] of hub.rows) hub.rows.set(id, { ...row, end_seq: null })
    expect(hub.find({}, 'n1-6')).toBeNull()
    expect(hub.find({ requestId: 'done' }, 'n1-8')).toBeNull()
    expect(hub.find({}, 'n1-5')).toEqual(rest('done', 'c1', 5))
  })

  it('[GE6] one whose row says that it runs and that nobody runs has no end yet: what there is of it is told', () => {
    hub.running.delete('runs')
    expect(hub.find({ requestId: 'runs' })).toEqual(whole('runs', 'c2'))
    expect(hub.find({ conversationId: 'c2' })).toBeNull()
  })

  it('[GE11] who has the id of an end has seen it', () => {
    hub.find({}, 'n1-6')
    expect(hub.seen).toEqual(['done'])
  })
})

describe('any cut of any stream', () => {
  it('[DI2][RS9] what was told before it and what is found after it is all of the request, and after its end nothing', () => {
    fc.assert(
      fc.property(generatedLogArb, fc.boolean(), (log, fromStart) => {
        hub = new Hub()
        hub.append(log.map(({ event }) => event))
        for (const row of hub.rows.values()) {
          const own = hub.of(row)
          for (const follow of [{ requestId: row.request_id, fromStart }, { fromStart }]) {
            for (const { seq, event } of own) {
              const found = hub.find(follow, `n1-${seq}`)
              if (isTerminal(event)) expect(found).toBeNull()
              else if (fromStart) expect(found?.compact).toEqual(compactOf(own).events())
              else expect(found).toMatchObject({ requestId: row.request_id, compact: null, after: seq })
            }
          }
        }
      }),
    )
  })
})
