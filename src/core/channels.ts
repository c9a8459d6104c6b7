/** What a connection can subscribe to (contract D2). */
export const CHANNELS = [
  'ai_response',
  'progress_update',
  'system_status',
  'provider_health',
  'cache_stats',
  'cost_update',
  'error_alert',
  'custom_event',
] as const

export type Channel = (typeof CHANNELS)[number]

const known: ReadonlySet<string> = new Set(CHANNELS)

/** True for the name of a channel. */
export function isChannel(name: string): name is Channel {
  return known.has(name)
}
