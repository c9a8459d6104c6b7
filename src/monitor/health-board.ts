import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  type IBackoff,
} from 'cockatiel'
import * as z from 'zod'
import {
  type Attempt,
  attemptSchema,
  gradeOf,
  type HealthSnapshot,
  inWindow,
  type ProviderHealth,
  summarize,
  UNKNOWN_HEALTH,
} from '../core/health.ts'

/** Failures in a row that open a breaker (HE3). */
const FAILURES = 3
/** How long it stays open before a probe: doubled with each probe that fails, ms. */
const OPEN_MS = 5000
const LONGEST_OPEN_MS = 60_000
/** A probe that was given out and never came back counts as lost after this, ms. */
const PROBE_MS = 60_000
/** Attempts of the window that are stored; the rest is lost with a restart, which costs only precision. */
const STORED_ATTEMPTS = 40

const storedSchema = z.object({ attempts: z.array(attemptSchema), breaker: z.unknown(), busy_until: z.number() })
const breakerSchema = z.object({
  ownState: z.object({ value: z.number(), openedAt: z.number().optional(), attemptNo: z.number().optional() }),
})

interface Kept {
  attempts: readonly Attempt[]
  breaker: CircuitBreakerPolicy
  probeUntil: number
  /** When a rate limit ends, ms; 0 for none. It may outlive the window. */
  busyUntil: number
}

export interface BoardStorage {
  all(): Iterable<{ readonly key: string; readonly value: string }>
  put(key: string, value: string): void
}

const PREFIX = 'provider:'

function openMs(attempt: number): number {
  return Math.min(LONGEST_OPEN_MS, OPEN_MS * 2 ** (attempt - 1))
}

const backoff = {
  next: ({ attempt }: { attempt: number }): IBackoff<{ attempt: number }> => ({
    duration: openMs(attempt),
    next: ({ attempt: again }) => backoff.next({ attempt: again }),
  }),
}

/** The health of all providers, from all hubs' attempts (SPEC HE). */
export class HealthBoard {
  readonly #kept = new Map<string, Kept>()
  readonly #storage: BoardStorage

  constructor(storage: BoardStorage) {
    this.#storage = storage
    for (const { key, value } of storage.all()) {
      if (!key.startsWith(PREFIX)) continue
      const { attempts, breaker, busy_until: busyUntil } = storedSchema.parse(JSON.parse(value))
      this.#kept.set(key.slice(PREFIX.length), { attempts, breaker: newBreaker(breaker), probeUntil: 0, busyUntil })
    }
  }

  /** Takes attempts in; one row for each provider among them. */
  async record(attempts: readonly Attempt[]): Promise<void> {
    for (const attempt of attempts) {
      const kept = this.#of(attempt.provider)
      kept.attempts = inWindow([...kept.attempts, attempt], attempt.at)
      kept.busyUntil = Math.max(kept.busyUntil, attempt.busy_until ?? 0)
      // A rate limit says that the provider is alive; it has a time of its own and moves no breaker.
      if (attempt.outcome === 'rate_limited') continue
      kept.probeUntil = 0
      const failed = attempt.outcome === 'failed'
      await kept.breaker
        .execute(() => (failed ? Promise.reject(new Error('failed')) : Promise.resolve()))
        .catch(() => undefined)
    }
    for (const provider of new Set(attempts.map((attempt) => attempt.provider))) {
      const { attempts: all, breaker, busyUntil } = this.#of(provider)
      const newest = all.slice(-STORED_ATTEMPTS)
      const value = JSON.stringify({ attempts: newest, breaker: breaker.toJSON(), busy_until: busyUntil })
      this.#storage.put(`${PREFIX}${provider}`, value)
    }
  }

  /**
   * @param probing the caller is about to ask a provider: it may be given a probe, which nobody else then gets
   * @param configured names of the providers that there are; those that are no more are left out
   */
  snapshot(now: number, probing: boolean, configured?: readonly string[]): HealthSnapshot {
    const providers: Record<string, ProviderHealth> = {}
    let free = probing
    for (const name of configured ?? this.#kept.keys()) {
      const kept = this.#kept.get(name)
      const health = kept === undefined ? UNKNOWN_HEALTH : this.#healthOf(kept, now, free)
      // One caller asks one provider, so it is given one probe.
      if (health.probe) free = false
      providers[name] = health
    }
    return { at: now, providers }
  }

  #healthOf(kept: Kept, now: number, probing: boolean): ProviderHealth {
    const summary = summarize(inWindow(kept.attempts, now))
    const state = stateOf(kept.breaker, now)
    const probe = state === 'half_open' && probing && kept.probeUntil <= now
    if (probe) kept.probeUntil = now + PROBE_MS
    const known = { state, probe, busy_until: kept.busyUntil > now ? kept.busyUntil : null, ...summary }
    return { ...known, grade: gradeOf(known) }
  }

  #of(provider: string): Kept {
    const kept = this.#kept.get(provider) ?? {
      attempts: [],
      breaker: newBreaker(undefined),
      probeUntil: 0,
      busyUntil: 0,
    }
    this.#kept.set(provider, kept)
    return kept
  }
}

function newBreaker(initialState: unknown): CircuitBreakerPolicy {
  return circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: backoff,
    ...(initialState !== undefined && { initialState }),
  })
}

function stateOf(breaker: CircuitBreakerPolicy, now: number): ProviderHealth['state'] {
  if (breaker.state === CircuitState.Closed) return 'closed'
  if (breaker.state === CircuitState.HalfOpen) return 'half_open'
  const { ownState } = breakerSchema.parse(breaker.toJSON())
  const elapsed = now - (ownState.openedAt ?? 0)
  return elapsed >= openMs(ownState.attemptNo ?? 1) ? 'half_open' : 'open'
}
