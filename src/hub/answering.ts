import type { Switch, Usage } from '../core/events.ts'
import {
  type FinishReason,
  type ModelPart,
  type ModelProvider,
  type ModelRequest,
  ProviderFailure,
} from '../core/model.ts'

/** How an attempt at a provider ended. */
export type AttemptOutcome = 'ok' | 'failed' | 'rate_limited' | 'cancelled' | 'interrupted'

/** An attempt that has ended, for the ledger and for the provider's health. Times in ms. */
export interface AttemptEnd {
  readonly provider: ModelProvider
  readonly outcome: AttemptOutcome
  readonly startedAt: number
  readonly endedAt: number
  readonly firstTokenMs: number | null
  /** The provider's figures, or null when it gave none. */
  readonly usage: Usage | null
  /** Characters that it answered. */
  readonly answerChars: number
  /** False when the provider took no work on: it refused, or could not be reached. */
  readonly billed: boolean
  /** Seconds that it asked to be left alone. */
  readonly retryAfterS: number | null
}

/** What comes out of a request's attempts, in order; exactly one `finish` ends a good answer. */
export type AnswerPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_call'; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'alive' }
  /** Another provider goes on (FB4). */
  | { readonly type: 'switch'; readonly switches: readonly Switch[] }
  | { readonly type: 'finish'; readonly provider: ModelProvider; readonly reason: FinishReason; readonly usage: Usage }

interface AnsweringPorts {
  now(): number
  readonly firstTokenMs: number
  readonly stallMs: number
  /** An attempt has ended; called once for each, in order, before anything that follows from it. */
  settled(end: AttemptEnd): void
}

/** One call of a provider, from its beginning to its one settlement. */
class Attempt {
  readonly provider: ModelProvider
  readonly controller = new AbortController()
  readonly startedAt: number
  firstTokenAt: number | null = null
  answerChars = 0
  settled = false
  /** Why we gave up on it ourselves, or null. */
  gaveUp: ProviderFailure | null = null
  lastPartAt: number

  constructor(provider: ModelProvider, now: number) {
    this.provider = provider
    this.startedAt = now
    this.lastPartAt = now
  }

  giveUp(code: 'provider_stalled', message: string): void {
    this.gaveUp = new ProviderFailure(code, message)
    this.controller.abort()
  }
}

/**
 * The attempts of one request: providers in order, until one has answered to its end (SPEC FB).
 * Before the first token a failure is invisible; after it the next provider continues the text, where that is safe.
 */
export class Answering {
  readonly #order: readonly ModelProvider[]
  readonly #request: ModelRequest
  readonly #ports: AnsweringPorts
  #attempt: Attempt | null = null
  #stopped = false
  #text = ''
  #toolCalled = false

  constructor(order: readonly ModelProvider[], request: ModelRequest, ports: AnsweringPorts) {
    this.#order = order
    this.#request = request
    this.#ports = ports
  }

  /** Stops the provider's call at once and settles it; nothing more comes. */
  stop(): void {
    this.#stopped = true
    const attempt = this.#attempt
    if (attempt === null) return
    this.#settle(attempt, 'cancelled', null, null)
    attempt.controller.abort()
  }

