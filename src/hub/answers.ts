import { FreshetError } from '../core/errors.ts'
import type { Attempt } from '../core/health.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelProvider, ModelRequest } from '../core/model.ts'
import { type Candidate, type Route, type RouteRequest, route } from '../core/route.ts'
import { addSpend, dayOf, spendKey } from '../core/spending.ts'
import { type AnswerCache, type CachedAnswer, cacheKey } from './answer-cache.ts'
import { Answering, type AttemptEnd } from './answering.ts'
import type { HealthView } from './health-view.ts'
import type { Entry, Ledger } from './ledger.ts'
import type { Running, SourcePart } from './runner.ts'
import type { HubStore } from './store.ts'

/** What a caller prefers, from its connection's preferences. */
export interface Preference {
  readonly model: string | null
  readonly language: string | null
}

interface AnswersPorts {
  readonly providers: readonly ModelProvider[]
  readonly candidates: readonly Candidate[]
  readonly health: HealthView
  readonly ledger: Ledger
  readonly cache: AnswerCache
  readonly store: HubStore
  readonly firstTokenMs: number
  readonly stallMs: number
  now(): number
  /** The monitor is to be told of an attempt. */
  attempted(attempt: Attempt): void
}

/** A request's way to an answer: chosen, from the cache or from providers. */
export interface Plan {
  readonly order: readonly Candidate[]
  readonly key: string | null
  readonly cached: CachedAnswer | null
}

/** Where answers come from: router, cache, providers, and the bill (SPEC RT, FB, CA, MN). */
export class Answers {
  readonly #ports: AnswersPorts

  /** Counts what was settled after the totals were last saved: a hub that died had no time for that (MN3). */
  constructor(ports: AnswersPorts) {
    this.#ports = ports
    for (const entry of ports.ledger.after(ports.store.totals.ledger_id)) this.#count(entry)
  }

  /** True when a provider can be chosen by what is known, without asking the monitor first. */
  get isReady(): boolean {
    return this.#ports.candidates.length <= 1 || !this.#ports.health.isStale
  }

  /** Asks the monitor how the providers are, if that is not known. */
  prepare(): Promise<void> {
    return this.isReady ? Promise.resolve() : this.#ports.health.refresh()
  }

  /** @throws FreshetError `cost_limit_exceeded` with what it would have cost; `unavailable` without any provider */
  check(running: Running, preference: Preference): void {
    const { order, tooDear } = this.#route(running, preference)
    if (tooDear !== null) {
      const limit = running.command.config.cost_limit ?? 0
      const words = `This request would cost about $${tooDear.toFixed(6)}, more than its cost_limit of $${limit}. Raise the limit, or shorten the prompt.`
      throw new FreshetError('cost_limit_exceeded', words)
    }
    if (order.length === 0) {
      throw new FreshetError('unavailable', 'No model provider is configured. See PROVIDERS in the README.')
    }
  }

