import type { Metric } from '../core/metric.ts'

/** What the text is served as (OpenMetrics 1.0, "Overall structure"). */
export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Metrics as OpenMetrics 1.0 text, with its end. */
export function openMetrics(metrics: readonly Metric[]): string {
  return `${metrics.map((metric) => familyOf(metric)).join('')}# EOF\n`
}

function familyOf({ name, type, unit, help, samples }: Metric): string {
  const head = [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
  ]
  const suffix = type === 'counter' ? '_total' : ''
  const lines = samples.map(({ labels, value }) => `${name}${suffix}${labelsOf(labels)} ${numberOf(value)}`)
  return [...head, ...lines].map((line) => `${line}\n`).join('')
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Line breaks, quotes and backslashes as OpenMetrics escapes them: no name of a model can end its line. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"').replaceAll('\r', ' ')
}

function numberOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}
