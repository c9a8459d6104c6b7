import type { HealthSnapshot } from '../core/health.ts'
import type { Metric, Sample } from '../core/metric.ts'
import type { Spend, Spending, Totals } from '../core/report.ts'
import { mergeSpending, sumSpend } from '../core/spending.ts'
import type { Known } from './statistics.ts'

/**
 * What `GET /metrics` tells of the whole service. No user is named: a label for each would be their list, and grow with them.
 * @param health of the providers that are configured
 */
export function metricsOf(known: Known, health: HealthSnapshot): readonly Metric[] {
  const total = (pick: (totals: Totals) => number): number =>
    known.reports.reduce((sum, { totals }) => sum + pick(totals), pick(known.retired))
  const live = (pick: (report: Known['reports'][number]) => number): number =>
    known.reports.reduce((sum, report) => sum + pick(report), 0)
  const byKind = (kind: string): number =>
    live(({ connections }) => connections.filter((connection) => connection.kind === kind).length)
  return [
    counter('freshet_requests', 'Generations that were begun.', [one(total((totals) => totals.requests))]),
    counter('freshet_requests_ended', 'Generations that have ended, by how.', [
      { labels: { status: 'complete' }, value: total((totals) => totals.completed) },
      { labels: { status: 'cancelled' }, value: total((totals) => totals.cancelled) },
      { labels: { status: 'error' }, value: total((totals) => totals.failed) },
    ]),
    gauge('freshet_requests_running', 'Generations that run.', [one(live(({ running }) => running))]),
    gauge('freshet_connections', 'Connections that are open.', [
      { labels: { transport: 'websocket' }, value: byKind('socket') },
      { labels: { transport: 'sse' }, value: byKind('bridge') },
    ]),
    gauge('freshet_hubs', 'Hubs that the monitor knows.', [one(known.reports.length)]),
    counter('freshet_cache_hits', 'Generations answered from the cache.', [one(total((totals) => totals.cache_hits))]),
    counter('freshet_conversations', 'Conversations that were made.', [one(total((totals) => totals.conversations))]),
    counter('freshet_storage_rows_written', 'Rows that hubs have written.', [
      one(total((totals) => totals.rows_written)),
    ]),
    {
      ...counter('freshet_stream_seconds', 'Time that generations took.', [
        one(total((totals) => totals.stream_seconds)),
      ]),
      unit: 'seconds',
    },
    {
      ...counter('freshet_sent_bytes', 'Bytes handed to readers.', [one(total((totals) => totals.bytes_sent))]),
      unit: 'bytes',
    },
    ...spendingOf(known),
    ...healthOf(health),
  ]
}

/** Over the days that hubs still tell of, so gauges: an old day goes. */
function spendingOf(known: Known): readonly Metric[] {
  const spending = known.reports.reduce<Spending>(
    (all, { totals }) => mergeSpending(all, totals.spending),
    known.retired.spending,
  )
  const byModel = new Map<string, Spend>()
  for (const models of Object.values(spending)) {
    for (const [key, spend] of Object.entries(models)) {
      const before = byModel.get(key)
      byModel.set(key, before === undefined ? spend : sumSpend(before, spend))
    }
  }
  const samples = (pick: (spend: Spend) => number): readonly Sample[] =>
    [...byModel].map(([key, spend]) => {
      const [provider = '', ...model] = key.split(' ')
      return { labels: { provider, model: model.join(' ') }, value: pick(spend) }
    })
  return [
    gauge(
      'freshet_spend_dollars',
      'Spent on providers in the last days.',
      samples(({ cost }) => cost),
    ),
    gauge(
      'freshet_saved_dollars',
      'Saved by the cache in the last days.',
      samples(({ saved }) => saved),
    ),
    gauge(
      'freshet_attempts',
      'Calls of providers in the last days.',
      samples(({ attempts }) => attempts),
    ),
    gauge(
      'freshet_input_tokens',
      'Tokens given to providers in the last days.',
      samples((spend) => spend.input_tokens),
    ),
    gauge(
      'freshet_output_tokens',
      'Tokens had from providers in the last days.',
      samples((spend) => spend.output_tokens),
    ),
  ]
}

function healthOf({ providers }: HealthSnapshot): readonly Metric[] {
  const each = Object.entries(providers)
  const samples = (pick: (provider: HealthSnapshot['providers'][string]) => number | null): readonly Sample[] =>
    each.flatMap(([provider, health]) => {
      const value = pick(health)
      return value === null ? [] : [{ labels: { provider }, value }]
    })
  return [
    gauge(
      'freshet_provider_up',
      '1 while a provider is asked, 0 while it is left alone.',
      samples(({ state }) => (state === 'closed' ? 1 : 0)),
    ),
    gauge(
      'freshet_provider_success_ratio',
      'Share of calls that went well, 5 minutes.',
      samples((provider) => provider.success_rate),
    ),
    {
      ...gauge(
        'freshet_provider_first_token_seconds',
        'Median time to the first token, 5 minutes.',
        samples(({ first_token_ms: ms }) => (ms === null ? null : ms / 1000)),
      ),
      unit: 'seconds',
    },
  ]
}

function one(value: number): Sample {
  return { labels: {}, value }
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples }
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples }
}
