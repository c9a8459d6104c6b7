import { DurableObject } from 'cloudflare:workers'
import * as z from 'zod'
import type { Broadcasts } from '../core/broadcast.ts'
import type { HealthSnapshot } from '../core/health.ts'
import type { Metric } from '../core/metric.ts'
import { type Report, reportSchema } from '../core/report.ts'
import { readConfig } from '../env.ts'
import { askHubs } from './ask-hubs.ts'
import { broadcastsOf } from './broadcasts.ts'
import { HealthBoard } from './health-board.ts'
import { metricsOf } from './metrics.ts'
import { NamelessStarts } from './nameless-starts.ts'
import { BEGAN, Registry, type RegistryStorage } from './registry.ts'
import {
  activeConversations,
  liveStats,
  readerStats,
  serviceStats,
  sessionStats,
  streamingStats,
} from './statistics.ts'

const rowSchema = z.object({ key: z.string(), value: z.string() })

/** Who has read the statistics is taken to look at them for this long, ms. */
const WATCHED_MS = 120_000

/** The service-wide Durable Object: who is connected, and counters. There is one, named `monitor`. */
export class Monitor extends DurableObject<Cloudflare.Env> {
  readonly #registry: Registry
  readonly #board: HealthBoard
  /** When the service was first used, ms: its totals count from there. */
  readonly #beganAt: number
  readonly #nameless = new NamelessStarts()
  #fresh = false
  /** When the statistics were last read, ms. */
  #readAt = 0

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    const storage = storageOf(ctx.storage.sql)
    this.#beganAt = beganAt(storage)
    this.#registry = new Registry(storage)
    this.#board = new HealthBoard(storage)
  }

  /**
   * Takes a hub's report.
   * @returns the providers' health, so that a hub that is at work need not ask for it, and whether somebody reads the
   * statistics: only then is it worth a call to be told of requests that begin
   * @throws z.ZodError when it is none
   */
  async report(report: Report): Promise<{ health: HealthSnapshot; watched: boolean }> {
    await this.#board.record(this.#registry.take(reportSchema.parse(report)))
    return { health: this.#healthNow(false), watched: Date.now() - this.#readAt < WATCHED_MS }
  }

  /** The providers' health, for a hub that is about to ask one: it may be given a probe (HE3). */
  health(): HealthSnapshot {
    return this.#healthNow(true)
  }

  async streaming() {
    await this.#refresh()
    return streamingStats(this.#registry.known, Date.now())
  }

  async sessions() {
    await this.#refresh()
    return sessionStats(this.#registry.known, Date.now())
  }

  async readers() {
    await this.#refresh()
    return readerStats(this.#registry.known, Date.now())
  }

  /** What the periodic channels say. */
  broadcasts(): Broadcasts {
    return broadcastsOf(this.#registry.known, this.#healthNow(false))
  }

  /** `GET /stats` (contract D4), without the model. */
  async service() {
    await this.#refresh()
    return serviceStats(this.#registry.known, this.#beganAt, Date.now())
  }

  /** `GET /metrics`. */
  async metrics(): Promise<readonly Metric[]> {
    await this.#refresh()
    return metricsOf(this.#registry.known, this.#healthNow(false))
  }

  /** A page of all conversations in use, newest first. @param before `next` of the page before, or null */
  async conversations(before: string | null, limit: number) {
    await this.#refresh()
    return activeConversations(this.#registry.known, { before, limit, now: Date.now() })
  }

  /** Remembers where a nameless caller starts. @returns the private keys of the hubs of earlier ones like it, newest first */
  namelessStart(print: string, privateKey: string): readonly string[] {
    return this.#nameless.add(print, privateKey, Date.now())
  }

  /** A nameless caller joined what it repeats: the new hub that was remembered for it was not begun. */
  namelessJoined(print: string, privateKey: string): void {
    this.#nameless.drop(print, privateKey)
  }

  /** For `/health`. Probes ask it every few seconds, day and night: they are nobody who reads the statistics (MO2). */
  live() {
    const { providers } = this.#healthNow(false)
    const down = Object.entries(providers).flatMap(([name, { state }]) => (state === 'closed' ? [] : [name]))
    return { ...liveStats(this.#registry.known), down }
  }

  #healthNow(probing: boolean): HealthSnapshot {
    const configured = readConfig(this.env).providers.map(({ name }) => name)
    return this.#board.snapshot(Date.now(), probing, configured)
  }

  /**
   * Asks the hubs that were busy how they stand: once in this instance's life, since what stopped the monitor may have
   * stopped them too and a dead hub does not report that its connections are gone (MO3); and when somebody begins to read
   * the statistics, since requests that began unwatched were not told.
   */
  async #refresh(): Promise<void> {
    const unwatched = Date.now() - this.#readAt > WATCHED_MS
    this.#readAt = Date.now()
    if (this.#fresh && !unwatched) return
    this.#fresh = true
    await askHubs(
      this.#registry.busyHubs,
      (hub) => this.env.SESSION_HUB.getByName(hub).refresh(),
      async (hub, report) => {
        if (report === null) this.#registry.forget(hub)
        else await this.#board.record(this.#registry.take(reportSchema.parse(report)))
      },
    )
  }
}

function beganAt(storage: RegistryStorage): number {
  for (const { key, value } of storage.all()) if (key === BEGAN) return z.coerce.number().parse(value)
  const now = Date.now()
  storage.put(BEGAN, String(now))
  return now
}

function storageOf(sql: SqlStorage): RegistryStorage {
  return {
    *all() {
      for (const row of sql.exec('SELECT key, value FROM rows')) yield rowSchema.parse(row)
    },
    put(key, value) {
      sql.exec('INSERT OR REPLACE INTO rows VALUES (?, ?)', key, value)
    },
    delete(key) {
      sql.exec('DELETE FROM rows WHERE key = ?', key)
    },
  }
}
