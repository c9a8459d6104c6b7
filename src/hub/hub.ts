import type { Broadcasts } from '../core/broadcast.ts'
import { BadFrame, type ClientFrame, namedIn, parseClientFrame } from '../core/client-frames.ts'
import type { StartCommand } from '../core/commands.ts'
import type { Attachment } from '../core/connection.ts'
import { FreshetError, shown } from '../core/errors.ts'
import type { LogEvent } from '../core/events.ts'
import { admits } from '../core/filter.ts'
import type { Attempt } from '../core/health.ts'
import type { EventLog } from '../core/log.ts'
import type { Report } from '../core/report.ts'
import { type Deadline, deadlinesOf } from '../core/schedule.ts'
import { ephemeral, shareText } from '../core/wire.ts'
import type { Allowance } from './allowance.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { Answers } from './answers.ts'
import { Broadcaster } from './broadcaster.ts'
import { Connections, type ConnectOptions } from './connections.ts'
import { ConversationDesk } from './conversation-desk.ts'
import { ConversationExpiry } from './conversation-expiry.ts'
import type { Conversations } from './conversations.ts'
import { FanOut } from './fan-out.ts'
import { type Follow, type Following, findFollowed } from './following.ts'
import { News } from './news.ts'
import type { HubSocket, Peer } from './peer.ts'
import { mergePreferences, zoneAmong } from './preferences.ts'
import { RecentConversations } from './recent-conversations.ts'
import { type Outcome, Requests, type Started } from './requests.ts'
import type { HubStore, RequestRow, RequestStatus } from './store.ts'
import type { Wishes } from './wishes.ts'

/** Close code of a connection that was silent too long (contract D1). */
const IDLE_CLOSE = 1001
/** Close code of a socket whose token has ended (contract, "Who is calling"). */
const TOKEN_CLOSE = 4401

export interface HubSettings {
  readonly maxConnections: number
  readonly maxActive: number
  readonly idleTimeoutMs: number
  readonly retentionMs: number
  readonly conversationRetentionMs: number
}

interface HubPorts {
  /** The hub's name in its namespace. */
  readonly name: string
  readonly instanceId: string
  readonly log: EventLog
  readonly store: HubStore
  readonly answers: Answers
  readonly conversations: Conversations
  /** Until when todos and tickets are kept, ms: for ever while there is a todo, 0 without either. */
  heldUntil(): number
  readonly allowance: Allowance
  readonly wishes: Wishes
  readonly answerCache: AnswerCache
  readonly settings: HubSettings
  now(): number
  transaction<T>(work: () => T): T
  /** When the platform last answered a `ping` frame of this socket by itself, ms, or null (CM2). */
  answeredAt(socket: HubSocket): number | null
  /** What the cache holds. */
  cache(): Report['cache']
  /** What the periodic channels have to say (SC4). */
  broadcasts(): Promise<Broadcasts>
  /** Something the monitor shows has changed (MO1). */
  changed(): void
  /** The same, of what will change again soon. */
  changedSoon(): void
  /** Deadlines may have moved (SC2). */
  reschedule(): void
  /** Nothing in memory can be trusted: the object must start anew. */
  broken(error: unknown): void
}

/** A user's hub: commands in, events out. Holds no platform object but sockets behind `HubSocket`. */
export class Hub {
  readonly fanOut: FanOut
  readonly requests: Requests
  readonly desk: ConversationDesk
  readonly #connections: Connections
  readonly #broadcaster: Broadcaster
  readonly #recent: RecentConversations
  readonly #expiry: ConversationExpiry
  readonly #ports: HubPorts
  readonly #news = new News()

