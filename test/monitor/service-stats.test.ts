import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import type { Report } from '../../src/core/report.ts'
import { BEGAN, Registry } from '../../src/monitor/registry.ts'
import { activeConversations, type Known, serviceStats } from '../../src/monitor/statistics.ts'
import { memoryRows, reportOf, totalsArb, totalsOf } from '../support/reports.ts'

const NOW = 1_763_640_000_000

function known(reports: readonly Report[], retired = totalsOf()): Known {
  return { reports, retired, meanStreamSeconds: 0 }
}

function inUse(id: string, updated_at: number) {
  return { id, created_at: updated_at - 5, updated_at, message_count: 2 }
}

/** Few ids and few times, so that users share them. */
const reportsArb = fc
  .array(
    fc.uniqueArray(fc.record({ id: fc.constantFrom('a', 'b', 'c'), ago: fc.nat(3) }), {
      selector: ({ id }) => id,
    }),
    { maxLength: 6 },
  )
  .map((users) =>
    users.map((list, i) => reportOf(`u${i}`, { conversations: list.map(({ id, ago }) => inUse(id, NOW - ago)) })),
  )

describe('figures of the service', () => {
  it('[MO4] counts are those of all hubs, of those that are no more too; the mean is of all that ended', () => {
    fc.assert(
      fc.property(fc.array(totalsArb, { maxLength: 4 }), totalsArb, (all, retired) => {
        const stats = serviceStats(
          known(
            all.map((totals, i) => reportOf(`u${i}`, { totals, running: i })),
            retired,
          ),
          NOW - 5000,
          NOW,
        )
        const sum = (pick: (totals: typeof retired) => number) => [retired, ...all].reduce((n, one) => n + pick(one), 0)
        const ended = sum((t) => t.completed + t.failed + t.cancelled)
        expect(stats).toEqual({
          uptime_seconds: 5,
          total_requests: sum((t) => t.requests),
          successful_requests: sum((t) => t.completed),
          failed_requests: sum((t) => t.failed),
          active_sessions: 0,
          active_streams: all.reduce((n, _, i) => n + i, 0),
          total_sessions_created: sum((t) => t.conversations),
          avg_response_time: ended === 0 ? 0 : sum((t) => t.stream_seconds) / ended,
        })
      }),
    )
  })

  it('[MO4] pages of any size hold every conversation in use once, the one that was used last first', () => {
    fc.assert(
      fc.property(reportsArb, fc.integer({ min: 1, max: 4 }), (reports, limit) => {
        const all = activeConversations(known(reports), { before: null, limit: 100, now: NOW })
        expect(all.next).toBeNull()
        expect(all.conversations).toHaveLength(reports.flatMap(({ conversations }) => conversations).length)
        const times = all.conversations.map(({ updated_at }) => updated_at)
        expect(times).toEqual(times.toSorted((a, b) => b - a))
        const paged = []
        for (let before: string | null = 'none yet'; before !== null; ) {
          const page = activeConversations(known(reports), { before, limit, now: NOW })
          expect(page.conversations.length).toBeLessThanOrEqual(limit)
          paged.push(...page.conversations)
          before = page.next
        }
        expect(paged).toEqual(all.conversations)
      }),
    )
  })

  it('[MO4] one that was used longer ago than half an hour is not in use', () => {
    const reports = [
      reportOf('ann', {
        conversations: [inUse('just', NOW - LIMITS.activeMs), inUse('late', NOW - LIMITS.activeMs - 1)],
      }),
    ]
    expect(
      activeConversations(known(reports), { before: null, limit: 9, now: NOW }).conversations.map(({ id }) => id),
    ).toEqual(['just'])
    expect(serviceStats(known(reports), NOW, NOW).active_sessions).toBe(1)
  })

  it('[MO3] a report of before conversations were told is read; the service’s beginning is no hub', () => {
    const { conversations: _, ...before } = reportOf('ann')
    const storage = memoryRows(
      new Map([
        [BEGAN, String(NOW)],
        ['user:ann', JSON.stringify({ report: before, mean: 1, order: 1 })],
      ]),
    )
    const { reports } = new Registry(storage).known
    expect(reports.map(({ hub, conversations }) => [hub, conversations])).toEqual([['user:ann', []]])
  })
})
