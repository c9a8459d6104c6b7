import type { StartCommand } from '../core/commands.ts'
import { FreshetError, shown } from '../core/errors.ts'
import type { LogEvent } from '../core/events.ts'
import { Generation, type GenerationStart } from '../core/generation.ts'
import { LIMITS } from '../core/limits.ts'
import { type ModelProvider, type ModelRequest, ProviderFailure } from '../core/model.ts'
import { classify } from '../core/task.ts'

/** How often a running request is held against its deadlines, ms; the watchdog alarm does it too. */
const TICK_MS = 1000

/** A request that runs in this instance. */
export class Running {
  readonly generation: Generation
  readonly controller = new AbortController()
  /** When it must have ended, ms. */
  readonly deadline: number
  lastPartAt: number
  flushTimer: ReturnType<typeof setTimeout> | null = null

  constructor(start: GenerationStart, deadline: number, now: number) {
    this.generation = new Generation(start)
    this.deadline = deadline
    this.lastPartAt = now
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

interface RunnerPorts {
  now(): number
  /** True while a connection would see the request's text (GA2). */
  watched(running: Running): boolean
  /** Stores events and sends them, in this turn. Storage errors are thrown: then the object must start anew. */
  commit(running: Running, events: readonly LogEvent[]): void
  /** The storage failed or a bug struck: nothing in memory can be trusted. */
  broken(error: unknown): void
}

/** Runs generations: reads the provider, keeps the flush timer and the deadlines (SPEC GE, GA). */
export class Runner {
  readonly #running = new Map<string, Running>()
  readonly #ports: RunnerPorts
  #tick: ReturnType<typeof setInterval> | null = null

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

  /** Makes a request ready; nothing is stored or called yet. */
  prepare(command: StartCommand, requestId: string, now: number): Running {
    const start: GenerationStart = {
      requestId,
      conversationId: command.conversationId,
      target: command.target,
      prompt: command.prompt,
      granularity: command.streamConfig.granularity,
      task: classify(command.prompt),
      strategy: command.config.routing_strategy,
    }
    return new Running(start, now + command.config.timeout * 1000, now)
  }

  /** Runs a prepared request to its one end. Resolves when it has ended; never rejects. */
  async run(running: Running, provider: ModelProvider, request: ModelRequest): Promise<void> {
    this.#running.set(running.requestId, running)
    this.#tick ??= setInterval(() => this.#guarded(() => this.checkDeadlines()), TICK_MS)
    try {
      await this.#read(running, provider, request)
    } catch (error) {
      this.#fail(running, error)
    }
  }

  /** Ends a request as cancelled and stops the provider's call (GE4). */
  cancel(running: Running, reason: string): void {
    this.#end(running, running.generation.cancel(this.#ports.now(), reason))
  }

  /** Sends what is gathered, for someone who comes to watch (GA2). */
  flush(running: Running): void {
    this.#clearFlush(running)
    const events = running.generation.flush(this.#ports.now())
    if (events.length > 0) this.#ports.commit(running, events)
  }

  /** Ends what has run out of time (GE7); from the ticker and from the watchdog alarm. */
  checkDeadlines(): void {
    const now = this.#ports.now()
    for (const running of [...this.#running.values()]) {
      if (now >= running.deadline) {
        const seconds = Math.round((running.deadline - running.generation.startedAt) / 1000)
        const words = `The answer was not finished within ${seconds} s. Ask for a longer \`timeout\`, or for less.`
        this.#end(running, running.generation.fail(now, 'timeout', words))
      } else if (now - running.lastPartAt > LIMITS.stallMs) {
        const words = 'The provider stopped sending in the middle of the answer. Try again.'
        this.#end(running, running.generation.fail(now, 'provider_stalled', words))
      }
    }
  }

  async #read(running: Running, provider: ModelProvider, request: ModelRequest): Promise<void> {
    const { generation, controller } = running
    for await (const part of provider.stream(request, controller.signal)) {
      if (generation.ended) return
      const now = this.#ports.now()
      running.lastPartAt = now
      if (part.type === 'text') {
        generation.add(part.text)
        this.#flushWhenDue(running, now)
        if (generation.length > LIMITS.answerChars) {
          throw new FreshetError(
            'answer_too_long',
            'The answer is longer than the service keeps. Ask for less at a time.',
          )
        }
      } else if (part.type === 'finish') {
        const { reason, usage } = part
        this.#end(running, generation.complete(now, { provider: provider.name, reason, usage, cacheHit: false }))
        return
      }
    }
    if (!generation.ended)
      throw new ProviderFailure(
        'provider_cut',
        'The provider ended its stream without finishing the answer. Try again.',
      )
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
    this.#guarded(() => this.#end(running, running.generation.fail(now, code, message)))
  }

  #end(running: Running, events: readonly LogEvent[]): void {
    if (events.length === 0) return
    this.#clearFlush(running)
    this.#running.delete(running.requestId)
    if (this.#running.size === 0 && this.#tick !== null) {
      clearInterval(this.#tick)
      this.#tick = null
    }
    try {
      this.#ports.commit(running, events)
    } catch (error) {
      this.#ports.broken(error)
      throw error
    } finally {
      running.controller.abort()
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
      this.#ports.broken(error)
    }
  }
}
