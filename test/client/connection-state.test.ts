import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  backoffMs,
  type ConnectionEvent,
  type ConnectionState,
  NOT_STARTED,
  nextConnection,
  STABLE_MS,
} from '../../src/client/connection-state.ts'

const drop = (at: number): ConnectionEvent => ({ type: 'dropped', at, random: 0, reason: 'cut' })
const run = (...events: readonly ConnectionEvent[]): ConnectionState => events.reduce(nextConnection, NOT_STARTED)
const START: ConnectionEvent = { type: 'start' }
const RETRY: ConnectionEvent = { type: 'retry' }
const opened = (at: number): ConnectionEvent => ({ type: 'opened', at })

const eventArb: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc.constant(START),
  fc.constant(RETRY),
  fc.constant<ConnectionEvent>({ type: 'proved' }),
  fc.constant<ConnectionEvent>({ type: 'stop' }),
  fc.nat(100_000).map(opened),
  fc.nat(100_000).map(drop),
)

describe('connection state', () => {
  it('[CL1] goes from closed by connecting to open, by waiting back to connecting', () => {
    expect(run(START)).toEqual({ status: 'connecting', attempt: 0 })
    expect(run(START, opened(7))).toEqual({ status: 'open', attempt: 0, since: 7 })
    expect(run(START, opened(7), drop(9))).toMatchObject({ status: 'waiting', attempt: 1, since: 9, reason: 'cut' })
    expect(run(START, opened(7), drop(9), RETRY)).toEqual({ status: 'connecting', attempt: 1 })
  })

  it('[CL1] after a stop only a start changes it; a late event of an old socket does not', () => {
    const stopped = run(START, opened(1), { type: 'stop' })
    fc.assert(
      fc.property(fc.array(eventArb.filter((event) => event.type !== 'start')), (events) => {
        expect(events.reduce(nextConnection, stopped)).toBe(stopped)
      }),
    )
    expect(nextConnection(stopped, START)).toEqual({ status: 'connecting', attempt: 0 })
  })

  it('[CL1] it opens only from connecting and waits only after connecting or open', () => {
    fc.assert(
      fc.property(fc.array(eventArb, { maxLength: 40 }), (events) => {
        let state: ConnectionState = NOT_STARTED
        for (const event of events) {
          const next = nextConnection(state, event)
          if (next.status === 'open' && state.status !== 'open') expect(state.status).toBe('connecting')
          if (next.status === 'waiting' && state.status !== 'waiting')
            expect(['connecting', 'open']).toContain(state.status)
          state = next
        }
      }),
    )
  })

  it('[CL2] the wait doubles from 0.5 s to 20 s, and chance takes off up to a half', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 99].map((n) => backoffMs(n, 0))).toEqual([
      500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000,
    ])
    expect(backoffMs(3, 1)).toBe(1000)
  })

  it('[CL3] a connection that opens and falls again at once counts as one more failure', () => {
    const twice = run(START, drop(0), RETRY, opened(10), drop(10 + STABLE_MS - 1))
    expect(twice).toMatchObject({ status: 'waiting', attempt: 2 })
  })

  it('[CL3] five seconds open, or an event that moved the cursor, begin the count anew', () => {
    expect(run(START, drop(0), RETRY, opened(10), drop(10 + STABLE_MS))).toMatchObject({ attempt: 1 })
    expect(run(START, drop(0), RETRY, opened(10), { type: 'proved' }, drop(20))).toMatchObject({ attempt: 1 })
  })

  it('[CL12] a refusal closes it for good, with the words of the service', () => {
    const refused = run(START, { type: 'refused', detail: 'no such user' })
    expect(refused).toEqual({ status: 'closed', reason: 'refused', detail: 'no such user' })
    expect(nextConnection(refused, RETRY)).toBe(refused)
  })
})
