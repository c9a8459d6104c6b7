import type { Switch, Usage } from '../core/events.ts'
import {
  type FinishReason,
  type ModelPart,
  type ModelProvider,
  type ModelRequest,
  ProviderFailure,
} from '../core/model.ts'

/** How an attempt at a provider ended. */
export type AttemptOutcome = 'ok' | 'failed' | 'rate_limited' | 'refused' | 'cancelled' | 'interrupted'

/** An attempt that has ended, for the ledger and for the provider's health. Times in ms. */
export interface AttemptEnd {
  readonly provider: ModelProvider
  readonly outcome: AttemptOutcome
  readonly startedAt: number
  readonly endedAt: number
  readonly firstTokenMs: number | null
  /** The provider's figures, or null when it gave none. */
  readonly usage: Usage | null
  /** Characters of the answer so far that it was given to continue. */
  readonly prefixChars: number
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
  /** When the request must have ended, ms. */
  readonly deadline: number
  /** An attempt has ended; called once for each, in order, before anything that follows from it. */
  settled(end: AttemptEnd): void
}

/** One call of a provider, from its beginning to its one settlement. */
class Attempt {
  readonly provider: ModelProvider
  readonly controller = new AbortController()
  readonly prefixChars: number
  readonly startedAt: number
  firstTokenAt: number | null = null
  answerChars = 0
  /** True once anything came from it. */
  worked = false
  settled = false
  /** Why we gave up on it ourselves, or null. */
  gaveUp: ProviderFailure | null = null
  lastPartAt: number
  #wake: (() => void) | null = null

  constructor(provider: ModelProvider, prefixChars: number, now: number) {
    this.provider = provider
    this.prefixChars = prefixChars
    this.startedAt = now
    this.lastPartAt = now
  }

  giveUp(failure: ProviderFailure): void {
    this.gaveUp = failure
    this.abort()
  }

  /** Tells the provider to stop, and waits for it no longer: one that does not hear it must not hold the request. */
  abort(): void {
    this.controller.abort()
    this.#wake?.()
  }

  /** The provider's next part, or `left` when we left it first. */
  next(parts: AsyncIterator<ModelPart>): Promise<IteratorResult<ModelPart> | 'left'> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve('left')
      if (this.controller.signal.aborted) resolve('left')
      else parts.next().then(resolve, reject)
    })
  }

  /** Closes the provider's iterator, without waiting for what it may never do. */
  leave(parts: AsyncIterator<ModelPart>): void {
    this.#wake = null
    void parts.return?.().catch(() => undefined)
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

  /**
   * Stops the provider's call at once and settles it; nothing more comes.
   * @param why a provider that has said nothing until the request's time was over has failed; else nobody is to blame
   */
  stop(why: 'ended' | 'timeout' = 'ended'): void {
    this.#stopped = true
    const attempt = this.#attempt
    if (attempt === null) return
    const silent = why === 'timeout' && attempt.firstTokenAt === null
    this.#settle(attempt, silent ? 'failed' : 'cancelled', null, silent ? stalled() : null)
    attempt.abort()
  }

  /** @throws ProviderFailure the last provider's, when none could answer. */
  async *parts(): AsyncGenerator<AnswerPart, void, undefined> {
    const switches: Switch[] = []
    for (const [i, provider] of this.#order.entries()) {
      if (this.#stopped) return
      const next = this.#order[i + 1]
      const attempt = new Attempt(provider, this.#text.length, this.#ports.now())
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
    const source = attempt.provider.stream({ ...this.#request, prefix }, attempt.controller.signal)
    const parts = source[Symbol.asyncIterator]()
    try {
      for (;;) {
        const result = await attempt.next(parts)
        if (this.#stopped) return
        if (result === 'left') throw attempt.gaveUp ?? cutFailure()
        if (result.done === true) throw cutFailure()
        const part = result.value
        attempt.lastPartAt = this.#ports.now()
        if (part.type === 'finish') {
          this.#settle(attempt, 'ok', part.usage, null)
          yield { type: 'finish', provider: attempt.provider, reason: part.reason, usage: part.usage }
          return
        }
        this.#take(attempt, part)
        yield part
      }
    } finally {
      if (watch.timer !== undefined) clearTimeout(watch.timer)
      attempt.leave(parts)
    }
  }

  #take(attempt: Attempt, part: Exclude<ModelPart, { type: 'finish' }>): void {
    attempt.worked = true
    if (part.type === 'alive') return
    attempt.firstTokenAt ??= this.#ports.now()
    if (part.type === 'tool_call') {
      this.#toolCalled = true
      return
    }
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
      const stalls = attempt.lastPartAt + this.#ports.stallMs
      const late = attempt.firstTokenAt === null && hasNext ? attempt.startedAt + this.#patience(attempt) : stalls
      const due = Math.min(stalls, late)
      if (now >= due) attempt.giveUp(stalled())
      else watch.timer = setTimeout(look, Math.max(1, due - now))
    }
    look()
    return watch
  }

  /** How long a first token is waited for, ms: so that there is time left for another one to answer. */
  #patience(attempt: Attempt): number {
    return Math.min(this.#ports.firstTokenMs, (this.#ports.deadline - attempt.startedAt) / 2)
  }

  #settleFailed(attempt: Attempt, failure: ProviderFailure): void {
    this.#settle(attempt, outcomeOf(failure), null, failure)
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
      prefixChars: attempt.prefixChars,
      answerChars: attempt.answerChars,
      // A call that ended before any token, by a refusal, was not worked on; one that we broke off may have been.
      billed: outcome === 'ok' || outcome === 'cancelled' || attempt.worked || failure?.code === 'provider_stalled',
      retryAfterS: failure?.retryAfterS ?? null,
    })
  }
}

/** What is the request's own fault says nothing of the provider (HE1). */
function outcomeOf(failure: ProviderFailure): AttemptOutcome {
  if (!failure.retryable) return 'refused'
  return failure.code === 'provider_rate_limited' ? 'rate_limited' : 'failed'
}

function asFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error
  console.error({ message: 'provider adapter failed', name: error instanceof Error ? error.name : typeof error })
  return new ProviderFailure('provider_error', 'The provider could not be used. Try again.')
}

function stalled(): ProviderFailure {
  return new ProviderFailure('provider_stalled', 'The provider stopped sending. Try again.')
}

function cutFailure(): ProviderFailure {
  return new ProviderFailure('provider_cut', 'The provider ended its stream without finishing the answer. Try again.')
}
