import { type HealthSnapshot, healthSnapshotSchema, type ProviderHealth, UNKNOWN_HEALTH } from '../core/health.ts'
import { inTime } from '../core/in-time.ts'
import { LIMITS } from '../core/limits.ts'

interface HealthPorts {
  now(): number
  /** Asks the monitor; may hand out a probe. */
  ask(): Promise<unknown>
}

/** What this hub knows of the providers' health: the monitor's word, and what it has just seen itself (HE2). */
export class HealthView {
  readonly #ports: HealthPorts
  #snapshot: HealthSnapshot | null = null
  #heard = Number.NEGATIVE_INFINITY
  #asked = Number.NEGATIVE_INFINITY
  /** Probes that this hub was given and has not used. A report's receipt, which has none, does not take them away. */
  readonly #probes = new Set<string>()
  readonly #leftAloneUntil = new Map<string, number>()

  constructor(ports: HealthPorts) {
    this.#ports = ports
  }

  /** True when the last word is too old to choose by, or a provider waits for a probe. */
  get isStale(): boolean {
    const now = this.#ports.now()
    if (now - this.#heard > LIMITS.healthFreshMs) return true
    // Only who asks may get a probe; a report's receipt has none.
    return this.#waits() && now - this.#asked > LIMITS.healthWaitMs
  }

  /** Asks the monitor if need be, and waits for it no longer than a moment: if it is down, hubs go on (MO2). */
  async refresh(): Promise<void> {
    if (!this.isStale) return
    this.#asked = this.#ports.now()
    try {
      this.take(await inTime(this.#ports.ask(), LIMITS.healthWaitMs))
    } catch (error) {
      console.warn({ message: 'no health', name: error instanceof Error ? error.name : typeof error })
      this.#heard = this.#ports.now()
    }
  }

  /** Takes the monitor's word, as an answer or with a report's receipt. */
  take(word: unknown): void {
    this.#heard = this.#ports.now()
    const parsed = healthSnapshotSchema.safeParse(word)
    if (!parsed.success) return
    this.#snapshot = parsed.data
    for (const [name, { state, probe }] of Object.entries(parsed.data.providers)) {
      if (probe) this.#probes.add(name)
      else if (state === 'closed') this.#probes.delete(name)
    }
  }

  /** A provider has failed here: it is left alone for a while, or for as long as it asked. @param until ms */
  leaveAlone(provider: string, until: number): void {
    this.#leftAloneUntil.set(provider, Math.max(until, this.#leftAloneUntil.get(provider) ?? 0))
  }

  /** A provider is about to be asked: a probe that this hub holds is for one request (HE3). */
  useProbe(provider: string): void {
    this.#probes.delete(provider)
  }

  /** A provider has answered here: it is asked again. */
  wellAgain(provider: string): void {
    this.#leftAloneUntil.delete(provider)
  }

  /** Health as the router sees it. */
  view(): HealthSnapshot {
    const now = this.#ports.now()
    const providers: Record<string, ProviderHealth> = {}
    for (const [name, health] of Object.entries(this.#snapshot?.providers ?? {})) {
      providers[name] = { ...health, probe: health.state === 'half_open' && this.#probes.has(name) }
    }
    for (const [name, until] of this.#leftAloneUntil) {
      if (until <= now) this.#leftAloneUntil.delete(name)
      else providers[name] = { ...(providers[name] ?? UNKNOWN_HEALTH), probe: false, busy_until: until }
    }
    return { at: now, providers }
  }

  /** True while a provider waits for a probe that this hub does not hold. */
  #waits(): boolean {
    const all = Object.entries(this.#snapshot?.providers ?? {})
    return all.some(([name, { state }]) => state === 'half_open' && !this.#probes.has(name))
  }
}
