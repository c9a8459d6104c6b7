import * as z from 'zod'
import { GRADES } from '../../core/health.ts'
import { secondsSchema } from './parts.ts'

const percent = z.number().min(0).meta({ description: 'Per cent.' })
const dollars = z.number().min(0).meta({ description: 'Dollars.' })
const count = z.int().min(0)

/** What the periodic channels say (contract D2, `monitor/broadcasts.ts`). */
export const statusUpdateSchema = z.object({
  timestamp: secondsSchema,
  service_metrics: z.object({
    total_requests: count,
    cache_hit_rate: percent,
    avg_response_time: z.number().meta({ description: 'Seconds.' }),
    error_rate: percent,
  }),
  health_summary: z.object({ status: z.enum(['healthy', 'degraded']), providers: count, providers_up: count }),
  queue_status: z.object({ active_requests: count, active_connections: count }),
})

export const healthUpdateSchema = z.object({
  timestamp: secondsSchema,
  providers: z.record(
    z.string(),
    z.object({
      is_healthy: z.boolean(),
      performance_grade: z.enum(GRADES),
      success_rate: z.number().min(0).max(1),
      state: z.enum(['closed', 'open', 'half_open']).meta({ description: 'Of its circuit breaker.' }),
      samples: count.meta({ description: 'Attempts of the last five minutes.' }),
      first_token_s: z.number().nullable().meta({ description: 'Median, seconds.' }),
      total_s: z.number().nullable().meta({ description: 'Median, seconds.' }),
      rate_limited_until: z.number().nullable().meta({ description: 'Seconds since 1970.' }),
    }),
  ),
  overall_stats: z.object({
    total_providers: count,
    healthy_providers: count,
    samples: count,
    success_rate: z.number().min(0).max(1),
  }),
  recommendations: z.array(z.string()),
})

export const cacheUpdateSchema = z.object({
  timestamp: secondsSchema,
  stats: z.object({
    hit_rate_percent: percent,
    cache_size: count,
    max_size: count,
    estimated_cost_savings: dollars,
  }),
  performance: z.object({ hit_rate: percent, size_utilization: percent, estimated_savings: dollars }),
})

export const costUpdateSchema = z.object({
  timestamp: secondsSchema,
  day: z.iso.date().meta({ description: 'UTC.' }),
  spend_today: dollars,
  by_provider: z.record(z.string(), dollars),
  by_model: z.record(z.string(), dollars),
  cache_savings: dollars,
  efficiency: percent,
  attempts: count,
  estimated_attempts: count.meta({ description: 'Attempts whose tokens the provider did not say.' }),
  input_tokens: count,
  output_tokens: count,
})
