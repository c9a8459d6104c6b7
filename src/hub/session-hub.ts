import { DurableObject } from 'cloudflare:workers'
import type { ChangesInput, DraftInput } from '../agents/todo/resolve.ts'
import type { StartCommand } from '../core/commands.ts'
import type { Conversation, ConversationInfo, ConversationPage } from '../core/conversation.ts'
import { FreshetError } from '../core/errors.ts'
import { newEpoch, newId, newPrivateKey } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import type { Report } from '../core/report.ts'
import type { RequestResult } from '../core/result.ts'
import { nextAlarm } from '../core/schedule.ts'
import type { Todo } from '../core/todo.ts'
import { readConfig, secretOf } from '../env.ts'
import { candidatesOf } from '../providers/candidates.ts'
import { createProviders } from '../providers/create-providers.ts'
import { Allowance } from './allowance.ts'
import { AnswerCache } from './answer-cache.ts'
import { Answers } from './answers.ts'
import { Conversations } from './conversations.ts'
import { HealthView } from './health-view.ts'
import { Hub } from './hub.ts'
import { debugOf, type HubDebug } from './hub-debug.ts'
import { Ledger } from './ledger.ts'
import { Peer } from './peer.ts'
import { CONNECT_HEADER, connectSchema, type HubCaller, type Refusal, type Reply, reply } from './protocol.ts'
import { Reporter } from './reporter.ts'
import type { Outcome, Started } from './requests.ts'
import { hasSchema, migrate } from './schema.ts'
import { Sql } from './sql.ts'
import { SqliteLog } from './sqlite-log.ts'
import { HubStore, type RequestRow, type RequestStatus } from './store.ts'
import { type TicketIdentity, Tickets } from './tickets.ts'
import { noTodo, TodoDesk, type TodoQuery } from './todo-desk.ts'
import { SqliteTodos } from './todos.ts'
import { Wishes } from './wishes.ts'

/** What is alive while the hub has tables. */
interface Alive {
  readonly hub: Hub
  readonly log: SqliteLog
  readonly store: HubStore
  readonly reporter: Reporter
  readonly tickets: Tickets
  readonly todos: TodoDesk
}

