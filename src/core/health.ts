import * as z from 'zod'

/** How one attempt at a provider came out, as hubs report it (HE1). Times in ms. */
export const attemptSchema = z.object({
  provider: z.string(),
  /** When it ended. */
  at: z.number(),
  outcome: z.enum(['ok', 'failed', 'rate_limited']),
  /** Until the first token; null when none came. */
  first_token_ms: z.number().nullable(),
  total_ms: z.number(),
  /** When a rate-limited provider may be asked again; null when it did not say. */
  busy_until: z.number().nullable(),
})
export type Attempt = z.infer<typeof attemptSchema>

export const GRADES = ['A', 'B', 'C', 'D', 'F'] as const
export type Grade = (typeof GRADES)[number]

export const providerHealthSchema = z.object({
  /** `open`: not to be asked; `half_open`: one probe may ask. */
  state: z.enum(['closed', 'open', 'half_open']),
  /** True for the one caller that holds the probe (HE3). */
  probe: z.boolean(),
  busy_until: z.number().nullable(),
  /** Attempts in the window. */
  samples: z.number(),
  /** 0 to 1; 1 when nothing is known. */
  success_rate: z.number(),
  /** Medians over the window, ms; null when nothing is known. */
  first_token_ms: z.number().nullable(),
  total_ms: z.number().nullable(),
  grade: z.enum(GRADES),
})
export type ProviderHealth = z.infer<typeof providerHealthSchema>

/** The health of a provider that nobody has tried yet: no reason to shun it. */
export const UNKNOWN_HEALTH: ProviderHealth = {
  state: 'closed',
  probe: false,
  busy_until: null,
  samples: 0,
  success_rate: 1,
  first_token_ms: null,
  total_ms: null,
  grade: 'A',
}

export const healthSnapshotSchema = z.object({
  /** ms since 1970. */
  at: z.number(),
  providers: z.record(z.string(), providerHealthSchema),
})
export type HealthSnapshot = z.infer<typeof healthSnapshotSchema>

/** The sliding window: this long, and at most so many attempts of a provider (HE1). */
export const WINDOW_MS = 5 * 60_000
export const WINDOW_ATTEMPTS = 200

/** Attempts that still count. */
export function inWindow(attempts: readonly Attempt[], now: number): readonly Attempt[] {
  return attempts.filter(({ at }) => now - at <= WINDOW_MS).slice(-WINDOW_ATTEMPTS)
}

/** Figures of a window. A rate limit is no failure of the provider: it is alive and says when. */
export function summarize(
  attempts: readonly Attempt[],
): Pick<ProviderHealth, 'samples' | 'success_rate' | 'first_token_ms' | 'total_ms'> {
  const judged = attempts.filter(({ outcome }) => outcome !== 'rate_limited')
  const good = judged.filter(({ outcome }) => outcome === 'ok')
  return {
    samples: judged.length,
    success_rate: judged.length === 0 ? 1 : good.length / judged.length,
    first_token_ms: median(good.flatMap(({ first_token_ms }) => first_token_ms ?? [])),
    total_ms: median(good.map(({ total_ms }) => total_ms)),
  }
}

/** Least success rate of each grade, and the slowest first token that goes with it, ms (HE4). */
const GRADE_BOUNDS: readonly (readonly [Grade, number, number])[] = [
  ['A', 0.99, 1500],
  ['B', 0.95, 3000],
  ['C', 0.9, 6000],
  ['D', 0.75, Number.POSITIVE_INFINITY],
]

/** A to F. An open breaker is an F whatever its past. */
export function gradeOf(health: Pick<ProviderHealth, 'state' | 'success_rate' | 'first_token_ms'>): Grade {
  if (health.state === 'open') return 'F'
  for (const [grade, rate, slowest] of GRADE_BOUNDS) {
    if (health.success_rate >= rate && (health.first_token_ms ?? 0) <= slowest) return grade
  }
  return 'F'
}

/** What to do about it, in words, the worst first; empty when all is well (HE4). */
export function recommendationsOf(snapshot: HealthSnapshot): readonly string[] {
  const words: [number, string][] = []
  const names = Object.entries(snapshot.providers)
  for (const [name, health] of names) {
    const percent = `${Math.round(health.success_rate * 100)} %`
    if (health.state !== 'closed') {
      words.push([
        0,
        `${name} is down (${percent} of its last ${health.samples} calls succeeded) and is being probed; check its key and its status page.`,
      ])
    } else if (health.busy_until !== null && health.busy_until > snapshot.at) {
      words.push([
        1,
        `${name} limits its rate; it is left alone until it said to come back. Raise its quota, or add a provider.`,
      ])
    } else if (health.samples > 0 && health.success_rate < 0.95) {
      words.push([2, `${name} fails too often: ${percent} of its last ${health.samples} calls succeeded.`])
    } else if ((health.first_token_ms ?? 0) > 3000) {
      words.push([
        3,
        `${name} is slow: its first token takes ${((health.first_token_ms ?? 0) / 1000).toFixed(1)} s. Prefer another one for short prompts.`,
      ])
    }
  }
  if (names.length > 0 && names.every(([, { state }]) => state !== 'closed')) {
    words.push([-1, 'No provider is up. Add one of another vendor to PROVIDERS.'])
  }
  return words.sort(([a], [b]) => a - b).map(([, text]) => text)
}

function median(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
