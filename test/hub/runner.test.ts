import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { isTerminal } from '../../src/core/events.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { ProviderFailure } from '../../src/core/model.ts'
import { Answering } from '../../src/hub/answering.ts'
import type { SourcePart } from '../../src/hub/runner.ts'
import { REQUEST } from '../support/answering.ts'
import { commandOf, FINISHED, Runs, SPECIALIST, sourceOf, TOOL_CALL, TOOL_RESULT } from '../support/runs.ts'
import { type Call, type Step, say, scripted, wait } from '../support/scripted-provider.ts'

let runs: Runs
let warnings = vi.spyOn(console, 'warn')

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  runs = new Runs()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function text(words: string): SourcePart {
  return { type: 'text', text: words }
}

/** What a source does: parts, pauses (ms), or an end by an error. */
type Move = SourcePart | number | Error

async function* playing(moves: readonly Move[]): AsyncGenerator<SourcePart, void, undefined> {
  for (const move of moves) {
    if (typeof move === 'number') await new Promise((resolve) => setTimeout(resolve, move))
    else if (move instanceof Error) throw move
    else yield move
  }
}

function source(moves: readonly Move[]): () => Promise<AsyncIterable<SourcePart>> {
  return () => Promise.resolve(playing(moves))
}

describe('a request that runs', () => {
  it('[GE1] ends once, whatever comes, and nothing of it follows; what was given before the end is in the log', async () => {
    const moveArb: fc.Arbitrary<Move> = fc.oneof(
      { arbitrary: fc.constantFrom('a ', 'wörd', '🌊').map(text), weight: 6 },
      { arbitrary: fc.oneof(fc.nat(200), fc.nat(20_000)), weight: 4 },
      { arbitrary: fc.constant<Move>({ type: 'alive' }), weight: 1 },
      { arbitrary: fc.constantFrom<Move>(TOOL_CALL, TOOL_RESULT, SPECIALIST), weight: 1 },
      {
        arbitrary: fc.constant<Move>({
          type: 'switch',
          switches: [{ from: 'ann', to: 'bob', reason: 'provider_cut', after_chars: 0 }],
        }),
        weight: 1,
      },
      { arbitrary: fc.constant<Move>(FINISHED), weight: 1 },
      { arbitrary: fc.constantFrom<Move>(new ProviderFailure('provider_error', 'x'), new TypeError('bug')), weight: 1 },
    )
    const actArb = fc.record({
      after: fc.oneof(fc.nat(300), fc.nat(40_000)),
      what: fc.constantFrom('cancel', 'flush', 'look', 'unwatch', 'watch'),
    })
    const requestArb = fc.record({
      moves: fc.array(moveArb, { maxLength: 10 }),
      routing: fc.nat(3000),
      timeout: fc.constantFrom(1, 5, 30),
      granularity: fc.constantFrom('chunk' as const, 'token' as const),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(requestArb, { minLength: 1, maxLength: 3 }),
        fc.array(actArb, { maxLength: 5 }),
        async (requests, acts) => {
          const many = new Runs()
          const whole: Promise<void>[] = []
          const stops: number[] = []
          for (const [i, { moves, routing, timeout, granularity }] of requests.entries()) {
            const command = commandOf({
              config: { ...commandOf().config, timeout },
              streamConfig: { granularity, cache: 'on' },
            })
            const running = many.begin(`r${i}`, command)
            stops[i] = 0
            running.stops.add(() => {
              stops[i] = (stops[i] ?? 0) + 1
            })
            whole.push(
              many.runner.run(running, async () => {
                await new Promise((resolve) => setTimeout(resolve, routing))
                return playing(moves)
              }),
            )
          }
          for (const { after, what } of acts) {
            await vi.advanceTimersByTimeAsync(after)
            const [first] = many.runner.all()
            if (what === 'cancel' && first !== undefined) many.runner.cancel(first, 'asked to')
            else if (what === 'flush' && first !== undefined) many.runner.flush(first)
            else if (what === 'look') many.runner.checkDeadlines()
            else many.watched = what === 'watch'
          }
          await vi.advanceTimersByTimeAsync(700_000)
          await Promise.all(whole)
          expect(many.runner.size).toBe(0)
          expect(many.broken).toEqual([])
          expect(vi.getTimerCount()).toBe(0)
          for (const [i, { moves, timeout }] of requests.entries()) {
            const events = many.events(`r${i}`)
            expect(events.filter(isTerminal)).toHaveLength(1)
            expect(events.at(-1)).toSatisfy(isTerminal)
            expect(stops[i]).toBe(1)
            const given = moves.map((move) => (typeof move === 'object' && 'text' in move ? move.text : '')).join('')
            expect(given.startsWith(many.text(`r${i}`))).toBe(true)
            const end = events.at(-1)
            expect((end?.at ?? 0) - 1_000_000).toBeGreaterThanOrEqual(0)
            const lasted = (end?.at ?? 0) - (events[0]?.at ?? 0)
            expect(lasted).toBeLessThan(timeout * 1000 + 1000)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('[GE1] has its whole text in the log when its end is there', async () => {
    const running = runs.begin('r1')
    const moves = [text('a '), text('b '), 20, text('c '), 300, text('d '), text('e'), FINISHED, text('late')]
    const run = runs.runner.run(running, source(moves))
    await vi.advanceTimersByTimeAsync(10_000)
    await run
    expect(runs.text('r1')).toBe('a b c d e')
    expect(runs.events('r1').at(-1)).toMatchObject({
      type: 'stream_end',
      data: { provider_used: 'ann', finish_reason: 'stop', total_length: 9, cache_hit: false, cost: 0 },
    })
  })

  it('[GA1] its first delta goes out at once; the next waits, less long when someone watches', async () => {
    for (const [watched, after] of [
      [true, LIMITS.gatherWatchedMs],
      [false, LIMITS.gatherUnwatchedMs],
    ] as const) {
      const one = new Runs()
      one.watched = watched
      void one.runner.run(one.begin('r1'), source([text('a'), 10, text('b'), 20_000, FINISHED]))
      await vi.advanceTimersByTimeAsync(10)
      expect(one.text('r1')).toBe('a')
      await vi.advanceTimersByTimeAsync(after - 11)
      expect(one.text('r1')).toBe('a')
      await vi.advanceTimersByTimeAsync(2)
      expect(one.text('r1')).toBe('ab')
      await vi.advanceTimersByTimeAsync(60_000)
    }
  })

  it('[GE10] a source that ends without a finish is a cut', async () => {
    void runs.runner.run(runs.begin('r1'), source([text('a')]))
    await vi.advanceTimersByTimeAsync(1000)
    expect(runs.events('r1').at(-1)).toMatchObject({ type: 'error', data: { error_type: 'provider_cut' } })
    expect(runs.text('r1')).toBe('a')
  })

  it.each<[string, Error, string, string | RegExp]>([
    ['a provider’s', new ProviderFailure('provider_rate_limited', 'Wait.'), 'provider_rate_limited', 'Wait.'],
    ['ours', new FreshetError('unavailable', 'Nobody is there.'), 'unavailable', 'Nobody is there.'],
    ['a bug', new TypeError('secret'), 'internal', /^(?!.*secret)/],
  ])('[GE8] an error that is %s ends it with a code', async (_, error, error_type, words) => {
    for (const opens of [source([text('a'), error]), () => Promise.reject(error)]) {
      const one = new Runs()
      const run = one.runner.run(one.begin('r1'), opens)
      await vi.advanceTimersByTimeAsync(1000)
      await run
      const end = one.events('r1').at(-1)
      expect(end).toMatchObject({ type: 'error', data: { error_type } })
      if (end?.type === 'error') expect(end.data.error).toMatch(words)
      expect(one.broken).toEqual([])
    }
    expect(JSON.stringify(warnings.mock.calls)).not.toContain('secret')
  })

  it('[GE7] is ended when its time is over, also while it waits for its first part or for a route', async () => {
    const never = () => new Promise<never>(() => undefined)
    void runs.runner.run(runs.begin('text'), source([text('a '), 900_000, FINISHED]))
    void runs.runner.run(runs.begin('route'), never)
    await vi.advanceTimersByTimeAsync(29_999)
    expect(runs.runner.size).toBe(2)
    await vi.advanceTimersByTimeAsync(1001)
    expect(runs.runner.size).toBe(0)
    expect(runs.types('text')).toEqual(['stream_start', 'chunk', 'error'])
    expect(runs.types('route')).toEqual(['stream_start', 'error'])
    for (const id of ['text', 'route'])
      expect(runs.events(id).at(-1)).toMatchObject({ data: { error_type: 'timeout' } })
  })

  it('[GE7] the watchdog ends what the ticker did not', () => {
    const running = runs.begin('r1')
    vi.setSystemTime(1_030_000)
    runs.runner.checkDeadlines()
    expect(runs.types('r1')).toEqual(['stream_start', 'error'])
    expect(running.generation.ended).toBe(true)
    runs.runner.checkDeadlines()
    expect(runs.types('r1')).toHaveLength(2)
  })

  it('[FB4] a change of provider is told after the text that stood before it', async () => {
    const switches = [{ from: 'ann', to: 'bob', reason: 'provider_cut', after_chars: 4 } as const]
    const moves = [text('a '), text('b '), { type: 'switch', switches } as const, text('c'), FINISHED]
    void runs.runner.run(runs.begin('r1'), source(moves))
    await vi.advanceTimersByTimeAsync(1000)
    const told = runs.events('r1').find(({ type }) => type === 'metadata')
    expect(told?.data).toMatchObject({ recommended_provider: 'bob', switch: switches })
    const before = runs.events('r1').slice(0, runs.types('r1').indexOf('metadata'))
    const said = before.map((event) => (event.type === 'chunk' ? event.data.chunk : '')).join('')
    expect(said).toBe('a b ')
  })

  it('[MN1] what it cost is in its end: it is settled before', async () => {
    const running = runs.begin('r1')
    running.cost = 0.25
    running.costEstimated = true
    void runs.runner.run(running, source([text('a'), FINISHED]))
    await vi.advanceTimersByTimeAsync(1000)
    expect(runs.events('r1').at(-1)).toMatchObject({ data: { cost: 0.25, cost_estimated: true } })
  })

  it('[GE1] an answer longer than the service keeps ends, and its provider is stopped', async () => {
    const calls: Call[] = []
    const ends: string[] = []
    const long: Step[] = Array.from({ length: 6 }, () => say('x'.repeat(1_000_000)))
    const running = runs.begin('r1')
    const answering = new Answering([scripted('ann', [...long, wait(1000), ...long], calls)], REQUEST, {
      now: () => Date.now(),
      firstTokenMs: 8000,
      stallMs: 20_000,
      deadline: Number.MAX_SAFE_INTEGER,
      settled: ({ outcome }) => void ends.push(outcome),
    })
    running.stops.add(() => answering.stop())
    void runs.runner.run(running, () => Promise.resolve(sourceOf(answering)))
    await vi.advanceTimersByTimeAsync(5000)
    expect(runs.events('r1').at(-1)).toMatchObject({ data: { error_type: 'answer_too_long' } })
    expect(ends).toEqual(['cancelled'])
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a cancel', () => {
  it('[GE4] ends it in the same turn, keeps the text, and has it stopped and settled before its end is stored', async () => {
    const running = runs.begin('r1')
    const order: string[] = []
    running.stops.add(() => void order.push(`stop after ${runs.types('r1').length}`))
    void runs.runner.run(running, source([text('a '), text('b'), 900_000, FINISHED]))
    await vi.advanceTimersByTimeAsync(10)
    runs.runner.cancel(running, 'asked to')
    expect(order).toEqual(['stop after 2'])
    // What is left is the source's own.
    expect(vi.getTimerCount()).toBe(1)
    expect(runs.types('r1')).toEqual(['stream_start', 'chunk', 'chunk', 'cancelled'])
    expect(runs.text('r1')).toBe('a b')
    expect(runs.events('r1').at(-1)).toMatchObject({ data: { reason: 'asked to', total_length: 3 } })
    expect(runs.runner.size).toBe(0)
    runs.runner.cancel(running, 'again')
    await vi.advanceTimersByTimeAsync(2_000_000)
    expect(runs.types('r1')).toHaveLength(4)
    expect(order).toHaveLength(1)
  })

  it.each(['cancel', 'timeout'])(
    '[GE4] before it is known who answers (%s): then nobody is asked any more',
    async (how) => {
      const calls: Call[] = []
      const running = runs.begin('r1')
      const settled: string[] = []
      const run = runs.runner.run(running, async () => {
        await new Promise((resolve) => setTimeout(resolve, how === 'cancel' ? 400 : 31_000))
        // As Answers.open does.
        const answering = new Answering([scripted('ann', [say('a '), wait(100), say('freshet')], calls)], REQUEST, {
          now: () => Date.now(),
          firstTokenMs: 8000,
          stallMs: 20_000,
          deadline: Number.MAX_SAFE_INTEGER,
          settled: ({ outcome }) => void settled.push(outcome),
        })
        running.stops.add(() => answering.stop())
        return sourceOf(answering)
      })
      await vi.advanceTimersByTimeAsync(100)
      if (how === 'cancel') runs.runner.cancel(running, 'asked to')
      await vi.advanceTimersByTimeAsync(60_000)
      await run
      expect(runs.types('r1')).toEqual(['stream_start', how === 'cancel' ? 'cancelled' : 'error'])
      expect({ asked: calls.length, settled: settled.length }).toEqual({ asked: 0, settled: 0 })
    },
  )

  it('[GE4] lets go of what answers it at its next part: nothing more is asked of it', async () => {
    const asked: string[] = []
    async function* endless(): AsyncGenerator<SourcePart, void, undefined> {
      try {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 100))
          asked.push('part')
          yield text('a')
        }
      } finally {
        asked.push('left')
      }
    }
    const running = runs.begin('r1')
    const run = runs.runner.run(running, () => Promise.resolve(endless()))
    await vi.advanceTimersByTimeAsync(250)
    runs.runner.cancel(running, 'asked to')
    await vi.advanceTimersByTimeAsync(10_000)
    await run
    expect(asked).toEqual(['part', 'part', 'part', 'left'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[GE4] takes no other request with it', async () => {
    const one = runs.begin('r1')
    void runs.runner.run(one, source([text('a'), 5000, FINISHED]))
    void runs.runner.run(runs.begin('r2'), source([text('a'), 5000, text('b'), FINISHED]))
    await vi.advanceTimersByTimeAsync(10)
    runs.runner.cancel(one, 'asked to')
    expect(runs.runner.size).toBe(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(runs.text('r2')).toBe('ab')
    expect(runs.types('r2').at(-1)).toBe('stream_end')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a storage that fails', () => {
  it.each<[string, readonly Move[], boolean[]]>([
    ['at the first text and ever after', [text('a'), 5000, FINISHED], Array(20).fill(true)],
    ['at the first text alone', [text('a'), 5000, FINISHED], [true]],
    ['at a gathered text, in its timer', [text('a'), 10, text('b'), 5000, FINISHED], [false, true]],
    ['at the end', [text('a'), 10, FINISHED], [false, true]],
    ['when an error is to be told', [text('a'), 10, new TypeError('bug')], [false, true]],
    ['when its time is over', [text('a'), 900_000, FINISHED], [false, true]],
  ])('[GE1] %s: the object is told once that it must start anew', async (_, moves, failures) => {
    runs.failures = failures
    const run = runs.runner.run(runs.begin('r1'), source(moves))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(runs.broken).toHaveLength(1)
    expect(runs.events('r1').filter(isTerminal).length).toBeLessThanOrEqual(1)
    await Promise.race([run, Promise.resolve()])
  })

  it('[GE1] at a cancel: whoever cancelled is told too', async () => {
    const running = runs.begin('r1')
    void runs.runner.run(running, source([900_000]))
    runs.failures = [true]
    expect(() => runs.runner.cancel(running, 'asked to')).toThrow('the storage is full')
    expect(runs.broken).toHaveLength(1)
  })

  it('[MN1] a ledger that cannot be written to is such a failure', async () => {
    const running = runs.begin('r1')
    running.stops.add(() => {
      throw new Error('the storage is full')
    })
    void runs.runner.run(running, source([text('a'), FINISHED]))
    await vi.advanceTimersByTimeAsync(1000)
    expect(runs.broken).toHaveLength(1)
  })
})