  /** Chooses, in one turn. */
  plan(running: Running, preference: Preference): Plan {
    const { order } = this.#route(running, preference)
    if (order[0] !== undefined) this.#ports.health.useProbe(order[0].name)
    const mode = running.command.streamConfig.cache
    const [first] = order
    if (mode === 'off' || first === undefined) return { order, key: null, cached: null }
    const { messages, language } = requestOf(running, preference)
    const key = cacheKey({ provider: first.name, model: first.model, language, messages })
    return { order, key, cached: mode === 'on' ? this.#ports.cache.get(key, this.#ports.now()) : null }
  }

  /** The parts of an answer by a plan. */
  open(running: Running, plan: Plan, preference: Preference): AsyncIterable<SourcePart> {
    if (plan.cached !== null) return this.#replay(plan.cached)
    const byName = new Map(this.#ports.providers.map((provider) => [provider.name, provider]))
    const order = plan.order.flatMap(({ name }) => byName.get(name) ?? [])
    const request = requestOf(running, preference)
    const answering = new Answering(order, request, {
      now: () => this.#ports.now(),
      firstTokenMs: this.#ports.firstTokenMs,
      stallMs: this.#ports.stallMs,
      deadline: running.deadline,
      settled: (end) => this.#settle(running, end),
    })
    running.stop = (why) => answering.stop(why)
    return this.#keeping(running, plan, order[0]?.name ?? null, answering)
  }

  /** The row of an attempt that died with an earlier instance: what it used is estimated (MN2). */
  settleInterrupted(
    requestId: string,
    provider: string,
    { startedAt, promptChars, answerChars }: { startedAt: number; promptChars: number; answerChars: number },
  ): void {
    if (this.#ports.ledger.has(requestId, provider)) return
    const known = this.#ports.providers.find(({ name }) => name === provider)
    if (known === undefined) return
    const end: AttemptEnd = {
      provider: known,
      outcome: 'interrupted',
      startedAt,
      endedAt: this.#ports.now(),
      firstTokenMs: null,
      usage: null,
      prefixChars: 0,
      answerChars,
      billed: true,
      retryAfterS: null,
    }
    this.#bill(requestId, end, promptChars)
  }

  /** Lets go what is kept no longer: answers by their age, the ledger by its own. */
  expire(): void {
    const now = this.#ports.now()
    this.#ports.cache.expire(now)
    this.#ports.ledger.forgetBefore(now - LIMITS.ledgerMs)
  }

  /** When nothing of the bill is kept any more, ms, or null when nothing is now. */
  get settledUntil(): number | null {
    const { newestAt } = this.#ports.ledger
    return newestAt === null ? null : newestAt + LIMITS.ledgerMs
  }

  #route(running: Running, preference: Preference): Route {
    const { candidates, health } = this.#ports
    const request: RouteRequest = {
      config: running.command.config,
      task: running.generation.start.task,
      promptChars: running.command.prompt.length,
      preference: preference.model,
      turn: running.turn,
    }
    return route(request, candidates, health.view(), this.#ports.now())
  }

  /** An answer from the cache, as a stream: no provider is called and nothing is billed (CA3). */
  async *#replay(answer: CachedAnswer): AsyncGenerator<SourcePart, void, undefined> {
    const { store } = this.#ports
    const spend = { cost: 0, saved: answer.cost, attempts: 0, input_tokens: 0, output_tokens: 0, estimated: 0 }
    const day = dayOf(this.#ports.now())
    store.totals.spending = addSpend(store.totals.spending, day, spendKey(answer.provider, answer.model), spend)
    for (const text of answer.text.match(/\S+\s*|\s+/g) ?? []) yield { type: 'text', text }
    const { provider, finish_reason: reason, usage } = answer
    yield { type: 'finish', provider: { name: provider }, reason, usage, cacheHit: true }
  }

  /** Passes the parts on and keeps a whole answer for the next time (CA1). */
  async *#keeping(
    running: Running,
    plan: Plan,
    first: string | null,
    answering: Answering,
  ): AsyncGenerator<SourcePart, void, undefined> {
    const texts: string[] = []
    let tools = false
    for await (const part of answering.parts()) {
      if (part.type === 'text') texts.push(part.text)
      if (part.type === 'tool_call') tools = true
      // What another provider gave is not what the key says, and an answer that was cut short is no answer.
      const whole = part.type === 'finish' && part.reason === 'stop' && !tools && part.provider.name === first
      if (whole && plan.key !== null && running.generation.ended === false) {
        const { name, model } = part.provider
        const answer = { text: texts.join(''), provider: name, model, finish_reason: part.reason, usage: part.usage }
        this.#ports.cache.put(plan.key, { ...answer, cost: running.cost }, this.#ports.now())
      }
      yield part
    }
  }

  #settle(running: Running, end: AttemptEnd): void {
    const { health } = this.#ports
    const { cost, estimated } = this.#bill(running.requestId, end, running.command.prompt.length + end.prefixChars)
    running.cost += cost
    running.costEstimated ||= estimated
    const { outcome } = end
    if (outcome === 'cancelled' || outcome === 'interrupted' || outcome === 'refused') return
    if (outcome !== 'ok') console.warn({ message: 'provider failed', provider: end.provider.name, outcome })
    const busyUntil = end.retryAfterS === null ? null : end.endedAt + end.retryAfterS * 1000
    if (outcome === 'ok') health.wellAgain(end.provider.name)
    else health.leaveAlone(end.provider.name, busyUntil ?? end.endedAt + LIMITS.ownFailureMs)
    this.#ports.attempted({
      provider: end.provider.name,
      at: end.endedAt,
      outcome,
      first_token_ms: end.firstTokenMs,
      total_ms: end.endedAt - end.startedAt,
      busy_until: busyUntil,
    })
  }

  /** Adds a ledger row to the totals, which say up to which row they count. */
  #count(entry: Entry): void {
    const { totals } = this.#ports.store
    totals.spending = addSpend(totals.spending, dayOf(entry.at), spendKey(entry.provider, entry.model), entry.spend)
    totals.ledger_id = entry.id
  }

  #bill(requestId: string, end: AttemptEnd, promptChars: number) {
    const { ledger, candidates } = this.#ports
    const price = candidates.find(({ name }) => name === end.provider.name)?.price ?? null
    const entry = ledger.settle(requestId, end, price, promptChars)
    this.#count(entry)
    return entry
  }
}

function requestOf(running: Running, preference: Preference): ModelRequest {
  return {
    messages: [{ role: 'user', content: running.command.prompt }],
    task: running.generation.start.task,
    tools: [],
    toolChoice: 'auto',
    sampling: running.command.sampling,
    language: preference.language,
    prefix: null,
  }
}
