import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ROUTING_STRATEGIES } from '../../src/core/commands.ts'
import type { HealthSnapshot, ProviderHealth } from '../../src/core/health.ts'
import { type Candidate, fitOf, type RouteRequest, route } from '../../src/core/route.ts'
import { TASK_CLASSES, type TaskClass } from '../../src/core/task.ts'
import {
  candidateOf,
  candidatesArb,
  healthOf,
  healthSnapshotArb,
  requestOf,
  snapshotOf,
} from '../support/candidates.ts'

const NOW = 1000

const requestArb: fc.Arbitrary<RouteRequest> = fc
  .record({
    routing_strategy: fc.constantFrom(...ROUTING_STRATEGIES),
    speed_priority: fc.boolean(),
    reliability_priority: fc.boolean(),
    cost_limit: fc.option(fc.constantFrom(0, 0.0005, 0.001, 0.002, 1)),
    task: fc.constantFrom(...TASK_CLASSES),
    promptChars: fc.nat(4000),
    preference: fc.constantFrom(null, null, 'ann', 'bob', 'm-mini', 'nobody'),
    turn: fc.nat(20),
  })
  .map(({ task, promptChars, preference, turn, ...config }) =>
    requestOf({ task, promptChars, preference, turn, config }),
  )

interface Scene {
  readonly request: RouteRequest
  readonly candidates: readonly Candidate[]
  readonly snapshot: HealthSnapshot | null
}
const sceneArb: fc.Arbitrary<Scene> = fc.record({
  request: requestArb,
  candidates: candidatesArb,
  snapshot: healthSnapshotArb,
})

/** What a candidate is known to be like: nothing is known of one that is not in the snapshot. */
function known({ snapshot }: Scene, { name }: Candidate): ProviderHealth {
  return snapshot?.providers[name] ?? healthOf({ samples: 0, first_token_ms: null })
}

/** 0 or 1: usable or last resort; then 0 to 2: preferred, probed, other (RT4). */
function rankOf(scene: Scene, candidate: Candidate): readonly [number, number] {
  const { state, probe, busy_until } = known(scene, candidate)
  const isBusy = busy_until !== null && busy_until > NOW
  const isLast = isBusy || (state !== 'closed' && !probe)
  const { preference } = scene.request
  const isPreferred = preference === candidate.name || preference === candidate.model
  return [isLast ? 1 : 0, isPreferred ? 0 : probe ? 1 : 2]
}

/** Negative, 0 or positive as the first difference of two lists. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, one] of a.entries()) {
    const difference = one - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function names(candidates: readonly Candidate[]): readonly string[] {
  return candidates.map(({ name }) => name)
}

function orderOf(
  config: Parameters<typeof requestOf>[0],
  candidates: readonly Candidate[],
  snapshot: HealthSnapshot | null = null,
): readonly string[] {
  return names(route(requestOf(config), candidates, snapshot, NOW).order)
}

/** Dollars that a candidate would cost: what is told of one when not even nothing may be spent. */
function estimateOf(request: RouteRequest, one: Candidate): number {
  const config = { ...request.config, cost_limit: -1 }
  return route({ ...request, config }, [one], null, NOW).tooDear ?? Number.NaN
}