  /** @param restored connections that outlived the last instance (HB2) */
  constructor(ports: HubPorts, restored: readonly Peer[]) {
    this.#ports = ports
    const { log, store, settings } = ports
    const now = () => ports.now()
    this.fanOut = new FanOut({
      log,
      now,
      running: () => this.requests.runner.all(),
      sent: (peer, types, bytes) => this.#count(peer, types, bytes),
    })
    this.requests = new Requests({
      log,
      store,
      answers: ports.answers,
      conversations: ports.conversations,
      allowance: ports.allowance,
      wishes: ports.wishes,
      maxActive: settings.maxActive,
      now,
      transaction: (work) => ports.transaction(work),
      deliver: (events) => this.fanOut.deliver(events),
      watched: (running) => this.#connections.watched(running),
      isRead: (requestId) => this.#connections.isRead(requestId),
      isFollowed: (requestId) => this.#connections.isFollowed(requestId),
      ended: (end, seconds) => this.#onEnd(end, seconds),
      broken: (error) => ports.broken(error),
    })
    this.#connections = new Connections({
      log,
      store,
      fanOut: this.fanOut,
      requests: this.requests,
      maxConnections: settings.maxConnections,
      now,
    })
    this.desk = new ConversationDesk({
      log,
      store,
      conversations: ports.conversations,
      requests: this.requests,
      cache: ports.answerCache,
      now,
      transaction: (work) => ports.transaction(work),
      changed: (id, change) => {
        if (change !== 'created') this.#announce(id, change === 'expired' ? 'deleted' : change)
        ports.changed()
        // What expired was not used, and the alarm that deleted it sets the next one.
        if (change === 'expired') return
        this.#use(id)
        ports.reschedule()
      },
    })
    this.#expiry = new ConversationExpiry(ports.conversations, this.desk, settings.conversationRetentionMs)
    this.#recent = new RecentConversations(ports.conversations)
    this.#broadcaster = new Broadcaster({ fanOut: this.fanOut, now, source: () => ports.broadcasts() })
    for (const peer of restored) this.fanOut.add(peer)
    this.requests.recover()
    for (const peer of restored) this.fanOut.pump(peer)
  }

  /** @throws FreshetError `too_many_connections`; to be asked before a socket is accepted. As `Connections.admit`. */
  admit(requestId: string | null): boolean {
    return this.#connections.admit(requestId)
  }

  /** Where a stream of one request begins; null when there is nothing to tell. @throws FreshetError as findFollowed */
  find(follow: Follow, cursor: string | null): Following | null {
    const { requests } = this
    return findFollowed(follow, cursor, {
      ...this.#ports,
      requests: {
        known: (id) => requests.known(id),
        numberedOf: (row) => requests.numberedOf(row),
        runner: { get: (id) => requests.runner.flushed(id) },
      },
    })
  }

  connect(socket: HubSocket, options: ConnectOptions): Peer {
    const peer = this.#connections.open(socket, options)
    void this.#broadcaster.greet(peer)
    this.#ports.changed()
    this.#ports.reschedule()
    return peer
  }

  disconnected(peer: Peer): void {
    if (!this.fanOut.peers.has(peer)) return
    this.fanOut.remove(peer)
    const { store } = this.#ports
    if (peer.at.kind === 'socket') {
      store.totals.sockets_closed += 1
      store.totals.socket_seconds += Math.max(0, this.#ports.now() - peer.at.connected_at) / 1000
    } else store.totals.readers_closed += 1
    store.saveTotals()
    this.#ports.changed()
    this.#ports.reschedule()
  }

  /** A text frame of a client's socket, or of a bridge. */
  message(peer: Peer, text: string): void {
    if (peer.at.kind === 'bridge') {
      const passed = /^ack ([0-9]{1,9})$/.exec(text)?.[1]
      if (passed !== undefined) this.fanOut.acknowledged(peer, Number(passed))
      return
    }
    if (this.#closeExpired(peer)) return
    peer.update({ active_at: this.#ports.now() })
    let about: string | null = null
    try {
      const frame = parseClientFrame(text)
      about = namedIn(frame)
      this.#obey(peer, frame)
    } catch (error) {
      this.#complain(peer, shown(error), error instanceof BadFrame ? error.about : about)
      if (!(error instanceof FreshetError)) this.#ports.broken(error)
    }
  }

  /** Tells a client that what it sent cannot be taken (CM1). */
  refuse(peer: Peer, error: FreshetError): void {
    this.#complain(peer, error, null)
  }

  /** Begins a request for an HTTP caller. @throws FreshetError as Requests.start; `too_many_connections` for a stream */
  start(command: StartCommand, isStreamed: boolean): Started {
    const started = this.requests.start(command, isStreamed ? () => this.#connections.admit(null) : undefined)
    const { requestId, duplicate, joined } = started
    if (isStreamed && (joined || !duplicate)) this.#connections.expect(requestId, !duplicate)
    this.#use(command.conversationId)
    this.#ports.changedSoon()
    this.#ports.reschedule()
    return started
  }

  /** The request that a retry without an id repeats (GE11), or null: then its stream is on its way to it. */
  retried(command: StartCommand): string | null {
    const requestId = this.requests.retried(command)
    if (requestId !== null) this.#connections.expect(requestId, false)
    return requestId
  }

  /** @throws FreshetError `request_not_found` */
  cancel(requestId: string, reason: string): RequestStatus {
    return this.requests.cancel(requestId, reason)
  }

  /** Ends whatever runs in a conversation. @returns the ids of what was ended */
  cancelIn(conversationId: string, reason: string): readonly string[] {
    const running = [...this.requests.runner.all()].filter((one) => one.conversationId === conversationId)
    for (const one of running) this.requests.cancel(one.requestId, reason)
    return running.map(({ requestId }) => requestId)
  }

  request(requestId: string): RequestRow {
    return this.requests.known(requestId)
  }

  outcome(requestId: string): Promise<Outcome> {
    return this.requests.outcome(requestId)
  }

  /** What is due now: the alarm's work. @returns true when the hub holds nothing any more and can be wiped (SC3) */
  alarm(): boolean {
    const { log, store, settings } = this.#ports
    const now = this.#ports.now()
    this.requests.recover()
    this.requests.runner.checkDeadlines()
    for (const peer of [...this.fanOut.peers]) {
      if (peer.at.kind !== 'socket' || this.#closeExpired(peer) || peer.active.size > 0) continue
      if (this.#activity(peer) + settings.idleTimeoutMs <= now) peer.close(IDLE_CLOSE, 'The connection was idle.')
    }
    while (log.rotate(now - settings.retentionMs)) {
      store.forgetBefore(log.bounds().firstSeq)
      this.#ports.answers.expire()
    }
    this.#expiry.run(now)
    const wipeAt = this.#wipeAt()
    return wipeAt !== null && now >= wipeAt
  }

  /** Periodic events that are due at an alarm set for `scheduled`, ms. */
  broadcast(scheduled: number): Promise<void> {
    return this.#broadcaster.run(scheduled)
  }

  deadlines(): readonly Deadline[] {
    const { log, settings } = this.#ports
    const sockets = [...this.fanOut.peers].filter(
      // A socket that waits for an answer is not idle, however long the answer takes.
      (peer) => peer.at.kind === 'socket' && !peer.closed && peer.active.size === 0,
    )
    return deadlinesOf(
      {
        requestDeadlines: [...this.requests.runner.all()].map((running) => running.deadline),
        socketActivity: sockets.map((peer) => this.#activity(peer)),
        idleTimeoutMs: settings.idleTimeoutMs,
        tokens: [...this.fanOut.peers].flatMap(({ at, closed }) =>
          at.kind === 'socket' && !closed && at.expires_at !== null ? [at.expires_at] : [],
        ),
        broadcasts: this.#broadcaster.times(),
        rotation: log.nextRotation(settings.retentionMs) ?? this.#wipeAt(),
        expiry: this.#expiry.at,
      },
      this.#ports.now(),
    )
  }

  /** What the monitor is told (MO1). `ended` is kept until `reported`. */
  report(retired: boolean): Report {
    const { name, store, log } = this.#ports
    return {
      hub: name,
      epoch: log.bounds().epoch,
      user_id: store.userId,
      at: this.#ports.now(),
      retired,
      running: this.requests.runner.size,
      connections: [...this.fanOut.peers]
        .filter((peer) => !peer.closed)
        .map((peer) => ({
          id: peer.at.id,
          kind: peer.at.kind,
          user_id: peer.at.user_id,
          connected_at: peer.at.connected_at,
          active_at: this.#activity(peer),
          subscriptions: [...peer.at.filter.channels],
          active_requests: [...peer.active],
        })),
      totals: { ...store.totals, rows_written: store.rowsWritten },
      instance: this.#ports.instanceId,
      ...this.#news.report(),
      cache: this.#ports.cache(),
      conversations: [...this.#recent.list(this.#ports.now())],
    }
  }

  /** An attempt at a provider has ended: the monitor is to know, at once if it failed. */
  attempted(attempt: Attempt): void {
    this.#news.attempted(attempt)
    if (attempt.outcome !== 'ok') this.#ports.changed()
  }

  /** The monitor has a report: what was told once need not be told again. */
  reported(report: Report): void {
    this.#news.told(report)
  }

  /** When a hub that holds no event, connection or request can be wiped (SC3), ms; null while it holds any, or a conversation or todo. */
  #wipeAt(): number | null {
    const { log, store, settings, answers, conversations } = this.#ports
    const holds = log.nextRotation(settings.retentionMs) !== null || this.fanOut.peers.size > 0
    if (holds || this.requests.runner.size > 0 || conversations.oldestUse() !== null) return null
    const until = Math.max(store.createdAt + settings.retentionMs, answers.settledUntil ?? 0, this.#ports.heldUntil())
    return until === Number.POSITIVE_INFINITY ? null : until
  }

  #obey(peer: Peer, frame: ClientFrame): void {
    switch (frame.type) {
      case 'start': {
        const { conversationId } = frame.command
        const { model_preference: model, language } = peer.at.preferences
        const asked = conversationId ?? peer.at.filter.conversation_id
        const started = this.requests.start({
          ...frame.command,
          conversationId: asked,
          model: typeof model === 'string' ? model : null,
          language: typeof language === 'string' ? language : null,
        })
        if (started.duplicate) this.#connections.show(peer, started.requestId)
        else if (this.requests.runner.get(started.requestId) !== undefined) peer.active.add(started.requestId)
        this.#use(asked)
        this.#ports.changedSoon()
        this.#ports.reschedule()
        return
      }
      case 'cancel':
        this.requests.cancel(frame.requestId, 'cancelled by the client')
        return
      case 'preferences':
        this.#prefer(peer, frame.preferences)
        return
      case 'ping': {
        const pong = { type: 'pong', timestamp: frame.timestamp ?? null, server_time: this.#ports.now() / 1000 }
        peer.sendBare(JSON.stringify(pong))
      }
    }
  }

  /** Other devices are told at once; what they resume later has no word of it (CV6). */
  #announce(conversationId: string, change: 'cleared' | 'deleted'): void {
    const data = { conversation_id: conversationId, change }
    const text = shareText(ephemeral('conversation_changed', data, this.#ports.now()))
    for (const peer of this.fanOut.peers) {
      const { channels, conversation_id } = peer.at.filter
      const concerns = conversation_id === null || conversation_id === conversationId
      if (peer.isLive && concerns && channels.includes('ai_response')) peer.send([text])
    }
  }

  /** Closes a socket whose token has ended (ID10). */
  #closeExpired(peer: Peer): boolean {
    const { expires_at } = peer.at
    if (expires_at === null || expires_at > this.#ports.now()) return false
    peer.close(TOKEN_CLOSE, 'The token has expired. Connect again with a new one and last_event_id.')
    return true
  }

  #prefer(peer: Peer, given: Attachment['preferences']): void {
    const zone = zoneAmong(given)
    const merged = mergePreferences(peer.at.preferences, given)
    if (zone !== undefined) this.#ports.wishes.setTimeZone(zone)
    peer.update({ preferences: merged })
    peer.send([this.#connections.status(peer, { preferences: merged })])
  }

  #complain(peer: Peer, error: FreshetError, about: string | null): void {
    const limit = error.limit === null ? {} : { limits: error.limit.policies, ...error.limit.usage }
    const data = { error: error.message, error_type: error.code, request_id: null, ...limit }
    const metadata = about === null ? {} : { about_request_id: about }
    peer.send([shareText(ephemeral('error', data, this.#ports.now(), { metadata }))])
  }

  #onEnd(end: LogEvent, seconds: number): void {
    const now = this.#ports.now()
    for (const peer of this.fanOut.peers) {
      peer.active.delete(end.request_id)
      peer.told.delete(end.request_id)
      if (peer.at.kind === 'socket' && !peer.closed && admits(peer.at.filter, end)) peer.update({ active_at: now })
    }
    this.#use(end.conversation_id)
    this.#news.ended(seconds)
    this.#ports.changed()
    // Sockets that waited for this answer can be idle from now on.
    this.#ports.reschedule()
  }

  #use(conversationId: string | null): void {
    if (conversationId === null) return
    const now = this.#ports.now()
    this.#expiry.used(now)
    this.#recent.used(conversationId, now)
  }

  #activity(peer: Peer): number {
    return Math.max(peer.at.active_at, this.#ports.answeredAt(peer.socket) ?? 0)
  }

  #count(peer: Peer, types: readonly string[], bytes: number): void {
    const { totals } = this.#ports.store
    totals.bytes_sent += bytes
    if (peer.at.kind !== 'bridge') return
    for (const type of types) totals.reader_events[type] = (totals.reader_events[type] ?? 0) + 1
  }
}
