import { agentOf } from '../agents/agents.ts'
import { closingOf } from '../core/closing.ts'
import type { StartCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { isTerminal, type LogEvent, type Numbered } from '../core/events.ts'
import type { Closing } from '../core/generation.ts'
import { endOf, interrupted } from '../core/generation.ts'
import { newId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { type EventLog, eventsAfter } from '../core/log.ts'
import { type RequestResult, resultOf } from '../core/result.ts'
import type { Allowance } from './allowance.ts'
import type { Answers, Plan } from './answers.ts'
import type { Conversations, Exchange } from './conversations.ts'
import { leftOf } from './left-behind.ts'
import { Retries } from './retries.ts'
import { Runner, Running } from './runner.ts'
import type { HubStore, RequestRow, RequestStatus } from './store.ts'
import type { Wishes } from './wishes.ts'

const PAGE = { events: LIMITS.pageEvents, bytes: LIMITS.pageBytes }

/** How a request came out, for a caller who waited. */
export interface Outcome {
  readonly status: RequestStatus
  /** Characters of the answer. */
  readonly chars: number
  /** The code when it is `error`, else null. */
  readonly errorType: string | null
}

export interface Started {
  readonly requestId: string
  /** True when the id was known: nothing new runs (GE3). */
  readonly duplicate: boolean
  /** True when it is a retry without an id that was led to what it repeats (GE11). */
  readonly joined: boolean
  /** The number of its `stream_start`. */
  readonly startSeq: number
}

interface RequestPorts {
  readonly log: EventLog
  readonly store: HubStore
  readonly answers: Answers
  readonly conversations: Conversations
  readonly allowance: Allowance
  /** What the user wants wherever it is asked. */
  readonly wishes: Pick<Wishes, 'timeZone'>
  readonly maxActive: number
  now(): number
  transaction<T>(work: () => T): T
  deliver(events: readonly Numbered[]): void
  watched(running: Running): boolean
  /** True while a stream that was made for this request is open. */
  isRead(requestId: string): boolean
  /** True while one is open whose reader will not ask anew if it ends now. */
  isFollowed(requestId: string): boolean
  /** A request has ended; after its events were sent. */
  ended(end: LogEvent, seconds: number): void
  broken(error: unknown): void
}

/** All requests of a user: begin, cancel, end exactly once (SPEC GE). */
export class Requests {
  readonly #ports: RequestPorts
  readonly #runner: Runner
  readonly #waiting = new Map<string, ((outcome: Outcome) => void)[]>()
  /** How many of those who wait for a request's end are still there. */
  readonly #waiters = new Map<string, number>()
  readonly #retries: Retries

  constructor(ports: RequestPorts) {
    this.#ports = ports
    this.#runner = new Runner({
      now: () => ports.now(),
      watched: (running) => ports.watched(running),
      closing: (running) => this.#closing(running),
      commit: (running, events) => this.#commit(running, events),
      broken: (error) => ports.broken(error),
    })
    this.#retries = new Retries({
      now: () => ports.now(),
      withKey: (retryKey, since) => ports.store.withRetryKey(retryKey, since),
      isRead: (requestId) => this.#isRead(requestId),
    })
  }

  get runner(): Runner {
    return this.#runner
  }

  /**
   * Begins a request, or finds the one that has its id.
   * @param admit is asked before anything begins, and may refuse
   * @throws FreshetError `request_id_reused`, `too_many_requests`, `cost_limit_exceeded`, `unknown_agent`,
   * `too_many_conversations`, `rate_limited`, `quota_exceeded`; then nothing has changed.
   */
  start(command: StartCommand, admit?: () => void): Started {
    const { requestId, known } = this.#named(command)
    if (known !== null) return this.#again(known, command.prompt)
    const retried = this.#retries.find(command)
    if (retried !== null) {
      return { requestId: retried.request_id, duplicate: true, joined: true, startSeq: retried.start_seq }
    }
    try {
      admit?.()
      return this.#begin({ ...command, requestId, timeZone: command.timeZone ?? this.#ports.wishes.timeZone })
    } catch (error) {
      this.#retries.refused(command)
      throw error
    }
  }

  /** The request that a retry without an id repeats (GE11), or null. */
  retried(command: StartCommand): string | null {
    return this.#retries.find(command)?.request_id ?? null
  }

  #begin(command: StartCommand): Started {
    const { log, store, answers, conversations, maxActive } = this.#ports
    if (agentOf(command.agent) === null) {
      throw new FreshetError('unknown_agent', 'There is no agent of this name. GET /v1/models lists them.')
    }
    if (this.#runner.size >= maxActive) {
      const words = `At most ${maxActive} requests run at a time for one user. Wait for one to end, or cancel one.`
      throw new FreshetError('too_many_requests', words)
    }
    const now = this.#ports.now()
    const { conversationId } = command
    const isNew = conversationId !== null && conversations.isNew(conversationId)
    // Before anything is looked up or chosen for it: what is refused has cost nothing and used up nothing.
    this.#ports.allowance.check(command.agent, now)
    const running = new Running(command, command.requestId ?? newId(store.privateKey), now, {
      turn: store.totals.requests,
      ...this.#past(command),
    })
    answers.check(running)
    const startSeq = log.bounds().lastSeq + 1
    // Chosen in this turn where that can be, so that the start and the choice are one row.
    const plan = answers.isReady ? answers.plan(running) : null
    const events = running.generation.begin(
      now,
      plan === null ? null : providerOf(plan),
      plan !== null && plan.cached !== null,
    )
    // Nothing refuses from here on: what is counted is begun.
    this.#ports.allowance.count(running.requestId, command.agent, now)
    const numbered = this.#ports.transaction(() => {
      if (isNew) {
        conversations.ensure(conversationId, now)
        store.totals.conversations += 1
        // Nothing else tells later that it was made: it may be deleted before the totals are saved again.
        store.saveTotals()
      }
      store.addRequest({
        request_id: running.requestId,
        conversation_id: command.conversationId,
        target: command.target,
        start_seq: startSeq,
        started_at: now,
        deadline: running.deadline,
        retry_key: command.retryKey,
        message_id: command.messageId,
        goes_on: command.after.length > 0 ? 1 : 0,
        agent: command.agent,
      })
      return log.append(events)
    })
    for (const one of numbered) running.compact.add(one)
    store.totals.requests += 1
    this.#runner.enlist(running)
    this.#ports.deliver(numbered)
    void this.#runner.run(running, async () => {
      if (plan !== null) return answers.open(running, plan)
      await answers.prepare()
      const late = answers.plan(running)
      const routed = running.generation.routed(this.#ports.now(), providerOf(late), [], late.cached !== null)
      if (routed.length > 0) this.#commit(running, routed)
      return answers.open(running, late)
    })
    return { requestId: running.requestId, duplicate: false, joined: false, startSeq }
  }

  /**
   * Ends a request as cancelled if it runs (GE4); one that has ended stays as it ended (GE5).
   * @returns how the request stands now
   * @throws FreshetError `request_not_found`
   */
  cancel(requestId: string, reason: string): RequestStatus {
    const running = this.#runner.get(requestId)
    if (running === undefined) return this.known(requestId).status
    this.#runner.cancel(running, reason)
    return 'cancelled'
  }

  /** @throws FreshetError `request_not_found` */
  known(requestId: string): RequestRow {
    const row = this.#ports.store.request(requestId)
    if (row !== null) return row
    throw new FreshetError('request_not_found', 'There is no request with this id, or it is no longer kept.')
  }

  /** The request's events that are kept, oldest first. */
  *eventsOf(row: RequestRow): Generator<LogEvent> {
    for (const { event } of this.numberedOf(row)) yield event
  }

  /** The same with their numbers. Of a deleted conversation nothing is left to tell (CV6). */
  *numberedOf(row: RequestRow): Generator<Numbered> {
    for (const numbered of eventsAfter(this.#ports.log, row.start_seq - 1, PAGE)) {
      const { seq, event } = numbered
      if (row.end_seq !== null && seq > row.end_seq) return
      if (event.request_id !== row.request_id) continue
      if (event.type === 'deleted') return
      yield numbered
      if (isTerminal(event)) return
    }
  }

  /** How a request came out, whole. Resolves when it has ended. @throws FreshetError `request_not_found` */
  async result(requestId: string): Promise<RequestResult> {
    await this.outcome(requestId)
    const events = [...this.eventsOf(this.known(requestId))]
    if (events[0]?.type === 'stream_start') return resultOf(events)
    throw new FreshetError('request_not_found', 'What this request was answered is no longer kept.')
  }

  /** Resolves when the request has ended, at once if it already has. Who waits is one of its readers (GE11). */
  outcome(requestId: string): Promise<Outcome> {
    const row = this.known(requestId)
    if (row.status === 'running') {
      this.#waiters.set(requestId, (this.#waiters.get(requestId) ?? 0) + 1)
      return new Promise((resolve) => {
        this.#waiting.set(requestId, [...(this.#waiting.get(requestId) ?? []), resolve])
      })
    }
    this.#ports.store.seen(requestId)
    let end: LogEvent | undefined
    for (const event of this.eventsOf(row)) end = event
    return Promise.resolve(outcomeOf(row.status, row.chars ?? 0, end))
  }

  /** One of those who wait for a request's end has gone. */
  left(requestId: string): void {
    const waiters = this.#waiters.get(requestId) ?? 0
    if (waiters > 0) this.#waiters.set(requestId, waiters - 1)
  }

  /** Ends what ran when an earlier instance died (GE6). */
  recover(): void {
    const { store } = this.#ports
    const left = store.runningRequests()
    // The count of those that began may have died with it too: all that are known have ended or run.
    const ended = store.totals.completed + store.totals.failed + store.totals.cancelled
    store.totals.requests = Math.max(store.totals.requests, ended + left.length)
    for (const row of left) {
      if (this.#runner.get(row.request_id) !== undefined) continue
      const { start, provider, text, chars, charsBefore } = leftOf(this.eventsOf(row))
      const now = this.#ports.now()
      const names = { requestId: row.request_id, conversationId: row.conversation_id, target: row.target }
      const end = interrupted(names, now)
      if (provider !== null) {
        this.#ports.answers.settleInterrupted(row.request_id, provider, {
          startedAt: row.started_at,
          promptChars: (start?.data.prompt_length ?? 0) + charsBefore,
          answerChars: Math.max(0, chars - charsBefore),
        })
      }
      this.#close(row.request_id, [end], end, {
        now,
        chars,
        seconds: Math.max(0, now - row.started_at) / 1000,
        save: () => {
          if (start === null) return
          const { prompt, message_id } = start.data
          this.#keep(row, exchangeOf(prompt, text, 'error', row.started_at, message_id), now)
        },
      })
    }
  }

  /**
   * The request that a command's id means: the known one, or the id under which to begin. A message's request that is no
   * longer its answer (it was edited since, or deleted) is past: the same words again are a new one, by the same rule
   * each time (CV7).
   */
  #named(command: StartCommand): { requestId: string | null; known: RequestRow | null } {
    if (command.requestId === null) return { requestId: null, known: null }
    for (let n = 1; ; n++) {
      const requestId = n === 1 ? command.requestId : `${command.requestId}.${n}`
      const known = this.#ports.store.request(requestId)
      if (known === null || !this.#isPast(known, command)) return { requestId, known }
    }
  }

  #isPast(known: RequestRow, { conversationId, messageId, isDerivedId }: StartCommand): boolean {
    // An id that the caller gave is the caller's word (GE3).
    if (isDerivedId !== true || known.status === 'running') return false
    if (conversationId === null || messageId === null) return false
    const answers = this.#ports.conversations.requestsOf(conversationId, messageId)
    return answers.length > 0 ? !answers.includes(known.request_id) : this.eventsOf(known).next().done === true
  }

  #again(known: RequestRow, prompt: string): Started {
    for (const event of this.eventsOf(known)) {
      if (event.type === 'stream_start' && event.data.prompt !== prompt) {
        const words = 'This request_id was used for another prompt. Give every new prompt an id of its own.'
        throw new FreshetError('request_id_reused', words)
      }
      break
    }
    return { requestId: known.request_id, duplicate: true, joined: false, startSeq: known.start_seq }
  }

  #commit(running: Running, events: readonly LogEvent[]): void {
    const end = endOf(events)
    if (end === undefined) {
      const numbered = this.#ports.log.append(events)
      for (const one of numbered) running.compact.add(one)
      this.#ports.deliver(numbered)
      return
    }
    const now = this.#ports.now()
    const seconds = Math.max(0, now - running.generation.startedAt) / 1000
    this.#close(running.requestId, events, end, {
      now,
      chars: running.generation.length,
      seconds,
      save: () => this.#save(running, statusOf(end), now),
    })
  }

  /** What a command's model is reminded of: what the caller sent, or what the conversation holds (CV3). */
  #past({ history, conversationId, messageId }: StartCommand) {
    if (history !== null) return { history, dropped: 0 }
    if (conversationId === null) return {}
    const past = this.#ports.conversations.history(conversationId, messageId)
    return { history: past.messages, dropped: past.dropped }
  }

  /** True while a stream of it is open, or somebody waits for its end. */
  #isRead(requestId: string): boolean {
    return this.#ports.isRead(requestId) || this.#isAwaited(requestId)
  }

  /** True when its end is seen if it comes now. */
  #isSeen(requestId: string): boolean {
    return this.#ports.isFollowed(requestId) || this.#isAwaited(requestId)
  }

  #isAwaited(requestId: string): boolean {
    return (this.#waiters.get(requestId) ?? 0) > 0
  }

  #closing({ command, history, generation }: Running): { messageCount: number | null; closing: Closing | null } {
    const { conversationId, messageId, prompt } = command
    const answered = generation.length > 0 ? 2 : 1
    const messageCount =
      conversationId === null ? null : this.#ports.conversations.countBefore(conversationId, messageId) + answered
    return { messageCount, closing: command.closing ? closingOf(history, prompt, generation.text) : null }
  }

  #save(running: Running, status: Exchange['status'], now: number): void {
    const { command, generation, requestId } = running
    if (command.conversationId === null) return
    const { text, startedAt } = generation
    this.#keep(this.known(requestId), exchangeOf(command.prompt, text, status, startedAt, command.answerId), now)
  }

  #keep(row: RequestRow, exchange: Exchange, at: number): void {
    const { request_id: requestId, start_seq: startSeq, message_id: messageId } = row
    const { store, conversations } = this.#ports
    if (row.conversation_id === null) return
    // A message that cannot come again replaces nothing.
    const running = messageId === null ? [] : store.runningRequests()
    const older = running
      .filter((one) => one.conversation_id === row.conversation_id && one.start_seq < startSeq && one.goes_on === 0)
      .map((one) => ({ startSeq: one.start_seq, messageId: one.message_id }))
    const goesOn = row.goes_on === 1
    conversations.save(row.conversation_id, { requestId, startSeq, messageId, older, at, exchange, goesOn })
  }

  /** The last events of a request and its end, with its exchange: one transaction, in one turn with their sending. */
  #close(
    requestId: string,
    events: readonly LogEvent[],
    end: LogEvent,
    { now, chars, seconds, save }: { now: number; chars: number; seconds: number; save: () => void },
  ): void {
    const { log, store } = this.#ports
    const status = statusOf(end)
    const numbered = this.#ports.transaction(() => {
      const appended = log.append(events)
      const seq = appended.at(-1)?.seq ?? log.bounds().lastSeq
      store.endRequest(requestId, { status, now, chars, seq, seen: this.#isSeen(requestId) })
      save()
      return appended
    })
    this.#ports.deliver(numbered)
    if (status === 'complete') store.totals.completed += 1
    else if (status === 'cancelled') store.totals.cancelled += 1
    else store.totals.failed += 1
    if (end.type === 'stream_end' && end.data.cache_hit) store.totals.cache_hits += 1
    this.#ports.allowance.end(requestId, status !== 'error' || chars > 0)
    store.totals.quota = this.#ports.allowance.stored
    store.totals.stream_seconds += seconds
    store.totals.answer_chars += chars
    store.saveTotals()
    for (const resolve of this.#waiting.get(requestId) ?? []) resolve(outcomeOf(status, chars, end))
    this.#waiting.delete(requestId)
    this.#waiters.delete(requestId)
    this.#ports.ended(end, seconds)
  }
}

function providerOf(plan: Plan): string {
  return plan.cached?.provider ?? plan.order[0]?.name ?? ''
}

function exchangeOf(
  prompt: string,
  text: string,
  status: Exchange['status'],
  started_at: number,
  answer_id: string | null,
): Exchange {
  return { prompt, text, status, started_at, answer_id }
}

function statusOf(end: LogEvent): Exchange['status'] {
  if (end.type === 'stream_end') return 'complete'
  return end.type === 'cancelled' ? 'cancelled' : 'error'
}

function outcomeOf(status: RequestStatus, chars: number, end: LogEvent | undefined): Outcome {
  return { status, chars, errorType: end?.type === 'error' ? end.data.error_type : null }
}
