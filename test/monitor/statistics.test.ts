import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { broadcastsOf } from '../../src/monitor/broadcasts.ts'
import {
  addTotals,
  type Known,
  liveStats,
  readerStats,
  sessionStats,
  streamingStats,
} from '../../src/monitor/statistics.ts'
import { connectionOf, reportOf, totalsArb, totalsOf } from '../support/reports.ts'

const NOW = 100_000

function known(more: Partial<Known> = {}): Known {
  return { reports: [], retired: totalsOf(), meanStreamSeconds: 0, ...more }
}

const TWO: Known = known({
  meanStreamSeconds: 2.5,
  retired: totalsOf({ requests: 10, bytes_sent: 1000, sockets_closed: 3, socket_seconds: 30, readers_closed: 5 }),
  reports: [
    reportOf('ann', {
      running: 1,
      totals: totalsOf({
        requests: 4,
        bytes_sent: 500,
        sockets_closed: 1,
        socket_seconds: 10,
        reader_events: { chunk: 3 },
      }),
      connections: [
        connectionOf('s1', { active_at: NOW, connected_at: 40_000, active_requests: ['r1'] }),
        connectionOf('s2', { active_at: 1000 }),
        connectionOf('tab-1', { kind: 'bridge', connected_at: 90_000, subscriptions: ['ai_response', 'error_alert'] }),
      ],
    }),
    reportOf('bob', {
      totals: totalsOf({ readers_closed: 1, reader_events: { chunk: 2, stream_end: 1 } }),
      connections: [
        connectionOf('s3', { user_id: 'bob', active_at: NOW }),
        connectionOf('tab-2', { user_id: 'bob', kind: 'bridge' }),
      ],
    }),
  ],
})

const NO_HEALTH = { at: 1000, providers: {} }

describe('GET /api/streaming/stats', () => {
  const sessions = {
    total_sessions: 7,
    active_sessions: 3,
    active_session_details: {
      s1: { user_id: 'ann', state: 'processing', duration: 60, active_requests: 1 },
      s2: { user_id: 'ann', state: 'idle', duration: 99, active_requests: 0 },
      s3: { user_id: 'bob', state: 'connected', duration: 99, active_requests: 0 },
    },
  }

  it('[MO1] it has exactly the shape of the contract', () => {
    expect(streamingStats(TWO, NOW)).toEqual({
      sessions,
      streams: { total_streams: 14, active_streams: 1, avg_stream_duration: 2.5, bytes_streamed: 1500 },
      performance: { avg_session_duration: 10, sessions_per_user: 1.5 },
    })
    expect(sessionStats(TWO, NOW)).toEqual(sessions)
  })

  it('[MO1] of a service that nobody used it is all zeroes, not NaN', () => {
    expect(streamingStats(known(), NOW)).toEqual({
      sessions: { total_sessions: 0, active_sessions: 0, active_session_details: {} },
      streams: { total_streams: 0, active_streams: 0, avg_stream_duration: 0, bytes_streamed: 0 },
      performance: { avg_session_duration: 0, sessions_per_user: 0 },
    })
  })

  it('[MO1] a connection from the future has lasted 0 s', () => {
    const report = reportOf('ann', {
      connections: [connectionOf('s1', { connected_at: NOW + 50, active_at: NOW + 50 })],
    })
    expect(sessionStats(known({ reports: [report] }), NOW).active_session_details).toEqual({
      s1: { user_id: 'ann', state: 'connected', duration: 0, active_requests: 0 },
    })
  })
})

