import type { StartCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { isTerminal, type LogEvent, type Numbered } from '../core/events.ts'
import { endOf, interrupted } from '../core/generation.ts'
import { newId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { type EventLog, eventsAfter } from '../core/log.ts'
import type { Answers, Plan, Preference } from './answers.ts'
import { Runner, Running } from './runner.ts'
import type { HubStore, RequestRow, RequestStatus } from './store.ts'

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
  /** The number of its `stream_start`. */
  readonly startSeq: number
}

interface RequestPorts {
  readonly log: EventLog
  readonly store: HubStore
  readonly answers: Answers
  readonly maxActive: number
  now(): number
  transaction<T>(work: () => T): T
  deliver(events: readonly Numbered[]): void
  watched(running: Running): boolean
  /** A request has ended; after its events were sent. */
  ended(end: LogEvent, seconds: number): void
  broken(error: unknown): void
}

/** All requests of a user: begin, cancel, end exactly once (SPEC GE). */
export class Requests {
  readonly #ports: RequestPorts
  readonly #runner: Runner
  readonly #waiting = new Map<string, ((outcome: Outcome) => void)[]>()

  constructor(ports: RequestPorts) {
    this.#ports = ports
    this.#runner = new Runner({
      now: () => ports.now(),
      watched: (running) => ports.watched(running),
      commit: (running, events) => this.#commit(running, events),
      broken: (error) => ports.broken(error),
    })
  }

  get runner(): Runner {
    return this.#runner
  }

  /**
   * Begins a request, or finds the one that has its id.
   * @throws FreshetError `request_id_reused`, `too_many_requests`, `cost_limit_exceeded`; then nothing has changed.
   */
  start(command: StartCommand, preference: Preference): Started {
    const { log, store, answers, maxActive } = this.#ports
    const known = command.requestId === null ? null : store.request(command.requestId)
    if (known !== null) return this.#again(known, command.prompt)
    if (this.#runner.size >= maxActive) {
      const words = `At most ${maxActive} requests run at a time for one user. Wait for one to end, or cancel one.`
      throw new FreshetError('too_many_requests', words)
    }
    const now = this.#ports.now()
    const running = new Running(command, command.requestId ?? newId(store.privateKey), now, {
      turn: store.totals.requests,
    })
    answers.check(running, preference)
    const startSeq = log.bounds().lastSeq + 1
    // Chosen in this turn where that can be, so that the start and the choice are one row.
    const plan = answers.isReady ? answers.plan(running, preference) : null
    const events = running.generation.begin(
      now,
      plan === null ? null : providerOf(plan),
      plan !== null && plan.cached !== null,
    )
    const numbered = this.#ports.transaction(() => {
      store.addRequest({
        request_id: running.requestId,
        conversation_id: command.conversationId,
        target: command.target,
        start_seq: startSeq,
        started_at: now,
        deadline: running.deadline,
      })
      return log.append(events)
    })
    store.totals.requests += 1
    this.#runner.enlist(running)
    this.#ports.deliver(numbered)
    void this.#runner.run(running, async () => {
      if (plan !== null) return answers.open(running, plan, preference)
      await answers.prepare()
      const late = answers.plan(running, preference)
      const routed = running.generation.routed(this.#ports.now(), providerOf(late), [], late.cached !== null)
      if (routed.length > 0) this.#commit(running, routed)
      return answers.open(running, late, preference)
    })
    return { requestId: running.requestId, duplicate: false, startSeq }
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
    for (const { event } of eventsAfter(this.#ports.log, row.start_seq - 1, PAGE)) {
      if (event.request_id !== row.request_id) continue
      yield event
      if (isTerminal(event)) return
    }
  }

  /** Resolves when the request has ended, at once if it already has. */
  outcome(requestId: string): Promise<Outcome> {
    const row = this.known(requestId)
    if (row.status === 'running') {
      return new Promise((resolve) => {
        this.#waiting.set(requestId, [...(this.#waiting.get(requestId) ?? []), resolve])
      })
    }
    let end: LogEvent | undefined
    for (const event of this.eventsOf(row)) end = event
    return Promise.resolve(outcomeOf(row.status, row.chars ?? 0, end))
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
      let chars = 0
      let promptChars = 0
      // Characters that stood when the last provider began.
      let before = 0
      let provider: string | null = null
      for (const event of this.eventsOf(row)) {
        if (event.type === 'chunk' || event.type === 'token') chars = event.data.accumulated_length
        if (event.type === 'stream_start') promptChars = event.data.prompt_length
        if (event.type === 'metadata') {
          provider = event.data.cache_hit === true ? null : event.data.recommended_provider
          before = event.data.switch?.at(-1)?.after_chars ?? 0
        }
      }
      const now = this.#ports.now()
      const names = { requestId: row.request_id, conversationId: row.conversation_id, target: row.target }
      const end = interrupted(names, now)
      if (provider !== null) {
        this.#ports.answers.settleInterrupted(row.request_id, provider, {
          startedAt: row.started_at,
          promptChars: promptChars + before,
          answerChars: Math.max(0, chars - before),
        })
      }
      this.#close(row.request_id, [end], end, { now, chars, seconds: Math.max(0, now - row.started_at) / 1000 })
    }
  }

  #again(known: RequestRow, prompt: string): Started {
    for (const event of this.eventsOf(known)) {
      if (event.type === 'stream_start' && event.data.prompt !== prompt) {
        const words = 'This request_id was used for another prompt. Give every new prompt an id of its own.'
        throw new FreshetError('request_id_reused', words)
      }
      break
    }
    return { requestId: known.request_id, duplicate: true, startSeq: known.start_seq }
  }

  #commit(running: Running, events: readonly LogEvent[]): void {
    const end = endOf(events)
    if (end === undefined) {
      this.#ports.deliver(this.#ports.log.append(events))
      return
    }
    const now = this.#ports.now()
    const seconds = Math.max(0, now - running.generation.startedAt) / 1000
    this.#close(running.requestId, events, end, { now, chars: running.generation.length, seconds })
  }

  /** The last events of a request and its end: three rows, all or nothing, in one turn with their sending. */
  #close(
    requestId: string,
    events: readonly LogEvent[],
    end: LogEvent,
    { now, chars, seconds }: { now: number; chars: number; seconds: number },
  ): void {
    const { log, store } = this.#ports
    const status = statusOf(end)
    const numbered = this.#ports.transaction(() => {
      const appended = log.append(events)
      store.endRequest(requestId, status, now, chars)
      return appended
    })
    this.#ports.deliver(numbered)
    if (status === 'complete') store.totals.completed += 1
    else if (status === 'cancelled') store.totals.cancelled += 1
    else store.totals.failed += 1
    if (end.type === 'stream_end' && end.data.cache_hit) store.totals.cache_hits += 1
    store.totals.stream_seconds += seconds
    store.totals.answer_chars += chars
    store.saveTotals()
    for (const resolve of this.#waiting.get(requestId) ?? []) resolve(outcomeOf(status, chars, end))
    this.#waiting.delete(requestId)
    this.#ports.ended(end, seconds)
  }
}

function providerOf(plan: Plan): string {
  return plan.cached?.provider ?? plan.order[0]?.name ?? ''
}

function statusOf(end: LogEvent): RequestStatus {
  if (end.type === 'stream_end') return 'complete'
  return end.type === 'cancelled' ? 'cancelled' : 'error'
}

function outcomeOf(status: RequestStatus, chars: number, end: LogEvent | undefined): Outcome {
  return { status, chars, errorType: end?.type === 'error' ? end.data.error_type : null }
}
