import type { RequestConfig } from './commands.ts'
import { type HealthSnapshot, type ProviderHealth, UNKNOWN_HEALTH } from './health.ts'
import { costOf, estimateTokens, type Price } from './price.ts'
import type { TaskClass } from './task.ts'

/** A provider as the router sees it. */
export interface Candidate {
  readonly name: string
  readonly model: string
  readonly price: Price | null
  /** The lower, the earlier it is asked. */
  readonly priority: number
  /** Task classes that the operator gave it; empty: judged by its model's name. */
  readonly tasks: readonly TaskClass[]
}

export interface RouteRequest {
  readonly config: RequestConfig
  readonly task: TaskClass
  /** Characters of all that is sent. */
  readonly promptChars: number
  /** A provider's or a model's name that the caller prefers, or null. */
  readonly preference: string | null
  /** Counts the user's requests, for `round_robin`. */
  readonly turn: number
}

export interface Route {
  /** In the order in which they are to be tried; empty when nothing may be asked. */
  readonly order: readonly Candidate[]
  /** The cheapest estimate, when all of them exceed `cost_limit` (MN5). */
  readonly tooDear: number | null
}

/** Output tokens that an answer is expected to have, by task: what the cost of a request is estimated with. */
const EXPECTED_TOKENS: Record<TaskClass, number> = {
  code: 800,
  analysis: 900,
  creative: 900,
  question: 400,
  conversation: 150,
  status: 150,
  monitoring: 300,
  general: 500,
}

/** Model names that fit a task better than others do; rough, and outweighed by `tasks` of the configuration. */
const STRONG = /\b(opus|sonnet|gpt-5(?!.*(mini|nano))|pro|large|reasoner|70b|405b|deepseek|max)\b/i
const LIGHT = /\b(mini|nano|flash|haiku|lite|small|8b|7b|3b|instant|embedded)\b/i
const CODER = /\b(code|coder|codex|codestral|sonnet|opus)\b/i

/** How well a candidate fits a task, 0 to 1 (RT2). */
export function fitOf(candidate: Candidate, task: TaskClass): number {
  if (candidate.tasks.length > 0) return candidate.tasks.includes(task) ? 1 : 0
  const { model } = candidate
  switch (task) {
    case 'code':
      return CODER.test(model) ? 1 : STRONG.test(model) ? 0.8 : LIGHT.test(model) ? 0.3 : 0.5
    case 'analysis':
    case 'creative':
      return STRONG.test(model) ? 1 : LIGHT.test(model) ? 0.3 : 0.5
    case 'conversation':
    case 'status':
    case 'monitoring':
      return LIGHT.test(model) ? 1 : STRONG.test(model) ? 0.4 : 0.6
    case 'question':
    case 'general':
      return 0.5
  }
}

/** First-token time of a provider that nobody has tried yet, ms: middling, so that it is neither shunned nor swamped. */
const UNTRIED_MS = 1000

interface Judged {
  readonly candidate: Candidate
  readonly health: ProviderHealth
  readonly cost: number
}

/**
 * Chooses who is asked, in which order (SPEC RT). Pure: a function of the request, the candidates, prices, health, time.
 * Providers that are down or rate-limited come last, as a last resort; those beyond the cost limit are left out.
 */
export function route(
  request: RouteRequest,
  candidates: readonly Candidate[],
  snapshot: HealthSnapshot | null,
  now: number,
): Route {
  const inputTokens = estimateTokens(request.promptChars)
  const judged = candidates.map(
    (candidate): Judged => ({
      candidate,
      health: snapshot?.providers[candidate.name] ?? UNKNOWN_HEALTH,
      cost: costOf(candidate.price, inputTokens, EXPECTED_TOKENS[request.task]),
    }),
  )
  const limit = request.config.cost_limit
  const affordable = judged.filter(({ cost }) => limit === null || cost <= limit)
  // Ranked apart, so that turns go round among those that are up.
  const usable = rank(
    request,
    affordable.filter(({ health }) => isUsable(health, now)),
  )
  const rest = rank(
    request,
    affordable.filter(({ health }) => !isUsable(health, now)),
  )
  return {
    order: [...usable, ...rest].map(({ candidate }) => candidate),
    tooDear: affordable.length === 0 && judged.length > 0 ? Math.min(...judged.map(({ cost }) => cost)) : null,
  }
}

function isUsable(health: ProviderHealth, now: number): boolean {
  if (health.busy_until !== null && health.busy_until > now) return false
  return health.state === 'closed' || health.probe
}

function rank(request: RouteRequest, judged: readonly Judged[]): readonly Judged[] {
  const preferred = ({ candidate }: Judged): boolean =>
    request.preference !== null && (candidate.name === request.preference || candidate.model === request.preference)
  const ordered = byStrategy(request, judged)
  // A probe goes first: it is the only way for a provider to come back, and a failure falls through to the next.
  const first = (one: Judged): number => (preferred(one) ? 0 : one.health.probe ? 1 : 2)
  return ordered.toSorted((a, b) => first(a) - first(b))
}

function byStrategy(request: RouteRequest, judged: readonly Judged[]): readonly Judged[] {
  const by = (...keys: ((one: Judged) => number)[]): readonly Judged[] =>
    judged.toSorted((a, b) => {
      for (const key of keys) {
        const difference = key(a) - key(b)
        if (difference !== 0) return difference
      }
      return 0
    })
  const speed = ({ health }: Judged): number => health.first_token_ms ?? UNTRIED_MS
  const failure = ({ health }: Judged): number => 1 - health.success_rate
  const price = ({ cost }: Judged): number => cost
  const priority = ({ candidate }: Judged): number => candidate.priority
  switch (request.config.routing_strategy) {
    case 'priority':
      return by(priority)
    case 'cost_optimized':
      return by(price, failure, priority)
    case 'performance_based':
      return by(speed, failure, priority)
    case 'reliability':
      return by(failure, speed, priority)
    case 'round_robin': {
      const ordered = by(priority)
      const at = ordered.length === 0 ? 0 : request.turn % ordered.length
      return [...ordered.slice(at), ...ordered.slice(0, at)]
    }
    case 'intelligent': {
      const dearest = Math.max(...judged.map(price), Number.MIN_VALUE)
      const weights = weightsOf(request.config)
      const score = (one: Judged): number =>
        weights.health * one.health.success_rate +
        weights.speed * (UNTRIED_MS / (UNTRIED_MS + speed(one))) +
        weights.cost * (1 - price(one) / dearest) +
        weights.fit * fitOf(one.candidate, request.task)
      return by((one) => -score(one), priority)
    }
  }
}

/** What counts how much for `intelligent` (RT2): health most, and each wish of the caller doubles its part. */
function weightsOf(config: RequestConfig) {
  return {
    health: config.reliability_priority ? 8 : 4,
    speed: config.speed_priority ? 2 : 1,
    cost: 1,
    fit: 1.5,
  }
}