describe('GET /api/sse/stats', () => {
  it('[MO1] it has exactly the shape of the contract', () => {
    expect(readerStats(TWO, NOW)).toEqual({
      connections: { total: 8, active: 2, by_user: { ann: 1, bob: 1 } },
      events: { total_sent: 6, by_type: { chunk: 5, stream_end: 1 } },
      active_clients: {
        'tab-1': {
          user_id: 'ann',
          connected_duration: 10,
          subscriptions: ['ai_response', 'error_alert'],
          is_connected: true,
        },
        'tab-2': { user_id: 'bob', connected_duration: 99, subscriptions: ['ai_response'], is_connected: true },
      },
    })
    expect(readerStats(known(), NOW)).toEqual({
      connections: { total: 0, active: 0, by_user: {} },
      events: { total_sent: 0, by_type: {} },
      active_clients: {},
    })
  })

  it('[MO1] a user may have any name, also one that every object has', () => {
    for (const user_id of ['ann', 'constructor', 'toString', '__proto__']) {
      const connections = ['a', 'b'].map((id) => connectionOf(id, { kind: 'bridge', user_id }))
      const { by_user } = readerStats(known({ reports: [reportOf('h', { user_id, connections })] }), NOW).connections
      expect(Object.entries(by_user)).toEqual([[user_id, 2]])
    }
  })
})

describe('the other figures', () => {
  it('[MO1] GET /health shows what lives', () => {
    expect(liveStats(TWO)).toEqual({ active_streams: 1, active_connections: 5 })
  })

  it('[SC4] system status has the figures of the contract, of all hubs that are and were', () => {
    const totals = { requests: 9, completed: 5, failed: 1, cancelled: 2, cache_hits: 2, stream_seconds: 16 }
    const some = known({
      retired: totalsOf(totals),
      reports: [reportOf('ann', { running: 1, totals: totalsOf(totals), connections: [connectionOf('s1')] })],
    })
    expect(broadcastsOf(some, NO_HEALTH).system_status).toEqual({
      eventType: 'status_update',
      data: {
        service_metrics: { total_requests: 18, cache_hit_rate: 40, avg_response_time: 2, error_rate: 12.5 },
        health_summary: { status: 'healthy', providers: 0, providers_up: 0 },
        queue_status: { active_requests: 1, active_connections: 1 },
      },
    })
    expect(broadcastsOf(known(), NO_HEALTH).system_status?.data['service_metrics']).toEqual({
      total_requests: 0,
      cache_hit_rate: 0,
      avg_response_time: 0,
      error_rate: 0,
    })
  })

  it('[MO3] totals are added figure by figure, in any order', () => {
    fc.assert(
      fc.property(totalsArb, totalsArb, totalsArb, (a, b, c) => {
        expect(addTotals(a, totalsOf())).toEqual(a)
        expect(addTotals(a, b)).toEqual(addTotals(b, a))
        expect(addTotals(addTotals(a, b), c)).toEqual(addTotals(a, addTotals(b, c)))
        const { reader_events, spending, quota, ...figures } = addTotals(a, b)
        expect(quota).toBeNull()
        for (const [name, figure] of Object.entries(figures)) {
          expect(figure).toBe(Number(Reflect.get(a, name)) + Number(Reflect.get(b, name)))
        }
        for (const type of Object.keys({ ...a.reader_events, ...b.reader_events })) {
          expect(reader_events[type]).toBe((a.reader_events[type] ?? 0) + (b.reader_events[type] ?? 0))
        }
        for (const day of Object.keys({ ...a.spending, ...b.spending })) {
          for (const key of Object.keys({ ...a.spending[day], ...b.spending[day] })) {
            const cost = (a.spending[day]?.[key]?.cost ?? 0) + (b.spending[day]?.[key]?.cost ?? 0)
            expect(spending[day]?.[key]?.cost).toBe(cost)
          }
        }
      }),
    )
  })

  it('[MO3] the statistics do not tell whether a hub has been folded into the retired ones', () => {
    fc.assert(
      fc.property(totalsArb, totalsArb, (ann, bob) => {
        const both = known({ reports: [reportOf('ann', { totals: ann }), reportOf('bob', { totals: bob })] })
        const one = known({ reports: [reportOf('bob', { totals: bob })], retired: ann })
        expect(streamingStats(one, NOW)).toEqual(streamingStats(both, NOW))
        expect(readerStats(one, NOW)).toEqual(readerStats(both, NOW))
      }),
    )
  })
})
