import type { Broadcasts } from '../core/broadcast.ts'
import type { Totals } from '../core/report.ts'
import type { Known } from './statistics.ts'

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole)

/** What the periodic channels of contract D2 say of the whole service. Times in seconds, rates in per cent. */
export function broadcastsOf(known: Known): Broadcasts {
  const sum = (pick: (totals: Totals) => number): number =>
    known.reports.reduce((total, report) => total + pick(report.totals), pick(known.retired))
  const failed = sum((totals) => totals.failed)
  const ended = sum((totals) => totals.completed + totals.cancelled) + failed
  const running = known.reports.reduce((total, report) => total + report.running, 0)
  const errorRate = percent(failed, ended)
  return {
    system_status: {
      eventType: 'status_update',
      data: {
        service_metrics: {
          total_requests: sum((totals) => totals.requests),
          cache_hit_rate: percent(
            sum((totals) => totals.cache_hits),
            ended,
          ),
          avg_response_time: ended === 0 ? 0 : sum((totals) => totals.stream_seconds) / ended,
          error_rate: errorRate,
        },
        health_summary: {
          status: errorRate > 50 ? 'degraded' : 'healthy',
          requests_ended: ended,
          requests_failed: failed,
        },
        queue_status: {
          active_requests: running,
          active_connections: known.reports.reduce((total, report) => total + report.connections.length, 0),
        },
      },
    },
  }
}
