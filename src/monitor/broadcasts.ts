import type { Broadcasts } from '../core/broadcast.ts'
import { type HealthSnapshot, recommendationsOf } from '../core/health.ts'
import type { Spending, Totals } from '../core/report.ts'
import { dayOf, mergeSpending, spendingOn } from '../core/spending.ts'
import type { Known } from './statistics.ts'

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole)

/** What the periodic channels of contract D2 say of the whole service. Times in seconds, rates in per cent, dollars. */
export function broadcastsOf(known: Known, health: HealthSnapshot): Broadcasts {
  const sum = (pick: (totals: Totals) => number): number =>
    known.reports.reduce((total, report) => total + pick(report.totals), pick(known.retired))
  const failed = sum((totals) => totals.failed)
  const completed = sum((totals) => totals.completed)
  const ended = completed + failed + sum((totals) => totals.cancelled)
  const hits = sum((totals) => totals.cache_hits)
  const spending = known.reports.reduce<Spending>(
    (all, report) => mergeSpending(all, report.totals.spending),
    known.retired.spending,
  )
  const today = spendingOn(spending, dayOf(health.at))
  return {
    system_status: {
      eventType: 'status_update',
      data: {
        service_metrics: {
          total_requests: sum((totals) => totals.requests),
          cache_hit_rate: percent(hits, completed),
          avg_response_time: ended === 0 ? 0 : sum((totals) => totals.stream_seconds) / ended,
          error_rate: percent(failed, ended),
        },
        health_summary: healthSummary(health),
        queue_status: {
          active_requests: known.reports.reduce((total, report) => total + report.running, 0),
          active_connections: known.reports.reduce((total, report) => total + report.connections.length, 0),
        },
      },
    },
    provider_health: { eventType: 'health_update', data: healthUpdate(health) },
    cache_stats: { eventType: 'cache_update', data: cacheUpdate(known, hits, completed, savedIn(spending)) },
    cost_update: { eventType: 'cost_update', data: today },
  }
}

function healthSummary(health: HealthSnapshot) {
  const all = Object.values(health.providers)
  const up = all.filter(({ state }) => state === 'closed').length
  return { status: up === all.length ? 'healthy' : 'degraded', providers: all.length, providers_up: up }
}

function healthUpdate(health: HealthSnapshot) {
  const entries = Object.entries(health.providers)
  const samples = entries.reduce((total, [, { samples: n }]) => total + n, 0)
  const good = entries.reduce((total, [, { samples: n, success_rate }]) => total + n * success_rate, 0)
  return {
    providers: Object.fromEntries(
      entries.map(([name, provider]) => [
        name,
        {
          is_healthy: provider.state === 'closed',
          performance_grade: provider.grade,
          success_rate: provider.success_rate,
          state: provider.state,
          samples: provider.samples,
          first_token_s: provider.first_token_ms === null ? null : provider.first_token_ms / 1000,
          total_s: provider.total_ms === null ? null : provider.total_ms / 1000,
          rate_limited_until: provider.busy_until === null ? null : provider.busy_until / 1000,
        },
      ]),
    ),
    overall_stats: {
      total_providers: entries.length,
      healthy_providers: entries.filter(([, { state }]) => state === 'closed').length,
      samples,
      success_rate: samples === 0 ? 1 : good / samples,
    },
    recommendations: recommendationsOf(health),
  }
}

function cacheUpdate(known: Known, hits: number, completed: number, saved: number) {
  const size = known.reports.reduce((total, report) => total + report.cache.entries, 0)
  const most = known.reports.reduce((total, report) => total + report.cache.max_entries, 0)
  const rate = percent(hits, completed)
  return {
    stats: { hit_rate_percent: rate, cache_size: size, max_size: most, estimated_cost_savings: saved },
    performance: { hit_rate: rate, size_utilization: percent(size, most), estimated_savings: saved },
  }
}

/** Dollars that the cache saved on all days that are kept. */
function savedIn(spending: Spending): number {
  return Object.values(spending)
    .flatMap((models) => Object.values(models))
    .reduce((total, { saved }) => total + saved, 0)
}
