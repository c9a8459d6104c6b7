import type { StartCommand } from '../core/commands.ts'
import { CompactLog } from '../core/compact.ts'
import { FreshetError, shown } from '../core/errors.ts'
import type { LogEvent } from '../core/events.ts'
import { type Closing, Generation, type Told } from '../core/generation.ts'
import { LIMITS } from '../core/limits.ts'
import { type ModelMessage, ProviderFailure } from '../core/model.ts'
import { classify } from '../core/task.ts'
import type { AnswerPart } from './answering.ts'

/** How often a running request is held against its deadline, ms; the watchdog alarm does it too. */
const TICK_MS = 1000

interface RunningMore {
  /** Which of the user's requests it is, for `round_robin`. */
  readonly turn?: number
  /** What came before the prompt, and how much of it was left out. */
  readonly history?: readonly ModelMessage[]
  readonly dropped?: number
}

/** A request that runs in this instance. */
export class Running {
  readonly generation: Generation
  readonly command: StartCommand
  readonly turn: number
  /** When it must have ended, ms. */
  readonly deadline: number
  readonly history: readonly ModelMessage[]
  /** Its events so far with neighbouring text made one, for whoever comes in the middle (RS9). */
  readonly compact = new CompactLog()
  flushTimer: ReturnType<typeof setTimeout> | null = null
  /** What answers it now: each stops its call and settles what that cost. */
  readonly stops = new Set<(why: 'ended' | 'timeout') => void>()
  /** Dollars so far, over all attempts, and whether a part of it is an estimate. */
  cost = 0
  costEstimated = false

  constructor(
    command: StartCommand,
    requestId: string,
    now: number,
    { turn = 0, history = [], dropped = 0 }: RunningMore = {},
  ) {
    this.command = command
    this.turn = turn
    this.history = history
    this.deadline = now + command.config.timeout * 1000
    this.generation = new Generation({
      requestId,
      conversationId: command.conversationId,
      target: command.target,
      prompt: command.prompt,
      granularity: command.streamConfig.granularity,
      task: classify(command.prompt),
      strategy: command.config.routing_strategy,
      agent: command.agent,
      messageId: command.answerId,
      context: { messages: history.filter(({ role }) => role !== 'system').length, dropped },
    })
  }

  get requestId(): string {
    return this.generation.start.requestId
  }
  get conversationId(): string | null {
    return this.generation.start.conversationId
  }
  get target(): string | null {
    return this.generation.start.target
  }
}

/** What a source of an answer yields: a provider's parts, or an answer from the cache. */
export type SourcePart =
  | Exclude<AnswerPart, { type: 'finish' | 'tool_call' }>
  | { readonly type: 'tool_call'; readonly call: Told<'tool_call'> }
  | { readonly type: 'tool_result'; readonly result: Told<'tool_result'> }
  | { readonly type: 'specialist'; readonly told: Told<'specialist'> }
  | SourceFinish

export interface SourceFinish {
  readonly type: 'finish'
  readonly provider: { readonly name: string }
  readonly reason: string
  readonly usage: { input_tokens: number | null; output_tokens: number | null }
  readonly cacheHit?: boolean
}

interface RunnerPorts {
  now(): number
  /** True while a connection would see the request's text (GA2). */
  watched(running: Running): boolean
  /** What the end says beside the answer: of its conversation, and what led to it. */
  closing(running: Running): { readonly messageCount: number | null; readonly closing: Closing | null }
  /** Stores events and sends them, in this turn. Storage errors are thrown: then the object must start anew. */
  commit(running: Running, events: readonly LogEvent[]): void
  /** The storage failed or a bug struck: nothing in memory can be trusted. */
  broken(error: unknown): void
}

/** Runs generations: reads the answer, keeps the flush timer and the deadlines (SPEC GE, GA). */
export class Runner {
  readonly #running = new Map<string, Running>()
  readonly #ports: RunnerPorts
  #tick: ReturnType<typeof setInterval> | null = null
  #isBroken = false

  constructor(ports: RunnerPorts) {
    this.#ports = ports
  }

  get size(): number {
    return this.#running.size
  }

  all(): Iterable<Running> {
    return this.#running.values()
  }

  get(requestId: string): Running | undefined {
    return this.#running.get(requestId)
  }

  /** A request that has begun: from now on it is counted, can be cancelled, and has a deadline. */
  enlist(running: Running): void {
    this.#running.set(running.requestId, running)
    this.#tick ??= setInterval(() => this.#guarded(() => this.checkDeadlines()), TICK_MS)
  }

  /**
   * Runs an enlisted request to its one end. Resolves when it has ended; never rejects.
   * @param source opens what answers it; may wait
   */
  async run(running: Running, source: () => Promise<AsyncIterable<SourcePart>>): Promise<void> {
    try {
      await this.#read(running, await source())
    } catch (error) {
      this.#fail(running, error)
    }
  }

  /** Ends a request as cancelled and stops the provider's call (GE4). */
  cancel(running: Running, reason: string): void {
    this.#end(running, () =>
      running.generation.cancel(this.#ports.now(), reason, this.#ports.closing(running).messageCount),
    )
  }