describe('the choice of providers', () => {
  it('[RT1] is the same for the same request, candidates, prices, health and time, and changes none of them', () => {
    fc.assert(
      fc.property(sceneArb, ({ request, candidates, snapshot }) => {
        const before = structuredClone({ request, candidates, snapshot })
        const first = route(request, candidates, snapshot, NOW)
        expect(route(request, candidates, snapshot, NOW)).toEqual(first)
        expect({ request, candidates, snapshot }).toEqual(before)
      }),
    )
  })

  it('[MN5] has each candidate that is affordable exactly once, and no other', () => {
    fc.assert(
      fc.property(sceneArb, ({ request, candidates, snapshot }) => {
        const { order, tooDear } = route(request, candidates, snapshot, NOW)
        const limit = request.config.cost_limit ?? Number.POSITIVE_INFINITY
        const estimates = candidates.map((one) => estimateOf(request, one))
        const affordable = names(candidates).filter((_, i) => (estimates[i] ?? Number.NaN) <= limit)
        expect(names(order).toSorted()).toEqual(affordable.toSorted())
        for (const one of order) expect(candidates).toContain(one)
        const refused = candidates.length > 0 && affordable.length === 0
        expect(tooDear).toBe(refused ? Math.min(...estimates) : null)
      }),
    )
  })

  it('[RT4] has those that are down or rate-limited last, and in each half the preferred, then the probed, first', () => {
    fc.assert(
      fc.property(sceneArb, (scene) => {
        const { order } = route(scene.request, scene.candidates, scene.snapshot, NOW)
        const ranks = order.map((one) => rankOf(scene, one))
        expect(ranks).toEqual(ranks.toSorted(compare))
      }),
    )
  })

  it('[RT3] is, among equals in rank, by the figure of its strategy', () => {
    fc.assert(
      fc.property(sceneArb, (scene) => {
        const { order } = route(scene.request, scene.candidates, scene.snapshot, NOW)
        const speed = (one: Candidate) => known(scene, one).first_token_ms ?? 1000
        const success = (one: Candidate) => known(scene, one).success_rate
        const cost = (one: Candidate) => estimateOf(scene.request, one)
        const figures: Partial<Record<string, (one: Candidate) => number>> = {
          performance_based: speed,
          cost_optimized: cost,
          reliability: (one) => -success(one),
          priority: ({ priority }) => priority,
        }
        const figure = figures[scene.request.config.routing_strategy]
        for (const [i, one] of order.entries()) {
          const next = order[i + 1]
          if (next === undefined || compare(rankOf(scene, one), rankOf(scene, next)) !== 0) continue
          if (figure !== undefined) expect(figure(one)).toBeLessThanOrEqual(figure(next))
          const isTie = speed(one) === speed(next) && success(one) === success(next) && cost(one) === cost(next)
          const isSame = isTie && fitOf(one, scene.request.task) === fitOf(next, scene.request.task)
          const isTurn = scene.request.config.routing_strategy === 'round_robin'
          if (isSame && !isTurn) expect(one.priority).toBeLessThanOrEqual(next.priority)
          const isList = isSame && !isTurn && one.priority === next.priority
          if (isList) expect(scene.candidates.indexOf(one)).toBeLessThan(scene.candidates.indexOf(next))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('[RT4] nobody is left alone for what the clock has passed', () => {
    const two = [candidateOf('ann'), candidateOf('bob')]
    expect(orderOf({}, two, snapshotOf({ ann: { busy_until: NOW + 1 }, bob: {} }))).toEqual(['bob', 'ann'])
    expect(orderOf({}, two, snapshotOf({ ann: { busy_until: NOW }, bob: {} }))).toEqual(['ann', 'bob'])
  })

  it.each<[string, Partial<ProviderHealth>, readonly string[]]>([
    ['is open', { state: 'open' }, ['bob', 'cem', 'ann']],
    ['waits for a probe that another holds', { state: 'half_open' }, ['bob', 'cem', 'ann']],
    ['is probed by this hub', { state: 'half_open', probe: true }, ['ann', 'bob', 'cem']],
    [
      'is probed by this hub but rate-limited',
      { state: 'half_open', probe: true, busy_until: 9e9 },
      ['bob', 'cem', 'ann'],
    ],
    ['is rate-limited', { busy_until: 9e9 }, ['bob', 'cem', 'ann']],
    ['is bad but up', { success_rate: 0 }, ['bob', 'cem', 'ann']],
  ])('[RT4] where the slowest one %s', (_, health, expected) => {
    const three = [candidateOf('ann'), candidateOf('bob'), candidateOf('cem')]
    const snapshot = snapshotOf({ ann: { first_token_ms: 4000, ...health }, bob: {}, cem: {} })
    expect(orderOf({}, three, snapshot)).toEqual(expected)
  })

  it('[RT4] a preference by name or model comes before a probe, but not before one that is up', () => {
    const three = [candidateOf('ann'), candidateOf('bob'), candidateOf('cem')]
    const probed = snapshotOf({ ann: { state: 'half_open', probe: true }, bob: {}, cem: {} })
    expect(orderOf({ preference: 'cem' }, three, probed)).toEqual(['cem', 'ann', 'bob'])
    expect(orderOf({ preference: 'model-cem' }, three, probed)).toEqual(['cem', 'ann', 'bob'])
    const down = snapshotOf({ ann: { state: 'open' }, bob: {}, cem: { state: 'open' } })
    expect(orderOf({ preference: 'cem' }, three, down)).toEqual(['bob', 'cem', 'ann'])
  })

  it('[RT3] round_robin gives each the first place as often, in the order of the priorities, and the rest in turn', () => {
    fc.assert(
      fc.property(candidatesArb, fc.nat(50), (candidates, from) => {
        const config = { routing_strategy: 'round_robin' as const }
        const inOrder = names(candidates.toSorted((a, b) => a.priority - b.priority))
        for (const i of inOrder.keys()) {
          const turn = from * inOrder.length + i
          expect(orderOf({ turn, config }, candidates)).toEqual([...inOrder.slice(i), ...inOrder.slice(0, i)])
        }
        if (inOrder.length === 0) expect(orderOf({ turn: from, config }, candidates)).toEqual([])
      }),
    )
  })

  it('[RT3] one that nobody has tried is neither first nor last by speed', () => {
    const three = [candidateOf('slow'), candidateOf('new'), candidateOf('fast')]
    const snapshot = snapshotOf({ slow: { first_token_ms: 1500 }, fast: { first_token_ms: 500 } })
    expect(orderOf({ config: { routing_strategy: 'performance_based' } }, three, snapshot)).toEqual([
      'fast',
      'new',
      'slow',
    ])
  })

  it.each(ROUTING_STRATEGIES)('[RT1] %s of nobody is nobody, and nothing is too dear', (routing_strategy) => {
    expect(route(requestOf({ config: { routing_strategy } }), [], null, NOW)).toEqual({
      order: [],
      tooDear: null,
    })
  })
})

describe('intelligent', () => {
  /** Figures of a candidate, from worst to best. */
  const figuresArb = fc.record({
    success: fc.nat(2),
    speed: fc.nat(2),
    cheap: fc.nat(2),
    fit: fc.nat(1),
  })
  type Figures = { success: number; speed: number; cheap: number; fit: number }

  function sceneOf(figures: Readonly<Record<string, Figures>>, priority: (name: string) => number) {
    const candidates = Object.entries(figures).map(([name, { cheap, fit }]) =>
      candidateOf(name, {
        price: { input: 2 - cheap, output: 2 - cheap },
        tasks: fit === 1 ? ['creative'] : ['code'],
        priority: priority(name),
      }),
    )
    const snapshot = snapshotOf(
      Object.fromEntries(
        Object.entries(figures).map(([name, { success, speed }]) => [
          name,
          { success_rate: 0.8 + success / 10, first_token_ms: 3000 - 1000 * speed },
        ]),
      ),
    )
    return { candidates, snapshot }
  }

  it('[RT2] one that is better in something and worse in nothing comes first, whatever the priorities', () => {
    fc.assert(
      fc.property(
        figuresArb,
        figuresArb,
        fc.boolean(),
        fc.boolean(),
        (ann, more, speed_priority, reliability_priority) => {
          const best = (key: keyof Figures) => Math.max(ann[key], more[key])
          const bob: Figures = {
            success: best('success'),
            speed: best('speed'),
            cheap: best('cheap'),
            fit: best('fit'),
          }
          const isBetter = Object.values(bob).some((figure, i) => figure > (Object.values(ann)[i] ?? 0))
          fc.pre(isBetter)
          const { candidates, snapshot } = sceneOf({ ann, bob }, (name) => (name === 'ann' ? 0 : 9))
          const config = { speed_priority, reliability_priority }
          expect(orderOf({ task: 'creative', config }, candidates, snapshot)).toEqual(['bob', 'ann'])
        },
      ),
    )
  })

  it.each<[keyof Parameters<typeof wished>[0], 'speed' | 'success']>([
    ['speed_priority', 'speed'],
    ['reliability_priority', 'success'],
  ])('[RT2] %s never moves one that is better in it behind one that is worse', (wish, figure) => {
    fc.assert(
      fc.property(figuresArb, figuresArb, (ann, bob) => {
        fc.pre(ann[figure] > bob[figure])
        const { candidates, snapshot } = sceneOf({ ann, bob }, () => 0)
        const [without] = orderOf({ task: 'creative', config: wished({}) }, candidates, snapshot)
        const [withIt] = orderOf({ task: 'creative', config: wished({ [wish]: true }) }, candidates, snapshot)
        if (without === 'ann') expect(withIt).toBe('ann')
      }),
    )
  })

  function wished(more: { speed_priority?: boolean; reliability_priority?: boolean }) {
    return { speed_priority: false, reliability_priority: false, ...more }
  }

  it('[RT2] speed_priority makes up for a higher price', () => {
    const two = [
      candidateOf('fast', { price: { input: 0, output: 4 }, tasks: ['code'] }),
      candidateOf('cheap', { price: { input: 0, output: 1 }, tasks: ['code'] }),
    ]
    const snapshot = snapshotOf({ fast: { first_token_ms: 0 }, cheap: { first_token_ms: 1000 } })
    expect(orderOf({ config: wished({}) }, two, snapshot)).toEqual(['cheap', 'fast'])
    expect(orderOf({ config: wished({ speed_priority: true }) }, two, snapshot)).toEqual(['fast', 'cheap'])
  })

  it('[RT2] reliability_priority makes up for a slower first token', () => {
    const two = [candidateOf('fast'), candidateOf('sure')]
    const snapshot = snapshotOf({
      fast: { first_token_ms: 0, success_rate: 0.9 },
      sure: { first_token_ms: 1000, success_rate: 1 },
    })
    expect(orderOf({ config: wished({}) }, two, snapshot)).toEqual(['fast', 'sure'])
    expect(orderOf({ config: wished({ reliability_priority: true }) }, two, snapshot)).toEqual(['sure', 'fast'])
  })

  it('[RT2] where nothing has a price, price decides nothing', () => {
    const free = [candidateOf('ann'), candidateOf('bob', { price: { input: 0, output: 0 } })]
    expect(orderOf({}, free, snapshotOf({ ann: { first_token_ms: 900 }, bob: { first_token_ms: 100 } }))).toEqual([
      'bob',
      'ann',
    ])
    expect(orderOf({}, free.toReversed())).toEqual(['bob', 'ann'])
  })

  it.each<[TaskClass, string, string]>([
    ['code', 'qwen-coder-32b', 'claude-haiku'],
    ['code', 'gpt-5', 'gpt-5-mini'],
    ['analysis', 'claude-opus', 'gpt-5-nano'],
    ['creative', 'mistral-large', 'gemini-2.0-flash'],
    ['conversation', 'gpt-5-mini', 'claude-opus'],
    ['status', 'gemini-2.0-flash', 'gemini-2.5-pro'],
    ['monitoring', 'claude-haiku', 'deepseek-chat'],
  ])('[RT2] for %s %s fits better than %s', (task, better, worse) => {
    const fitOfModel = (model: string) => fitOf(candidateOf('ann', { model }), task)
    expect(fitOfModel(better)).toBeGreaterThan(fitOfModel(worse))
    const two = [candidateOf('worse', { model: worse }), candidateOf('better', { model: better })]
    expect(orderOf({ task }, two)).toEqual(['better', 'worse'])
  })

  it('[RT2] an entry with tasks is judged by them alone, any other by its name', () => {
    for (const task of TASK_CLASSES) {
      expect(fitOf(candidateOf('ann', { model: 'opus-coder', tasks: [task] }), task)).toBe(1)
      const others = TASK_CLASSES.filter((other) => other !== task)
      expect(fitOf(candidateOf('ann', { model: 'opus-coder', tasks: others }), task)).toBe(0)
      for (const model of ['opus', 'm-mini', 'coder', 'any']) {
        const fit = fitOf(candidateOf('ann', { model }), task)
        expect(fit).toBeGreaterThan(0)
        expect(fit).toBeLessThanOrEqual(1)
      }
    }
  })
})

describe('cost_limit', () => {
  const price = { input: 1, output: 1 }

  it('[MN5] is of the prompt, a token for four characters, and of the expected answer', () => {
    const estimate = (promptChars: number, one: Candidate) => estimateOf(requestOf({ promptChars }), one)
    const expected = estimate(0, candidateOf('ann', { price: { input: 9, output: 1 } }))
    expect(expected).toBeGreaterThan(0)
    expect(estimate(0, candidateOf('ann', { price: { input: 0, output: 2 } }))).toBeCloseTo(2 * expected, 12)
    expect(estimate(4000, candidateOf('ann', { price: { input: 2, output: 0 } }))).toBeCloseTo(0.002, 12)
    expect(estimate(4001, candidateOf('ann', { price: { input: 2, output: 0 } }))).toBeCloseTo(0.002_002, 12)
  })

  it('[MN5] a longer answer is expected of code and analysis than of small talk', () => {
    const estimate = (task: TaskClass) => estimateOf(requestOf({ task }), candidateOf('ann', { price }))
    for (const long of ['code', 'analysis', 'creative'] as const) {
      for (const short of ['conversation', 'status'] as const) expect(estimate(long)).toBeGreaterThan(estimate(short))
    }
    for (const task of TASK_CLASSES) expect(estimate(task)).toBeGreaterThan(0)
  })

  it('[MN5] what costs exactly the limit is affordable, and nothing above it is asked, though all else is down', () => {
    const just = candidateOf('just', { price })
    const two = [candidateOf('dear', { price: { input: 2, output: 2 } }), just]
    const cost_limit = estimateOf(requestOf(), just)
    const down = snapshotOf({ dear: {}, just: { state: 'open' } })
    expect(orderOf({ config: { cost_limit } }, two, down)).toEqual(['just'])
    const none = route(requestOf({ config: { cost_limit: cost_limit * 0.99 } }), two, down, NOW)
    expect(none).toMatchObject({ order: [], tooDear: cost_limit })
  })

  it('[MN4] a limit of nothing leaves those without a price and those that are free', () => {
    const three = [
      candidateOf('ann'),
      candidateOf('bob', { price: { input: 0, output: 0 } }),
      candidateOf('cem', { price: { input: 0, output: 0.01 } }),
    ]
    expect(orderOf({ config: { cost_limit: 0 } }, three)).toEqual(['ann', 'bob'])
  })

  it('[MN5] no limit leaves nobody out', () => {
    expect(
      orderOf({ config: { cost_limit: null } }, [candidateOf('ann', { price: { input: 1e9, output: 1e9 } })]),
    ).toEqual(['ann'])
  })
})
