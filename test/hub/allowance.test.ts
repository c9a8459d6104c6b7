import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { monthOf } from '../../src/core/quota.ts'
import { rateLimitHeaders } from '../../src/core/rate-window.ts'
import { Allowance, type AllowanceLimits, type PastStart } from '../../src/hub/allowance.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const NOVEMBER = Date.UTC(2026, 10, 20, 12)
const NEW_YEAR = Date.UTC(2027, 0, 1)

/** A user's hub as far as its limits go: it keeps rows and the settled quota, and dies now and then. */
class Life {
  readonly limits: AllowanceLimits
  /** What the clock says, and how much time has really passed since the beginning, ms. */
  clock: number
  elapsed = 0
  allowance: Allowance
  #stored: Allowance['stored'] | null = null
  #rows: PastStart[] = []
  /** Starts that were let in: when really, by whom, in which month, and whether the month still counts it. */
  readonly begun: { id: string; agent: string; elapsed: number; month: string; counts: boolean }[] = []

  constructor(limits: AllowanceLimits, clock: number) {
    this.limits = limits
    this.clock = clock
    this.allowance = new Allowance(limits, [], null, clock)
  }

  /** @returns what it was refused with, or null */
  start(agent: string): FreshetError | null {
    const requestId = `r-${this.begun.length}`
    try {
      this.allowance.check(agent, this.clock)
      this.allowance.count(requestId, agent, this.clock)
    } catch (error) {
      if (error instanceof FreshetError) return error
      throw error
    }
    this.begun.push({ id: requestId, agent, elapsed: this.elapsed, month: monthOf(this.clock), counts: true })
    this.#rows.push({ requestId, agent, at: this.clock, isRunning: true })
    return null
  }

  get running(): readonly PastStart[] {
    return this.#rows.filter(({ isRunning }) => isRunning)
  }

  end({ requestId }: PastStart, counts: boolean): void {
    this.#rows = this.#rows.map((row) => (row.requestId === requestId ? { ...row, isRunning: false } : row))
    this.allowance.end(requestId, counts)
    this.#stored = this.allowance.stored
    for (const one of this.begun) if (one.id === requestId) one.counts = counts
  }

  wait(ms: number): void {
    this.clock += ms
    this.elapsed += ms
  }

  /** Another instance: it knows what is in storage, and ends what ran (GE6). @param spoke whether there was a word of it */
  restart(spoke: boolean): void {
    const since = this.clock - MINUTE
    const past = this.#rows.filter(({ at, isRunning }) => at > since || isRunning)
    this.allowance = new Allowance(this.limits, past, this.#stored, this.clock)
    for (const row of this.running) this.end(row, spoke)
  }

  /** Starts of the last minute, by real time. */
  recent(agent?: string): number {
    const since = this.elapsed - MINUTE
    return this.begun.filter((one) => one.elapsed > since && (agent === undefined || one.agent === agent)).length
  }

  /** What the month counts. */
  ofMonth(month = monthOf(this.clock)): number {
    return this.begun.filter((one) => one.agent === 'todo' && one.month === month && one.counts).length
  }
}

const limitsArb = fc.record({
  perMinute: fc.nat(5),
  agentPerMinute: fc.nat(4),
  agentPerMonth: fc.nat(8),
})
const stepArb = fc.oneof(
  { weight: 8, arbitrary: fc.record({ act: fc.constant('start' as const), agent: fc.constantFrom('todo', 'health') }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('end' as const), n: fc.nat(9), counts: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.nat(35_000) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.constantFrom(MINUTE, MINUTE - 1) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('restart' as const), spoke: fc.boolean() }) },
)
const daysArb = fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20 * DAY }) })
const backArb = fc.record({ act: fc.constant('back' as const), ms: fc.nat(90_000) })
type Step = typeof stepArb extends fc.Arbitrary<infer T> ? T : never
type Back = typeof backArb extends fc.Arbitrary<infer T> ? T : never