  /** @throws ProviderFailure the last provider's, when none could answer. */
  async *parts(): AsyncGenerator<AnswerPart, void, undefined> {
    const switches: Switch[] = []
    for (const [i, provider] of this.#order.entries()) {
      if (this.#stopped) return
      const next = this.#order[i + 1]
      const attempt = new Attempt(provider, this.#ports.now())
      this.#attempt = attempt
      try {
        yield* this.#try(attempt, next !== undefined)
        return
      } catch (error) {
        if (this.#stopped) return
        const failure = attempt.gaveUp ?? asFailure(error)
        this.#settleFailed(attempt, failure)
        // An open tool call cannot be continued by another model: it would be made twice, or half (FB3).
        if (next === undefined || this.#toolCalled || !failure.retryable) throw failure
        switches.push({ from: provider.name, to: next.name, reason: failure.code, after_chars: this.#text.length })
        yield { type: 'switch', switches: [...switches] }
      }
    }
  }

  async *#try(attempt: Attempt, hasNext: boolean): AsyncGenerator<AnswerPart, void, undefined> {
    const prefix = this.#text === '' ? null : this.#text
    const watch = this.#watch(attempt, hasNext)
    try {
      for await (const part of attempt.provider.stream({ ...this.#request, prefix }, attempt.controller.signal)) {
        if (this.#stopped) return
        attempt.lastPartAt = this.#ports.now()
        if (part.type === 'finish') {
          this.#settle(attempt, 'ok', part.usage, null)
          yield { type: 'finish', provider: attempt.provider, reason: part.reason, usage: part.usage }
          return
        }
        this.#take(attempt, part)
        yield part
      }
      if (!this.#stopped) throw attempt.gaveUp ?? cutFailure()
    } finally {
      if (watch.timer !== undefined) clearTimeout(watch.timer)
    }
  }

  #take(attempt: Attempt, part: Exclude<ModelPart, { type: 'finish' }>): void {
    if (part.type === 'tool_call') this.#toolCalled = true
    if (part.type !== 'text') return
    attempt.firstTokenAt ??= this.#ports.now()
    attempt.answerChars += part.text.length
    this.#text += part.text
  }

  /**
   * Gives up on a provider that says nothing: for `firstTokenMs` before its first token while there is another one to
   * ask, and for `stallMs` at any time (FB2). One timer, which looks at when the last part came instead of being set anew.
   */
  #watch(attempt: Attempt, hasNext: boolean): { timer: ReturnType<typeof setTimeout> | undefined } {
    const watch: { timer: ReturnType<typeof setTimeout> | undefined } = { timer: undefined }
    const look = (): void => {
      const now = this.#ports.now()
      const patience =
        attempt.firstTokenAt === null && hasNext
          ? Math.min(this.#ports.firstTokenMs, this.#ports.stallMs)
          : this.#ports.stallMs
      const since = attempt.firstTokenAt === null && hasNext ? attempt.startedAt : attempt.lastPartAt
      if (now - since >= patience) {
        attempt.giveUp('provider_stalled', 'The provider stopped sending. Try again.')
        return
      }
      watch.timer = setTimeout(look, Math.max(1, since + patience - now))
    }
    look()
    return watch
  }

  #settleFailed(attempt: Attempt, failure: ProviderFailure): void {
    const outcome = failure.code === 'provider_rate_limited' ? 'rate_limited' : 'failed'
    this.#settle(attempt, outcome, null, failure)
  }

  #settle(attempt: Attempt, outcome: AttemptOutcome, usage: Usage | null, failure: ProviderFailure | null): void {
    if (attempt.settled) return
    attempt.settled = true
    const now = this.#ports.now()
    this.#ports.settled({
      provider: attempt.provider,
      outcome,
      startedAt: attempt.startedAt,
      endedAt: now,
      firstTokenMs: attempt.firstTokenAt === null ? null : attempt.firstTokenAt - attempt.startedAt,
      usage,
      answerChars: attempt.answerChars,
      // A call that ended before any token, by a refusal, was not worked on; one that we broke off may have been.
      billed:
        outcome === 'ok' || outcome === 'cancelled' || attempt.answerChars > 0 || failure?.code === 'provider_stalled',
      retryAfterS: failure?.retryAfterS ?? null,
    })
  }
}

function asFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error
  console.error({ message: 'provider adapter failed', name: error instanceof Error ? error.name : typeof error })
  return new ProviderFailure('provider_error', 'The provider could not be used. Try again.')
}

function cutFailure(): ProviderFailure {
  return new ProviderFailure('provider_cut', 'The provider ended its stream without finishing the answer. Try again.')
}
