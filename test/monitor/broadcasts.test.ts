import { describe, expect, it } from 'vitest'
import type { Spend } from '../../src/core/report.ts'
import { broadcastsOf } from '../../src/monitor/broadcasts.ts'
import type { Known } from '../../src/monitor/statistics.ts'
import { snapshotOf } from '../support/candidates.ts'
import { connectionOf, reportOf, totalsOf } from '../support/reports.ts'

const DAY = '2026-11-20'
const NOON = Date.UTC(2026, 10, 20, 12)
const NOTHING = snapshotOf({}, NOON)

function known(more: Partial<Known> = {}): Known {
  return { reports: [], retired: totalsOf(), meanStreamSeconds: 0, ...more }
}

function spend(more: Partial<Spend> = {}): Spend {
  return { cost: 0, saved: 0, attempts: 1, input_tokens: 10, output_tokens: 20, estimated: 0, ...more }
}

/** Two hubs that live and one that is gone, with whole figures. */
const BUSY = known({
  reports: [
    reportOf('ann', {
      running: 2,
      connections: [connectionOf('s1'), connectionOf('s2', { kind: 'bridge' })],
      totals: totalsOf({
        requests: 12,
        completed: 8,
        failed: 1,
        cancelled: 1,
        cache_hits: 2,
        stream_seconds: 20,
        spending: {
          [DAY]: { 'one m': spend({ cost: 2, saved: 1 }), 'two n': spend({ cost: 1, estimated: 1 }) },
          '2026-11-19': { 'one m': spend({ cost: 9, saved: 5 }) },
        },
      }),
      cache: { entries: 30, max_entries: 200 },
    }),
    reportOf('bob', {
      running: 1,
      totals: totalsOf({
        requests: 4,
        completed: 4,
        stream_seconds: 4,
        spending: { [DAY]: { 'one m': spend({ cost: 4 }) } },
      }),
      cache: { entries: 10, max_entries: 200 },
    }),
  ],
  retired: totalsOf({
    requests: 6,
    completed: 4,
    failed: 2,
    cache_hits: 2,
    stream_seconds: 6,
    spending: { [DAY]: { 'two n': spend({ cost: 1, saved: 1 }) } },
  }),
})

const HEALTH = snapshotOf(
  {
    one: { samples: 30, success_rate: 1, first_token_ms: 250, total_ms: 2500, grade: 'A' },
    two: { samples: 10, success_rate: 0.5, first_token_ms: null, total_ms: null, grade: 'F', state: 'open' },
    three: { samples: 0, state: 'half_open', busy_until: NOON + 5500, grade: 'B' },
  },
  NOON,
)

describe('what the periodic channels say', () => {
  it('[SC4] system_status: `status_update` with the fields of contract D2, in per cent and seconds', () => {
    expect(broadcastsOf(BUSY, HEALTH).system_status).toEqual({
      eventType: 'status_update',
      data: {
        service_metrics: { total_requests: 22, cache_hit_rate: 25, avg_response_time: 1.5, error_rate: 15 },
        health_summary: { status: 'degraded', providers: 3, providers_up: 1 },
        queue_status: { active_requests: 3, active_connections: 2 },
      },
    })
  })

  it('[HE4] provider_health: `health_update` with a grade and a rate for each, the whole, and what to do', () => {
    const update = broadcastsOf(BUSY, HEALTH).provider_health
    expect(update?.eventType).toBe('health_update')
    expect(update?.data['providers']).toEqual({
      one: {
        is_healthy: true,
        performance_grade: 'A',
        success_rate: 1,
        state: 'closed',
        samples: 30,
        first_token_s: 0.25,
        total_s: 2.5,
        rate_limited_until: null,
      },
      two: expect.objectContaining({
        is_healthy: false,
        performance_grade: 'F',
        success_rate: 0.5,
        first_token_s: null,
        total_s: null,
      }),
      three: expect.objectContaining({
        is_healthy: false,
        performance_grade: 'B',
        rate_limited_until: NOON / 1000 + 5.5,
      }),
    })
    expect(update?.data['overall_stats']).toEqual({
      total_providers: 3,
      healthy_providers: 1,
      samples: 40,
      success_rate: 0.875,
    })
    expect(update?.data['recommendations']).toHaveLength(2)
  })

  it('[CA3] cache_stats: `cache_update` with rate, size, use and savings of all hubs and days that are kept', () => {
    expect(broadcastsOf(BUSY, HEALTH).cache_stats).toEqual({
      eventType: 'cache_update',
      data: {
        stats: { hit_rate_percent: 25, cache_size: 40, max_size: 400, estimated_cost_savings: 7 },
        performance: { hit_rate: 25, size_utilization: 10, estimated_savings: 7 },
      },
    })
  })

  it('[MN3] cost_update: what today cost, by provider and model, of all hubs, those that are gone included', () => {
    expect(broadcastsOf(BUSY, HEALTH).cost_update).toEqual({
      eventType: 'cost_update',
      data: {
        day: DAY,
        spend_today: 8,
        by_provider: { one: 6, two: 2 },
        by_model: { m: 6, n: 2 },
        cache_savings: 2,
        efficiency: 20,
        attempts: 4,
        estimated_attempts: 1,
        input_tokens: 40,
        output_tokens: 80,
      },
    })
  })

  it('[MN3] at midnight UTC a new day begins with nothing', () => {
    const midnight = Date.UTC(2026, 10, 21)
    const spent = (at: number) => broadcastsOf(BUSY, snapshotOf({}, at)).cost_update?.data['spend_today']
    expect([spent(midnight - 1), spent(midnight)]).toEqual([8, 0])
  })

  it('[SC4] of a service that has done nothing every figure is there, and none is divided by nothing', () => {
    const said = broadcastsOf(known(), NOTHING)
    expect(JSON.stringify(said)).not.toContain('null')
    expect(said).toMatchObject({
      system_status: {
        data: {
          service_metrics: { total_requests: 0, cache_hit_rate: 0, avg_response_time: 0, error_rate: 0 },
          health_summary: { status: 'healthy', providers: 0, providers_up: 0 },
          queue_status: { active_requests: 0, active_connections: 0 },
        },
      },
      provider_health: {
        data: {
          providers: {},
          overall_stats: { total_providers: 0, healthy_providers: 0, samples: 0, success_rate: 1 },
          recommendations: [],
        },
      },
      cache_stats: { data: { stats: { max_size: 0 }, performance: { hit_rate: 0, size_utilization: 0 } } },
      cost_update: { data: { day: DAY, spend_today: 0, by_provider: {}, efficiency: 0 } },
    })
  })

  it('[SC4] what was said is not what is kept', () => {
    const before = structuredClone(BUSY)
    broadcastsOf(BUSY, HEALTH)
    expect(BUSY).toEqual(before)
  })
})