/** One step that is no start. */
function passes(life: Life, step: Exclude<Step, { act: 'start' }> | Back): void {
  if (step.act === 'wait') life.wait(step.ms)
  else if (step.act === 'restart') life.restart(step.spoke)
  else if (step.act === 'back') life.clock -= step.ms
  else {
    const row = life.running[step.n % Math.max(1, life.running.length)]
    if (row !== undefined) life.end(row, step.counts)
  }
}

function refusalOf(life: Life, agent: string): FreshetError {
  const refused = life.start(agent)
  if (refused === null) throw new Error('it was let in')
  return refused
}

describe('Allowance', () => {
  it('[RL1][RL2] lets in exactly what the windows and the month have room for, through ends, restarts and months', () => {
    fc.assert(
      fc.property(limitsArb, fc.array(fc.oneof({ weight: 12, arbitrary: stepArb }, daysArb)), (limits, steps) => {
        const life = new Life(limits, NOVEMBER)
        for (const step of steps) {
          if (step.act !== 'start') {
            passes(life, step)
            continue
          }
          const isAgents = step.agent === 'todo'
          const { perMinute, agentPerMinute, agentPerMonth } = limits
          const windowIsFull =
            (perMinute > 0 && life.recent() >= perMinute) ||
            (isAgents && agentPerMinute > 0 && life.recent('todo') >= agentPerMinute)
          const monthIsFull = isAgents && agentPerMonth > 0 && life.ofMonth() >= agentPerMonth
          const expected = windowIsFull ? 'rate_limited' : monthIsFull ? 'quota_exceeded' : undefined
          const before = life.ofMonth()
          const refused = life.start(step.agent)
          expect(refused?.code).toBe(expected)
          if (refused?.limit?.usage && agentPerMonth > 0) {
            expect(refused.limit.usage).toMatchObject({
              current_usage: before,
              monthly_limit: agentPerMonth,
              remaining_quota: agentPerMonth - before,
            })
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  it('[RL1] in no stretch of a minute are there more starts than the limit, though the clock steps back', () => {
    const steps = fc.array(fc.oneof({ weight: 8, arbitrary: stepArb }, backArb), { maxLength: 60 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), steps, (perMinute, agent, list) => {
        const life = new Life({ perMinute, agentPerMinute: agent, agentPerMonth: 0 }, NOVEMBER)
        for (const step of list) {
          if (step.act === 'start') life.start(step.agent)
          else passes(life, step)
          expect(life.recent()).toBeLessThanOrEqual(perMinute)
          expect(life.recent('todo')).toBeLessThanOrEqual(agent)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('[RL1] who was refused is let in when it was told that it would be, and not a millisecond sooner', () => {
    const gaps = fc.array(fc.nat(25_000), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), gaps, (all, agent, list) => {
        const life = new Life({ perMinute: all, agentPerMinute: agent, agentPerMonth: 0 }, NOVEMBER)
        for (const [i, ms] of list.entries()) {
          const refused = life.start(i % 2 === 0 ? 'todo' : 'health')
          if (refused !== null && i % 2 === 0) {
            const reset = Date.parse(refused.limit?.usage?.reset_date ?? '')
            expect(reset).toBe(Math.max(...(refused.limit?.policies ?? []).flatMap(fullUntil)))
            expect(Number(rateLimitHeaders(refused.limit?.policies ?? [], life.clock)['retry-after'])).toBe(
              Math.ceil((reset - life.clock) / 1000),
            )
            life.wait(reset - life.clock - 1)
            expect(life.start('todo')?.code).toBe('rate_limited')
            life.wait(1)
            expect(life.start('todo')).toBeNull()
          }
          life.wait(ms)
        }
      }),
    )
  })

  it('[RL2] of starts at once exactly the month’s rest is let in, and the others change nothing', () => {
    const life = new Life({ perMinute: 0, agentPerMinute: 0, agentPerMonth: 10 }, NOVEMBER)
    const refused = Array.from({ length: 50 }, () => life.start('todo')).filter((one) => one !== null)
    expect(refused).toHaveLength(40)
    for (const { code, limit } of refused) {
      expect(code).toBe('quota_exceeded')
      const usage = { current_usage: 10, monthly_limit: 10, remaining_quota: 0, reset_date: '2026-12-01' }
      expect(limit?.usage).toEqual(usage)
      expect(limit?.policies).toEqual([
        { name: 'todo-agent-month', quota: 10, windowS: null, remaining: 0, resetAt: Date.UTC(2026, 11, 1) },
      ])
    }
    // Other agents have no quota.
    expect(life.start('health')).toBeNull()
  })

  it('[RL2] a request that failed without a word gives its place back; one that spoke keeps it', () => {
    const life = new Life({ perMinute: 0, agentPerMinute: 0, agentPerMonth: 2 }, NOVEMBER)
    life.start('todo')
    life.start('todo')
    const [first, second] = life.running
    if (first === undefined || second === undefined) throw new Error('they run')
    life.end(first, false)
    expect(life.start('todo')).toBeNull()
    life.end(second, true)
    expect(refusalOf(life, 'todo').code).toBe('quota_exceeded')
    // An end that is told twice changes nothing.
    life.allowance.end(first.requestId, false)
    life.allowance.end(second.requestId, false)
    expect(refusalOf(life, 'todo').code).toBe('quota_exceeded')
  })

  it.each([
    ['it spoke', true, 'quota_exceeded'],
    ['it did not', false, undefined],
  ])('[RL2] what a dead hub left running is settled when the next one ends it: %s', (_, spoke, code) => {
    const life = new Life({ perMinute: 0, agentPerMinute: 0, agentPerMonth: 1 }, NOVEMBER)
    life.start('todo')
    life.wait(10 * MINUTE)
    life.restart(spoke)
    expect(life.start('todo')?.code).toBe(code)
  })

  it('[RL2] what began before the new year is of the old one, also when the hub died over midnight', () => {
    for (const settled of [0, 1]) {
      const life = new Life({ perMinute: 0, agentPerMinute: 0, agentPerMonth: 3 }, NEW_YEAR - MINUTE)
      for (let i = 0; i <= settled; i++) life.start('todo')
      for (const row of life.running.slice(0, settled)) life.end(row, true)
      life.wait(2 * MINUTE)
      life.restart(true)
      expect(life.allowance.stored).toMatchObject({ month: '2026-12', used: settled + 1 })
      for (let i = 0; i < 3; i++) expect(life.start('todo')).toBeNull()
      expect(refusalOf(life, 'todo').limit?.usage).toMatchObject({ current_usage: 3, reset_date: '2027-02-01' })
    }
  })

  it('[RL2] one that ran over midnight does not count in a month that has already begun', () => {
    const life = new Life({ perMinute: 0, agentPerMinute: 0, agentPerMonth: 1 }, NEW_YEAR - MINUTE)
    life.start('todo')
    life.wait(2 * MINUTE)
    expect(life.start('todo')).toBeNull()
    const [, newer] = life.running
    if (newer === undefined) throw new Error('it runs')
    life.end(newer, false)
    life.restart(true)
    expect(life.allowance.stored).toEqual({ month: '2027-01', used: 0, running: [] })
    expect(life.start('todo')).toBeNull()
  })

  it('[RL1] what a refusal tells: the limits that it fell under, and of another agent no month', () => {
    const life = new Life({ perMinute: 2, agentPerMinute: 1, agentPerMonth: 9 }, NOVEMBER)
    life.start('todo')
    const { code, message, limit } = refusalOf(life, 'todo')
    expect({ code, message }).toEqual({
      code: 'rate_limited',
      message: 'At most 1 requests a minute. Wait until the reset, then ask again.',
    })
    const resetAt = NOVEMBER + MINUTE
    expect(limit?.policies).toEqual([
      { name: 'generations', quota: 2, windowS: 60, remaining: 1, resetAt },
      { name: 'todo-agent', quota: 1, windowS: 60, remaining: 0, resetAt },
    ])
    expect(limit?.usage).toEqual({
      current_usage: 1,
      monthly_limit: 9,
      remaining_quota: 8,
      reset_date: new Date(resetAt).toISOString(),
    })
    life.start('health')
    expect(refusalOf(life, 'health').limit?.usage).toBeNull()
  })
})

function fullUntil({ remaining, resetAt }: { remaining: number; resetAt: number }): readonly number[] {
  return remaining <= 0 ? [resetAt] : []
}
