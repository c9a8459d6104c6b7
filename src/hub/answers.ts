import { agentOf } from '../agents/agents.ts'
import { assistant } from '../agents/assistant.ts'
import { FreshetError } from '../core/errors.ts'
import type { Attempt } from '../core/health.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelProvider, ModelRequest } from '../core/model.ts'
import { type Candidate, type Route, type RouteRequest, route } from '../core/route.ts'
import { addSpend, dayOf, spendKey } from '../core/spending.ts'
import type { TodoStore } from '../core/todo.ts'
import type { Asked } from './agent-ports.ts'
import { AgentRun } from './agent-run.ts'
import { type AnswerCache, type CachedAnswer, cacheKey } from './answer-cache.ts'
import { Answering, type AttemptEnd } from './answering.ts'
import type { HealthView } from './health-view.ts'
import type { Entry, Ledger } from './ledger.ts'
import type { Running, SourcePart } from './runner.ts'
import type { HubStore } from './store.ts'

interface AnswersPorts {
  readonly providers: readonly ModelProvider[]
  readonly candidates: readonly Candidate[]
  readonly health: HealthView
  readonly ledger: Ledger
  readonly cache: AnswerCache
  readonly store: HubStore
  readonly todos: TodoStore
  readonly firstTokenMs: number
  readonly stallMs: number
  now(): number
  /** The monitor is to be told of an attempt. */
  attempted(attempt: Attempt): void
}

/** A request's way to an answer: chosen, from the cache or from providers. */
export interface Plan {
  readonly order: readonly Candidate[]
  readonly run: AgentRun
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
  check(running: Running): void {
    const { order, tooDear } = this.#route(running)
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
  plan(running: Running): Plan {
    const { order } = this.#route(running)
    if (order[0] !== undefined) this.#ports.health.useProbe(order[0].name)
    const mode = running.command.streamConfig.cache
    const [first] = order
    const run = this.#runOf(running, order)
    if (mode === 'off' || first === undefined || !isCacheable(running)) return { order, run, key: null, cached: null }
    const { messages, language } = run.first
    const key = cacheKey({ provider: first.name, model: first.model, language, messages })
    return { order, run, key, cached: mode === 'on' ? this.#ports.cache.get(key, this.#ports.now()) : null }
  }

  /** The parts of an answer by a plan. */
  open(running: Running, plan: Plan): AsyncIterable<SourcePart> {
    if (plan.cached !== null) return this.#replay(plan.cached)
    return plan.key === null ? plan.run.parts() : this.#keeping(running, plan, plan.key)
  }

  /** The agent's loop for a request. @param first the order of the first call; later ones are routed anew */
  #runOf(running: Running, first: readonly Candidate[]): AgentRun {
    const { command, history, generation } = running
    const ended = new AbortController()
    running.stops.add(() => ended.abort())
    let order: readonly Candidate[] | null = first
    return new AgentRun(agentOf(command.agent) ?? assistant, command, history, generation.start.task, {
      now: () => this.#ports.now(),
      signal: ended.signal,
      todos: this.#ports.todos,
      ask: (request) => {
        const next = order ?? this.#route(running).order
        order = null
        return this.#ask(running, request, next)
      },
    })
  }

  /** One call of a model for a request: attempts in an order, each in the ledger (AG8). */
  #ask(running: Running, request: ModelRequest, candidates: readonly Candidate[]): Asked {
    const byName = new Map(this.#ports.providers.map((provider) => [provider.name, provider]))
    const order = candidates.flatMap(({ name }) => byName.get(name) ?? [])
    const bill = { cost: 0, estimated: false }
    const answering = new Answering(order, request, {
      now: () => this.#ports.now(),
      firstTokenMs: this.#ports.firstTokenMs,
      stallMs: this.#ports.stallMs,
      deadline: running.deadline,
      settled: (end) => {
        const { cost, estimated } = this.#settle(running, end, charsOf(request))
        bill.cost += cost
        bill.estimated ||= estimated
      },
    })
    const { stops } = running
    const stop = (why: 'ended' | 'timeout') => answering.stop(why)
    return {
      bill,
      async *parts() {
        stops.add(stop)
        try {
          if (!running.generation.ended) yield* answering.parts()
        } finally {
          stops.delete(stop)
        }
      },
    }
  }

  /** The row of an attempt that died with an earlier instance: what it used is estimated (MN2). */
  settleInterrupted(
    requestId: string,
    provider: string,
    { startedAt, promptChars, answerChars }: { startedAt: number; promptChars: number; answerChars: number },
  ): void {
    if (this.#ports.ledger.has(requestId, provider, startedAt)) return
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

  #route(running: Running): Route {
    const { candidates, health } = this.#ports
    const request: RouteRequest = {
      config: running.command.config,
      task: running.generation.start.task,
      promptChars:
        running.command.prompt.length + running.history.reduce((sum, { content }) => sum + content.length, 0),
      preference: running.command.model,
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
  async *#keeping(running: Running, plan: Plan, key: string): AsyncGenerator<SourcePart, void, undefined> {
    const [first] = plan.order
    const texts: string[] = []
    for await (const part of plan.run.parts()) {
      if (part.type === 'text') texts.push(part.text)
      // What another provider gave is not what the key says, and an answer that was cut short is no answer.
      const whole = part.type === 'finish' && part.reason === 'stop' && part.provider.name === first?.name
      const text = texts.join('')
      if (whole && text !== '' && !running.generation.ended) {
        const { name, model } = first
        const answer = { text, provider: name, model, finish_reason: part.reason, usage: part.usage }
        const { conversationId } = running
        this.#ports.cache.put(key, { ...answer, cost: running.cost }, this.#ports.now(), conversationId)
      }
      yield part
    }
  }

  #settle(running: Running, end: AttemptEnd, promptChars: number): { cost: number; estimated: boolean } {
    const { cost, estimated } = this.#bill(running.requestId, end, promptChars + end.prefixChars)
    running.cost += cost
    running.costEstimated ||= estimated
    this.#tellOf(end)
    return { cost, estimated }
  }

  /** Health: ours at once, the monitor's with the next report (HE1, HE2). */
  #tellOf(end: AttemptEnd): void {
    const { health } = this.#ports
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

/** True when the same words will do for an answer again: no tools, which act, and no wishes on how to choose words. */
function isCacheable({ command }: Running): boolean {
  const plain = command.tools.length === 0 && command.after.length === 0 && Object.keys(command.sampling).length === 0
  const agent = agentOf(command.agent) ?? assistant
  return plain && agent.tools.length === 0 && agent.specialists.length === 0
}

function charsOf({ messages }: ModelRequest): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0)
}