/** A user's Durable Object: the platform's events come in here and go to the plain `Hub`. */
export class SessionHub extends DurableObject<Cloudflare.Env> {
  readonly #instanceId = newPrivateKey().slice(1)
  readonly #sql: Sql
  readonly #peers = new WeakMap<WebSocket, Peer>()
  #alive: Alive | null = null
  /** True when the statistics were read a short while before the last report. */
  #watched = false
  /** When the alarm is set for, ms, or null. */
  #alarmAt: number | null = null
  #isLeaving = false

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    this.#sql = new Sql(ctx.storage)
    // Answered by the platform without waking the hub (CM2).
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = await ctx.storage.getAlarm()
      if (hasSchema(this.#sql)) this.#wake(null)
    })
  }

  /** A WebSocket of a client or of a bridge; its options are in the header that the edge sets. */
  override async fetch(request: Request): Promise<Response> {
    const options = connectSchema.parse(JSON.parse(decodeURIComponent(request.headers.get(CONNECT_HEADER) ?? 'null')))
    const { follow } = options
    // Asked after a request, a hub that holds nothing does not begin to be one.
    if (follow !== null && this.#alive === null) {
      if (follow.requestId === null || options.cursor !== null) return nothing()
      return refused(unknownRequest())
    }
    const admitted = this.#reply(() => {
      const { hub } = this.#get(options)
      const following = follow === null ? undefined : hub.find(follow, options.cursor)
      if (following === null) return null
      const isStarters = hub.admit(following?.requestId ?? null)
      const { 0: client, 1: server } = new WebSocketPair()
      this.ctx.acceptWebSocket(server)
      this.#peers.set(
        server,
        hub.connect(server, following === undefined ? options : { ...options, following, isStarters }),
      )
      return client
    })
    if (!admitted.ok) return refused(admitted.refusal)
    return admitted.value === null ? nothing() : new Response(null, { status: 101, webSocket: admitted.value })
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const peer = this.#peers.get(socket)
    const hub = this.#alive?.hub
    if (peer === undefined || hub === undefined) return
    if (typeof message === 'string') hub.message(peer, message)
    else hub.refuse(peer, new FreshetError('bad_request', 'Send text frames with JSON, not binary ones.'))
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#gone(socket)
    try {
      // 1005 and 1006 say that there was no code; they cannot be sent.
      if (code === 1005 || code === 1006) socket.close()
      else socket.close(code)
    } catch {
      // The platform has closed it already.
    }
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket)
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#alarmAt = null
    const alive = this.#alive
    if (alive === null) return
    const holdsNothing = this.#reply(() => alive.hub.alarm())
    // The platform comes again with it, to the next instance.
    if (!holdsNothing.ok) throw new Error('the alarm was not carried out')
    if (holdsNothing.value) {
      const report = alive.hub.report(true)
      this.#alive = null
      await this.ctx.storage.deleteAll()
      await this.env.MONITOR.getByName('monitor').report(report)
      return
    }
    // The next time is set before the monitor is asked: its answer may come after that time.
    this.#reschedule()
    await alive.hub.broadcast(info?.scheduledTime ?? Date.now())
    this.#reschedule()
  }

  /** Begins a generation. @param isStreamed true when a stream of it is opened next: it has its place then */
  start(caller: HubCaller, command: StartCommand, isStreamed = false): Reply<Started> {
    return this.#reply(() => this.#get(caller).hub.start(command, isStreamed))
  }

  /** The request that a retry without an id repeats (GE11), or null; nothing is begun by it, but it is claimed for that retry. */
  retried(command: StartCommand): Reply<string | null> {
    return this.#reply(() => this.#alive?.hub.retried(command) ?? null)
  }

  /** Ends a generation as cancelled, from whichever client. */
  cancel(requestId: string): Reply<RequestStatus> {
    return this.#reply(() => (this.#alive ?? notFound()).hub.cancel(requestId, 'cancelled by the client'))
  }

  /** Ends whatever runs in a conversation; the ids of what was ended. */
  cancelIn(conversationId: string): Reply<readonly string[]> {
    return this.#reply(() => this.#alive?.hub.cancelIn(conversationId, 'cancelled by the client') ?? [])
  }

  /** How a request stands. */
  request(requestId: string): Reply<RequestRow> {
    // Asked of a hub that holds nothing, it does not begin to be one.
    return read(() => (this.#alive ?? notFound()).hub.request(requestId))
  }

  /** How a request came out, whole; resolves when it has ended. */
  async result(requestId: string): Promise<Reply<RequestResult>> {
    const waiting = this.#reply(() => (this.#alive ?? notFound()).hub.requests.result(requestId))
    if (!waiting.ok) return waiting
    return waiting.value.then(
      (value) => ({ ok: true, value }) as const,
      (error: unknown) => this.#reply(() => raise(error)),
    )
  }

  /** A caller of `result` or `outcome` has gone before the end. */
  left(requestId: string): void {
    this.#alive?.hub.requests.left(requestId)
  }

  /** Makes a conversation, or finds the one of this id. */
  createConversation(caller: HubCaller, id: string | null, title: string | null): Reply<ConversationInfo> {
    return this.#reply(() => this.#get(caller).hub.desk.create(id, title))
  }

  /** A page of conversations, newest first. @param before `next` of the page before, or null */
  conversations(before: string | null, limit: number): Reply<ConversationPage> {
    return read(() => this.#alive?.hub.desk.list(before, limit) ?? { conversations: [], next: null })
  }

  /** The newest messages of a conversation. @param before `next` of the answer before, for older ones, or null */
  conversation(id: string, before: number | null = null): Reply<Conversation> {
    return read(() => (this.#alive ?? noConversation()).hub.desk.read(id, before))
  }

  renameConversation(id: string, title: string): Reply<ConversationInfo> {
    return this.#reply(() => (this.#alive ?? noConversation()).hub.desk.rename(id, title))
  }

  clearConversation(id: string): Reply<ConversationInfo> {
    return this.#reply(() => (this.#alive ?? noConversation()).hub.desk.clear(id))
  }

  deleteConversation(id: string): Reply<null> {
    return this.#reply(() => {
      const { hub } = this.#alive ?? noConversation()
      hub.desk.delete(id)
      return null
    })
  }

  /** Adds a todo. @param timeZone the caller's, or null; here and below as `TodoDesk` has it */
  createTodo(caller: HubCaller, input: DraftInput, timeZone: string | null): Reply<Todo> {
    return this.#reply(() => this.#get(caller).todos.create(input, timeZone))
  }

  /** The todos that fit, by their time. */
  todos(query: TodoQuery, timeZone: string | null): Reply<readonly Todo[]> {
    return read(() => this.#alive?.todos.list(query, timeZone) ?? [])
  }

  todo(id: string, timeZone: string | null): Reply<Todo> {
    return read(() => this.#alive?.todos.read(id, timeZone) ?? noTodo())
  }

  changeTodo(id: string, input: ChangesInput, timeZone: string | null): Reply<Todo> {
    return this.#reply(() => this.#alive?.todos.change(id, input, timeZone) ?? noTodo())
  }

  /** @returns what was there */
  deleteTodo(id: string, timeZone: string | null): Reply<Todo> {
    return this.#reply(() => {
      const todo = this.#alive?.todos.delete(id, timeZone) ?? noTodo()
      // It may have been the last thing that the hub held.
      this.#reschedule()
      return todo
    })
  }

  /** Resolves when the request has ended. */
  async outcome(requestId: string): Promise<Reply<Outcome>> {
    const waiting = this.#reply(() => (this.#alive ?? notFound()).hub.outcome(requestId))
    return waiting.ok ? { ok: true, value: await waiting.value } : waiting
  }

  /** The hub's present report, for a monitor that was restarted; null when the hub holds nothing. */
  refresh(): Report | null {
    return this.#alive?.hub.report(false) ?? null
  }

  /** Keeps a ticket for the user (ID8). */
  issueTicket(caller: HubCaller, hash: string, identity: TicketIdentity): Reply<null> {
    return this.#reply(() => {
      this.#get(caller).tickets.issue(hash, identity, Date.now())
      return null
    })
  }

  /** Uses a ticket up; null when it is not good (any more). */
  redeemTicket(hash: string): Reply<TicketIdentity | null> {
    return this.#reply(() => this.#alive?.tickets.redeem(hash, Date.now()) ?? null)
  }

  /** For the operator: what the hub is and holds. */
  debug(): HubDebug {
    return debugOf(this.#alive, this.#instanceId, this.#sql.bytes)
  }

  /** What a caller asked for. After a failure that nobody foresaw it is answered, and then the object starts anew. */
  #reply<T>(work: () => T): Reply<T> {
    return reply(work, (error) => this.#startAnew(error))
  }

  #get(caller: HubCaller): Alive {
    return this.#alive ?? this.#wake(caller)
  }

  /** @param caller whose hub it is, or null when its tables say so */
  #wake(caller: HubCaller | null): Alive {
    const config = readConfig(this.env)
    migrate(this.#sql, caller === null ? null : { ...caller, epoch: newEpoch(caller.privateKey) }, Date.now())
    const log = new SqliteLog(this.#sql)
    const store = new HubStore(this.#sql)
    const health = new HealthView({
      now: () => Date.now(),
      ask: () => this.env.MONITOR.getByName('monitor').health(),
    })
    const reporter = new Reporter({
      report: () => hub.report(false),
      send: async (report) => {
        const receipt = await this.env.MONITOR.getByName('monitor').report(report)
        health.take(receipt.health)
        this.#watched = receipt.watched
      },
      sent: (report) => hub.reported(report),
    })
    const cache = new AnswerCache(this.#sql)
    const conversations = new Conversations(this.#sql)
    const providers = createProviders(config.providers, (name) => secretOf(this.env, name), {
      ai: Reflect.get(this.env, 'AI'),
      genaiModelId: config.genaiModelId,
    })
    const now = Date.now()
    const todos = new SqliteTodos(this.#sql, () => newId(store.privateKey))
    const tickets = new Tickets(this.#sql)
    const wishes = new Wishes(this.#sql)
    const answers = new Answers({
      providers,
      candidates: candidatesOf(config.providers, providers),
      health,
      ledger: new Ledger(this.#sql),
      cache,
      store,
      todos,
      firstTokenMs: config.firstTokenMs,
      stallMs: config.stallMs,
      now: () => Date.now(),
      attempted: (attempt) => hub.attempted(attempt),
    })
    const hub: Hub = new Hub(
      {
        name: store.privateKey === null ? `user:${store.userId}` : `private:${store.privateKey}`,
        log,
        store,
        answers,
        conversations,
        heldUntil: () => (todos.count() > 0 ? Number.POSITIVE_INFINITY : (tickets.newestEnd ?? 0)),
        allowance: new Allowance(config.limits, store.starts(now - 60_000), store.totals.quota, now),
        wishes,
        answerCache: cache,
        instanceId: this.#instanceId,
        cache: () => ({ entries: cache.entries, max_entries: LIMITS.cacheEntries }),
        settings: {
          maxConnections: config.maxConnections,
          maxActive: config.maxActiveRequests,
          idleTimeoutMs: config.idleTimeoutMs,
          retentionMs: config.retentionMs,
          conversationRetentionMs: config.conversationRetentionMs,
        },
        now: () => Date.now(),
        transaction: (work) => this.#sql.transaction(work),
        answeredAt: (socket) => this.#answeredAt(socket),
        broadcasts: () => this.env.MONITOR.getByName('monitor').broadcasts(),
        changed: () => reporter.changed(),
        changedSoon: () => {
          // What began is told with its end, unless somebody is looking at the statistics.
          if (this.#watched) reporter.soon()
        },
        reschedule: () => this.#reschedule(),
        broken: (error) => this.#startAnew(error),
      },
      this.#restore(),
    )
    this.#alive = {
      hub,
      log,
      store,
      reporter,
      todos: new TodoDesk(todos, wishes, () => Date.now()),
      tickets,
    }
    this.#reschedule()
    return this.#alive
  }

  /** Sockets that outlived the last instance; one whose attachment is not ours is told to come again. */
  #restore(): readonly Peer[] {
    return this.ctx.getWebSockets().flatMap((socket) => {
      const peer = Peer.restore(socket, socket.deserializeAttachment())
      if (peer === null) {
        socket.close(1012, 'The service was updated. Reconnect with last_event_id.')
        return []
      }
      this.#peers.set(socket, peer)
      return [peer]
    })
  }

  #answeredAt(socket: object): number | null {
    return socket instanceof WebSocket ? (this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null) : null
  }

  #gone(socket: WebSocket): void {
    const peer = this.#peers.get(socket)
    this.#peers.delete(socket)
    if (peer !== undefined) this.#alive?.hub.disconnected(peer)
  }

  #reschedule(): void {
    const alive = this.#alive
    if (alive === null) return
    const next = nextAlarm(alive.hub.deadlines(), this.#alarmAt)
    if (next === null) return
    this.#alarmAt = next
    // Not awaited: the output gate holds back whatever is sent until this is stored too.
    void this.ctx.storage.setAlarm(next)
  }

  /**
   * What is in memory may be ahead of what is stored. From now on nobody is let in and nothing is written; what is being
   * answered goes out, and then the object ends. The next one knows what is stored, and nothing else.
   */
  #startAnew(error: unknown): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    console.error({ message: 'hub starts anew', name: error instanceof Error ? error.name : typeof error })
    this.#sql.seal()
    void this.ctx.blockConcurrencyWhile(async () => {
      await new Promise((resolve) => setTimeout(resolve, 0))
      this.ctx.abort('the hub starts anew')
    })
  }
}

/** A reply to a question that changes nothing: what goes wrong with it puts nothing in memory ahead of what is stored (LG8). */
function read<T>(work: () => T): Reply<T> {
  return reply(work, (error) => {
    console.error({ message: 'not read', name: error instanceof Error ? error.name : typeof error })
  })
}

/** There is nothing to tell (DI2): the edge answers 204. */
function nothing(): Response {
  return new Response(null, { status: 204 })
}

function refused({ code, message }: Refusal): Response {
  return Response.json({ code, message }, { status: 409 })
}

function raise(error: unknown): never {
  throw error
}

function noConversation(): never {
  throw new FreshetError('conversation_not_found', 'There is no conversation with this id.')
}

function notFound(): never {
  throw unknownRequest()
}

function unknownRequest(): FreshetError {
  return new FreshetError('request_not_found', 'There is no request with this id, or it is no longer kept.')
}
