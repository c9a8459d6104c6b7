import { compactOf } from '../core/compact.ts'
import type { Attachment } from '../core/connection.ts'
import { FreshetError } from '../core/errors.ts'
import type { LogEvent, Numbered } from '../core/events.ts'
import { admits, type Filter, watches } from '../core/filter.ts'
import { resyncOf } from '../core/fold.ts'
import { formatCursor, newId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { type EventLog, eventsAfter } from '../core/log.ts'
import { planResume, type ResumePlan } from '../core/resume.ts'
import type { Resync, ResyncReason } from '../core/state.ts'
import { envelopeOf, ephemeral, recalledOf, shareNumbered, shareText } from '../core/wire.ts'
import { Expected } from './expected.ts'
import type { FanOut } from './fan-out.ts'
import type { Following } from './following.ts'
import { type HubSocket, Peer } from './peer.ts'
import type { Requests } from './requests.ts'
import type { Running } from './runner.ts'
import type { HubStore } from './store.ts'

const PAGE = { events: LIMITS.pageEvents, bytes: LIMITS.pageBytes }

/** What a new connection asks for, parsed by the edge. */
export interface ConnectOptions {
  readonly kind: Attachment['kind']
  readonly userId: string
  readonly channels: Filter['channels']
  readonly progressEvery: number
  readonly conversationId: string | null
  /** The name that the client brings, or null for a new one (FL4). */
  readonly clientId: string | null
  /** `last_event_id` as it came, or null. */
  readonly cursor: string | null
  readonly preferences: Attachment['preferences']
  readonly expiresAt?: number | null
  /** For a stream of one request: where it begins, as `findFollowed` says. */
  readonly following?: Following
  /** True for the stream that the request was begun for. */
  readonly isStarters?: boolean
}

interface ConnectionPorts {
  readonly log: EventLog
  readonly store: HubStore
  readonly fanOut: FanOut
  readonly requests: Requests
  readonly maxConnections: number
  now(): number
}

/** Connections of a user: how each begins, what a duplicate is shown, who is idle (SPEC RS, CU, FL). */
export class Connections {
  readonly #ports: ConnectionPorts
  /** Readers of requests that were begun for them, on their way here: each has its place. */
  readonly #expected = new Expected()

  constructor(ports: ConnectionPorts) {
    this.#ports = ports
  }

  /**
   * @param requestId the request whose stream it is, which may be expected; null: any other connection
   * @returns true for the stream that the request was begun for
   * @throws FreshetError `too_many_connections`
   */
  admit(requestId: string | null): boolean {
    const { fanOut, maxConnections } = this.#ports
    const now = this.#ports.now()
    const place = requestId === null ? null : this.#expected.came(requestId, now)
    if (place !== null) return place.isStarters
    let open = this.#expected.count(now)
    for (const peer of fanOut.peers) if (!peer.closed) open += 1
    if (open < maxConnections) return false
    const words = `A user may have ${maxConnections} connections. Close one, then connect again.`
    throw new FreshetError('too_many_connections', words)
  }

  /**
   * Keeps a place for a stream that is on its way to its request: who is refused one must not have begun anything.
   * @param isStarters false for one that joins what it repeats
   */
  expect(requestId: string, isStarters: boolean): void {
    this.#expected.add(requestId, isStarters, this.#ports.now())
  }

  /** Takes a socket in and brings it to the present: live, replay or resync (RS1, RS2, RS6). */
  open(socket: HubSocket, options: ConnectOptions): Peer {
    const { log, store, fanOut } = this.#ports
    const now = this.#ports.now()
    const { following } = options
    const asked = following === undefined ? planResume(options.cursor, log.bounds()) : planOf(following)
    const id = options.clientId ?? this.#nameFromCursor(asked) ?? newId(store.privateKey)
    const filter: Filter = {
      channels: options.channels,
      conversation_id: options.conversationId,
      request_id: following?.requestId ?? null,
      client_id: following?.target ?? id,
      progress_every: options.progressEvery,
    }
    this.#flushFor(filter)
    const { epoch, lastSeq } = log.bounds()
    const peer = new Peer(socket, {
      v: 1,
      id,
      kind: options.kind,
      user_id: options.userId,
      filter,
      preferences: options.preferences,
      connected_at: now,
      active_at: now,
      expires_at: options.expiresAt ?? null,
      from_seq: asked.kind === 'replay' ? asked.after : lastSeq,
      behind: asked.kind === 'replay' ? asked.after : null,
    })
    // Written even when nothing changes: the attachment must be there before the hub can sleep.
    peer.update({})
    peer.hasWhereabouts = options.cursor !== null || options.isStarters === true
    fanOut.add(peer)
    const cursor = formatCursor(epoch, peer.at.from_seq)
    // The compacted log brings its own ids: until it is there the reader has seen nothing.
    peer.send([this.status(peer, following?.compact ? {} : { cursor })])
    // It ended before its own stream was there: told to it now as it would have been then (GE11).
    if (following !== undefined && options.isStarters === true) store.seen(following.requestId)
    if (following?.recalled !== undefined) this.#remind(peer, following.recalled)
    if (following?.compact) this.#tell(peer, following.compact)
    else this.#bringUp(peer, asked)
    return peer
  }

  /** A `connection_status` text; `more` is added to its data. */
  status(peer: Peer, more: Record<string, unknown>): string {
    return shareText(
      ephemeral('connection_status', { status: 'connected', session_id: peer.at.id, ...more }, this.#ports.now()),
    )
  }

  /**
   * Shows a request, id-less, to a connection that has not seen it from its start (GE3, RS6): its start, its text so
   * far, and its end if it has one.
   */
  show(peer: Peer, requestId: string): void {
    if (peer.told.has(requestId)) return
    const { requests } = this.#ports
    const row = requests.known(requestId)
    if (row.start_seq > peer.at.from_seq) return
    const compact = requests.runner.get(requestId)?.compact ?? compactOf(requests.numberedOf(row))
    const events = compact.events().map(({ event }) => event)
    const start = events[0]
    if (start?.type !== 'stream_start' || !admits(peer.at.filter, start)) return
    peer.told.add(requestId)
    const { epoch } = this.#ports.log.bounds()
    const shown = events.filter(({ type }) => type !== 'metadata').map((event) => asChunk(event))
    peer.send(shown.map((event) => shareText(envelopeOf(event, epoch, null))))
  }

  /** The compacted log of the one request that a stream is for (RS9). */
  #tell(peer: Peer, compact: readonly Numbered[]): void {
    const { epoch } = this.#ports.log.bounds()
    peer.send(compact.filter(({ event }) => admits(peer.at.filter, event)).map((one) => shareNumbered(one, epoch)))
  }

  /** What a bridge's reader has already, for the bridge's writer to know (DI11). */
  #remind(peer: Peer, recalled: readonly Numbered[]): void {
    const { epoch } = this.#ports.log.bounds()
    const known = recalled.filter(({ event }) => admits(peer.at.filter, event))
    peer.send(known.map(({ event }) => shareText(recalledOf(event, epoch))))
  }

  /** True while a stream that was made for a request is open, or on its way. */
  isRead(requestId: string): boolean {
    if (this.#expected.has(requestId, this.#ports.now())) return true
    for (const peer of this.#ports.fanOut.peers) {
      if (!peer.closed && peer.at.filter.request_id === requestId) return true
    }
    return false
  }

  /**
   * True while a stream of a request is open whose reader, when it ends now, will not ask for it anew (GE11): it has an id
   * to go on from, began the request itself, or has been there for so long that its leaving would have been noticed.
   */
  isFollowed(requestId: string): boolean {
    const since = this.#ports.now() - LIMITS.readerGoneMs
    for (const peer of this.#ports.fanOut.peers) {
      if (peer.closed || peer.at.filter.request_id !== requestId) continue
      if (peer.hasWhereabouts || peer.at.connected_at <= since) return true
    }
    return false
  }

  /** True while a live or catching-up connection would see the request's text (GA2). */
  watched(running: Running): boolean {
    for (const peer of this.#ports.fanOut.peers) if (!peer.closed && watches(peer.at.filter, running)) return true
    return false
  }

  #bringUp(peer: Peer, plan: ResumePlan): void {
    const { fanOut, requests } = this.#ports
    switch (plan.kind) {
      case 'replay':
        peer.progressAt = this.#ports.now()
        fanOut.pump(peer)
        return
      case 'resync': {
        const data = this.#state(plan.reason, peer.at.filter)
        for (const { request_id } of data.running) peer.told.add(request_id)
        const envelope = ephemeral('resync', data, this.#ports.now())
        peer.send([shareText({ ...envelope, id: data.from_id })])
        fanOut.typing(peer)
        return
      }
      case 'live':
        for (const running of requests.runner.all()) {
          if (watches(peer.at.filter, running)) this.show(peer, running.requestId)
        }
        fanOut.typing(peer)
    }
  }

  /** The present state for a reader, made of no more of the log than it tells (RS3). */
  #state(reason: ResyncReason, filter: Filter): Resync {
    const { log, store, requests } = this.#ports
    const bounds = log.bounds()
    if (!filter.channels.includes('ai_response')) return resyncOf(reason, [], bounds, filter)
    const { count, from } = store.newestEnded(filter, bounds.firstSeq, LIMITS.resyncExchanges)
    const running = [...requests.runner.all()].map(({ requestId }) => requests.known(requestId).start_seq)
    const first = Math.min(bounds.lastSeq + 1, ...(from === null ? [] : [from]), ...running)
    return resyncOf(reason, eventsAfter(log, Math.max(first, bounds.firstSeq) - 1, PAGE), bounds, filter, count)
  }

  /** What was gathered for nobody goes out before someone is brought up to the log's end (GA2). */
  #flushFor(filter: Filter): void {
    const { runner } = this.#ports.requests
    for (const running of [...runner.all()]) if (watches(filter, running)) runner.flush(running)
  }

  /** The client that alone could see the event at a cursor (FL4). */
  #nameFromCursor(plan: ResumePlan): string | null {
    if (plan.kind !== 'replay' || plan.after === 0) return null
    const at = this.#ports.log.after(plan.after - 1, { events: 1, bytes: 1 })[0]
    return at?.seq === plan.after ? at.event.target : null
  }
}

function planOf(following: Following): ResumePlan {
  return following.after === null ? { kind: 'live' } : { kind: 'replay', after: following.after }
}

/** A stretch of text is no single token any more. */
function asChunk(event: LogEvent): LogEvent {
  return event.type === 'token' ? { ...event, type: 'chunk' } : event
}
