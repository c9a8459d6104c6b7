import type { Numbered } from '../core/events.ts'
import { admits } from '../core/filter.ts'
import { LIMITS } from '../core/limits.ts'
import type { EventLog } from '../core/log.ts'
import { typingText, withTyping } from '../core/typing.ts'
import { shareNumbered } from '../core/wire.ts'
import type { Peer } from './peer.ts'

/** How often a full socket is looked at again, ms. Only while it is behind: a timer keeps the hub awake (HB1). */
const DRAIN_POLL_MS = 50

/** Close code of a reader that takes nothing (FO3): 4408 after HTTP's 408; it may come back with its cursor. */
export const SLOW_READER = 4408

interface FanOutPorts {
  readonly log: EventLog
  now(): number
  /** Requests that run now, for the typing indicator of whoever catches up. */
  running(): Iterable<{
    readonly requestId: string
    readonly conversationId: string | null
    readonly target: string | null
  }>
  /** What was handed to readers, for the statistics. */
  sent(peer: Peer, types: readonly string[], bytes: number): void
}

/**
 * Delivery to all connections of a user (SPEC FO, RS). Each is a cursor over the log: live ones get an event in the
 * turn in which it was appended; the others are paged from the log until they have caught up, in one turn (RS4).
 */
export class FanOut {
  readonly #peers = new Set<Peer>()
  readonly #polls = new Map<Peer, ReturnType<typeof setTimeout>>()
  readonly #ports: FanOutPorts

  constructor(ports: FanOutPorts) {
    this.#ports = ports
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers
  }

  add(peer: Peer): void {
    // Its patience begins now, also after a sleep in the middle of a replay.
    peer.progressAt = this.#ports.now()
    this.#peers.add(peer)
  }

  remove(peer: Peer): void {
    peer.closed = true
    this.#peers.delete(peer)
    const poll = this.#polls.get(peer)
    if (poll !== undefined) clearTimeout(poll)
    this.#polls.delete(peer)
  }

  /** Sends events that have just been appended to every live connection that admits them (FO1). */
  deliver(events: readonly Numbered[]): void {
    if (events.length === 0) return
    const { epoch } = this.#ports.log.bounds()
    const shared = new Map<Numbered, string>()
    const textOf = (numbered: Numbered): string => {
      const known = shared.get(numbered)
      if (known !== undefined) return known
      const text = shareNumbered(numbered, epoch)
      shared.set(numbered, text)
      return text
    }
    const first = events[0]?.seq ?? 0
    for (const peer of this.#peers) {
      if (!peer.isLive) continue
      if (peer.isFull) {
        // It is given nothing more; from here on it is paged from the log, where all of it is.
        peer.update({ behind: first - 1 })
        peer.progressAt = this.#ports.now()
        this.pump(peer)
        continue
      }
      const admitted = events.filter(({ event }) => admits(peer.at.filter, event))
      this.#send(
        peer,
        admitted,
        admitted.flatMap((numbered) =>
          peer.at.kind === 'socket' ? withTyping(numbered.event, textOf(numbered)) : textOf(numbered),
        ),
      )
    }
  }

  /** Pages a connection that is behind until it is full or has caught up. */
  pump(peer: Peer): void {
    const { log } = this.#ports
    while (peer.at.behind !== null && !peer.closed) {
      if (peer.isFull) {
        this.#waitFor(peer)
        return
      }
      const page = log.after(peer.at.behind, { events: LIMITS.pageEvents, bytes: LIMITS.pageBytes })
      const last = page.at(-1)
      if (last === undefined) {
        peer.update({ behind: null })
        this.typing(peer)
        return
      }
      const admitted = page.filter(({ event }) => admits(peer.at.filter, event))
      const { epoch } = log.bounds()
      this.#send(
        peer,
        admitted,
        admitted.map((numbered) => shareNumbered(numbered, epoch)),
      )
      peer.update({ behind: last.seq })
      peer.progressAt = this.#ports.now()
    }
  }

  /** A bridge has passed bytes on: it may get more (FO3). */
  acknowledged(peer: Peer, bytes: number): void {
    peer.acknowledge(bytes)
    peer.progressAt = this.#ports.now()
    if (peer.at.behind !== null) this.pump(peer)
  }

  /** Tells a reader that has just caught up which answers are being written (CM4). */
  typing(peer: Peer): void {
    if (peer.at.kind !== 'socket') return
    const { client_id, conversation_id } = peer.at.filter
    for (const { requestId, conversationId, target } of this.#ports.running()) {
      if (target !== null && target !== client_id) continue
      if (conversation_id !== null && conversationId !== conversation_id) continue
      peer.send([typingText(requestId, true, this.#ports.now())])
    }
  }

  #send(peer: Peer, events: readonly Numbered[], lines: readonly string[]): void {
    const bytes = peer.send(lines)
    if (bytes > 0)
      this.#ports.sent(
        peer,
        events.map(({ event }) => event.type),
        bytes,
      )
  }

  /** A bridge speaks up when it has room; a client's socket says nothing, so it is looked at until it has. */
  #waitFor(peer: Peer): void {
    if (peer.at.kind === 'bridge' || this.#polls.has(peer)) return
    const before = peer.socket.bufferedAmount
    this.#polls.set(
      peer,
      setTimeout(() => {
        this.#polls.delete(peer)
        const now = this.#ports.now()
        if (peer.socket.bufferedAmount < before) peer.progressAt = now
        else if (now - peer.progressAt > LIMITS.slowReaderMs) {
          peer.close(SLOW_READER, 'The reader took nothing for 30 s. Reconnect with last_event_id.')
          return
        }
        this.pump(peer)
      }, DRAIN_POLL_MS),
    )
  }
}