  /** Sends what is gathered, for someone who comes to watch (GA2). */
  flush(running: Running): void {
    this.#clearFlush(running)
    const events = running.generation.flush(this.#ports.now())
    if (events.length > 0) this.#commit(running, events)
  }

  /** A running request, with all that was gathered for it in the log: that is part of what there is. */
  flushed(requestId: string): Running | undefined {
    const running = this.#running.get(requestId)
    if (running !== undefined) this.flush(running)
    return running
  }

  /** Ends what has run out of time (GE7); from the ticker and from the watchdog alarm. */
  checkDeadlines(): void {
    const now = this.#ports.now()
    for (const running of this.#running.values()) {
      if (now < running.deadline) continue
      const seconds = Math.round((running.deadline - running.generation.startedAt) / 1000)
      const words = `The answer was not finished within ${seconds} s. Ask for a longer \`timeout\`, or for less.`
      this.#end(running, () => running.generation.fail(now, 'timeout', words), 'timeout')
    }
  }

  async #read(running: Running, parts: AsyncIterable<SourcePart>): Promise<void> {
    const { generation } = running
    // It may have been cancelled while the answer was being chosen: then nobody is asked.
    if (generation.ended) return
    for await (const part of parts) {
      if (generation.ended) return
      this.#take(running, part)
    }
    if (!generation.ended) {
      const words = 'The provider ended its stream without finishing the answer. Try again.'
      throw new ProviderFailure('provider_cut', words)
    }
  }

  #take(running: Running, part: SourcePart): void {
    const { generation } = running
    const now = this.#ports.now()
    switch (part.type) {
      case 'text':
        generation.add(part.text)
        this.#flushWhenDue(running, now)
        if (generation.length > LIMITS.answerChars) {
          const words = 'The answer is longer than the service keeps. Ask for less at a time.'
          throw new FreshetError('answer_too_long', words)
        }
        return
      case 'switch': {
        // The text that the first provider gave stands before the word that another one goes on.
        this.#clearFlush(running)
        const to = part.switches.at(-1)?.to ?? ''
        this.#commit(running, [...generation.flush(now), ...generation.routed(now, to, part.switches)])
        return
      }
      case 'finish': {
        const { provider, reason, usage, cacheHit = false } = part
        this.#end(running, () => {
          // Text that waits is part of the answer that the end may repeat.
          const rest = generation.flush(now)
          const { cost, costEstimated } = running
          const finish = { provider: provider.name, reason, usage, cacheHit, cost, costEstimated }
          return [...rest, ...generation.complete(now, { ...finish, ...this.#ports.closing(running) })]
        })
        return
      }
      case 'tool_call':
        this.#tell(running, generation.toolCall(now, part.call))
        return
      case 'tool_result':
        this.#tell(running, generation.toolResult(now, part.result))
        return
      case 'specialist':
        this.#tell(running, generation.specialist(now, part.told))
        return
      case 'alive':
    }
  }

  #tell(running: Running, events: readonly LogEvent[]): void {
    this.#clearFlush(running)
    if (events.length > 0) this.#commit(running, events)
  }

  #flushWhenDue(running: Running, now: number): void {
    const due = running.generation.flushDueAt(this.#ports.watched(running))
    if (due === null) return
    if (due <= now) this.flush(running)
    else running.flushTimer ??= setTimeout(() => this.#guarded(() => this.flush(running)), due - now)
  }

  #fail(running: Running, error: unknown): void {
    if (running.generation.ended) return
    const now = this.#ports.now()
    const { code, message } = error instanceof ProviderFailure ? error : shown(error)
    console.warn({ message: 'generation failed', code, name: error instanceof Error ? error.name : typeof error })
    this.#guarded(() => this.#end(running, () => running.generation.fail(now, code, message)))
  }

  /** The one end of a request. What answered it is stopped and settled first, so that its cost is in the same turn. */
  #end(running: Running, endWith: () => readonly LogEvent[], why: 'ended' | 'timeout' = 'ended'): void {
    if (running.generation.ended) return
    this.#clearFlush(running)
    this.#running.delete(running.requestId)
    if (this.#running.size === 0 && this.#tick !== null) {
      clearInterval(this.#tick)
      this.#tick = null
    }
    try {
      for (const stop of running.stops) stop(why)
    } catch (error) {
      this.#break(error)
      throw error
    }
    this.#commit(running, endWith())
  }

  /** What cannot be stored is out of the generation and not in the log: nothing in memory is right any more. */
  #commit(running: Running, events: readonly LogEvent[]): void {
    try {
      this.#ports.commit(running, events)
    } catch (error) {
      this.#break(error)
      throw error
    }
  }

  #clearFlush(running: Running): void {
    if (running.flushTimer !== null) clearTimeout(running.flushTimer)
    running.flushTimer = null
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#break(error)
    }
  }

  #break(error: unknown): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#ports.broken(error)
  }
}
