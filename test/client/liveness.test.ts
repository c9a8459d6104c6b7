import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Connection, type ConnectionOwner } from '../../src/client/connection.ts'
import type { Transport, TransportEvents } from '../../src/client/transport.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function setUp() {
  const calls: string[] = []
  let events: TransportEvents | undefined
  const owner: ConnectionOwner = {
    cursor: () => 'n1-1',
    connectionChanged: (state) => calls.push(state.status),
    received: () => {},
    undelivered: () => {},
    turnedDown: () => {},
  }
  const connection = new Connection(owner, (given): Transport => {
    events = given
    return {
      quietMs: 30_000,
      connect: (cursor) => calls.push(`connect ${cursor}`),
      disconnect: () => calls.push('disconnect'),
      send: () => {},
      probe: () => calls.push('probe'),
    }
  })
  if (events === undefined) throw new Error('the connection made no transport')
  return { connection, events, calls }
}

describe('liveness', () => {
  it('[CL18] a silent connection is asked, and left when it does not answer', () => {
    const { connection, events, calls } = setUp()
    connection.start()
    events.opened()
    vi.advanceTimersByTime(29_999)
    expect(calls).toEqual(['connect n1-1', 'connecting', 'open'])
    vi.advanceTimersByTime(1)
    expect(calls.at(-1)).toBe('probe')
    vi.advanceTimersByTime(8000)
    expect(calls.slice(-2)).toEqual(['disconnect', 'waiting'])
  })

  it('[CL18] any sign of life puts it off', () => {
    const { connection, events, calls } = setUp()
    connection.start()
    events.opened()
    vi.advanceTimersByTime(30_000 + 7999)
    events.alive()
    vi.advanceTimersByTime(29_999)
    expect(calls.filter((call) => call === 'probe')).toHaveLength(1)
    expect(calls.at(-1)).toBe('probe')
  })

  it('[CL18] a nudge asks at once, or ends a wait', () => {
    const { connection, events, calls } = setUp()
    connection.start()
    events.opened()
    connection.nudge()
    expect(calls.at(-1)).toBe('probe')
    events.dropped('cut')
    connection.nudge()
    expect(calls.slice(-2)).toEqual(['connect n1-1', 'connecting'])
  })

  it('[CL18] an attempt that does not open within 10 s has failed', () => {
    const { connection, calls } = setUp()
    connection.start()
    vi.advanceTimersByTime(10_000)
    expect(calls.slice(-2)).toEqual(['disconnect', 'waiting'])
  })

  it('[CL18] a stop leaves no timer', () => {
    const { connection, events } = setUp()
    connection.start()
    events.opened()
    connection.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
