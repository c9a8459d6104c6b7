import {
  type Broadcasts,
  dueBroadcasts,
  isPeriodic,
  lastBroadcast,
  nextBroadcast,
  type PeriodicChannel,
} from '../core/broadcast.ts'
import { inTime } from '../core/in-time.ts'
import { ephemeral, shareText } from '../core/wire.ts'
import type { FanOut } from './fan-out.ts'
import type { Peer } from './peer.ts'

/** How long the monitor may take to say it, ms. */
const PATIENCE_MS = 5000

interface BroadcasterPorts {
  readonly fanOut: FanOut
  now(): number
  /** Asks the monitor what there is to say. */
  source(): Promise<Broadcasts>
}

/** Periodic events for the connections that subscribe to them (SC4). They have no id and are in no log. */
export class Broadcaster {
  readonly #ports: BroadcasterPorts
  readonly #failing = new Set<PeriodicChannel>()
  /** The time of the grid at which each channel spoke last, ms. */
  readonly #spoken = new Map<PeriodicChannel, number>()

  constructor(ports: BroadcasterPorts) {
    this.#ports = ports
  }

  /** When someone is to be told something next, ms, a time for each channel that has subscribers. */
  times(): readonly number[] {
    const now = this.#ports.now()
    return [...this.#subscribed()].map((channel) => nextBroadcast(channel, now, this.#failing.has(channel)))
  }

  /** The first event of each periodic channel, at once on connecting (contract D2). */
  async greet(peer: Peer): Promise<void> {
    const channels = peer.at.filter.channels.filter(isPeriodic)
    if (channels.length > 0) await this.#tell([peer], channels)
  }

  /** What is due at an alarm that was set for `scheduled`, ms. */
  async run(scheduled: number): Promise<void> {
    const now = this.#ports.now()
    const due = dueBroadcasts(this.#subscribed(), scheduled, now, this.#failing).filter((channel) => {
      const time = lastBroadcast(channel, now, this.#failing.has(channel))
      // An alarm that fires twice in one time of the grid speaks once.
      if (this.#spoken.get(channel) === time) return false
      this.#spoken.set(channel, time)
      return true
    })
    if (due.length > 0) await this.#tell([...this.#ports.fanOut.peers], due)
  }

  async #tell(peers: readonly Peer[], channels: readonly PeriodicChannel[]): Promise<void> {
    let broadcasts: Broadcasts
    try {
      broadcasts = await inTime(this.#ports.source(), PATIENCE_MS)
    } catch (error) {
      console.warn({ message: 'no broadcast', name: error instanceof Error ? error.name : typeof error })
      for (const channel of channels) this.#failing.add(channel)
      return
    }
    const now = this.#ports.now()
    for (const channel of channels) {
      this.#failing.delete(channel)
      const broadcast = broadcasts[channel]
      if (broadcast === undefined) continue
      const text = shareText(ephemeral(broadcast.eventType, { timestamp: now / 1000, ...broadcast.data }, now))
      for (const peer of peers) if (!peer.closed && peer.at.filter.channels.includes(channel)) peer.send([text])
    }
  }

  #subscribed(): ReadonlySet<PeriodicChannel> {
    const channels = new Set<PeriodicChannel>()
    for (const peer of this.#ports.fanOut.peers) {
      if (!peer.closed) for (const channel of peer.at.filter.channels) if (isPeriodic(channel)) channels.add(channel)
    }
    return channels
  }
}
