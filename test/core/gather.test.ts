import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Gatherer } from '../../src/core/gather.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { type Arrival, playArrivals } from '../support/flush-clock.ts'
import { textArb } from '../support/generated-log.ts'

const AT_ONCE = Number.NEGATIVE_INFINITY

const arrivalsArb: fc.Arbitrary<readonly Arrival[]> = fc
  .array(fc.record({ wait: fc.oneof(fc.nat(30), fc.nat(3000)), delta: textArb }), { maxLength: 80 })
  .map((steps) => {
    let at = 5000
    return steps.map(({ wait, delta }) => {
      at += wait
      return { at, delta }
    })
  })

interface Out {
  readonly at: number
  readonly deltas: readonly string[]
}

function play(arrivals: readonly Arrival[], watched: boolean, late = 0): readonly Out[] {
  const gatherer = new Gatherer()
  const out: Out[] = []
  playArrivals(
    arrivals,
    watched,
    {
      add: (delta) => gatherer.add(delta),
      dueAt: (is) => gatherer.dueAt(is),
      flush: (at) => out.push({ at, deltas: gatherer.take(at) }),
    },
    late,
  )
  return out.filter(({ deltas }) => deltas.length > 0)
}

/** How long each delta waited, in order. */
function waits(arrivals: readonly Arrival[], out: readonly Out[]): readonly number[] {
  const left = arrivals.filter(({ delta }) => delta !== '')
  return out.flatMap(({ at, deltas }) => deltas.map(() => at - (left.shift()?.at ?? at)))
}

describe('gathering', () => {
  it('[GA1] the first delta is due at once, watched or not', () => {
    for (const watched of [true, false]) {
      const gatherer = new Gatherer()
      expect(gatherer.dueAt(watched)).toBeNull()
      gatherer.add('')
      expect(gatherer.dueAt(watched)).toBeNull()
      gatherer.add('a')
      expect(gatherer.dueAt(watched)).toBe(AT_ONCE)
    }
  })

  it('[GA1] a flush of nothing does not take the first delta its place', () => {
    const gatherer = new Gatherer()
    expect(gatherer.take(1000)).toEqual([])
    gatherer.add('a')
    expect(gatherer.dueAt(true)).toBe(AT_ONCE)
  })

  it('[GA2] watched, no delta waits longer than 100 ms, with a timer that is 10 ms late', () => {
    fc.assert(
      fc.property(arrivalsArb, (arrivals) => {
        const out = play(arrivals, true, 10)
        for (const wait of waits(arrivals, out)) expect(wait).toBeLessThanOrEqual(100)
      }),
    )
  })

  it('[GA2] unwatched, no delta waits longer than about 1 s', () => {
    fc.assert(
      fc.property(arrivalsArb, (arrivals) => {
        for (const wait of waits(arrivals, play(arrivals, false)))
          expect(wait).toBeLessThanOrEqual(LIMITS.gatherUnwatchedMs)
      }),
    )
  })

  it('[GA2] as soon as someone watches, what waits is due by the watched interval', () => {
    const gatherer = new Gatherer()
    gatherer.add('a')
    gatherer.take(1000)
    gatherer.add('b')
    expect(gatherer.dueAt(false)).toBe(1000 + LIMITS.gatherUnwatchedMs)
    expect(gatherer.dueAt(true)).toBe(1000 + LIMITS.gatherWatchedMs)
  })

  it('[GA2] two flushes by time are an interval apart', () => {
    const small = fc.array(fc.nat(40), { maxLength: 80 }).map((steps) => {
      let at = 0
      return steps.map((wait) => {
        at += wait
        return { at, delta: 'x' }
      })
    })
    fc.assert(
      fc.property(small, fc.boolean(), (arrivals, watched) => {
        const times = play(arrivals, watched).map(({ at }) => at)
        const interval = watched ? LIMITS.gatherWatchedMs : LIMITS.gatherUnwatchedMs
        for (const [i, at] of times.entries()) {
          if (i > 0) expect(at - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(interval)
        }
      }),
    )
  })

  it('[GA3] after a quiet interval a delta goes out in its own turn', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(10_000), (watched, more) => {
        const interval = watched ? LIMITS.gatherWatchedMs : LIMITS.gatherUnwatchedMs
        const arrivals = [
          { at: 1000, delta: 'a' },
          { at: 1000 + interval + more, delta: 'b' },
        ]
        expect(play(arrivals, watched)).toEqual(arrivals.map(({ at, delta }) => ({ at, deltas: [delta] })))
      }),
    )
  })

  it('[GA4] 256 deltas, or 8 KiB, are due at once though the clock stands still', () => {
    for (const delta of ['x', 'y'.repeat(100), 'z'.repeat(8192)]) {
      const gatherer = new Gatherer()
      gatherer.add('first')
      gatherer.take(1000)
      let deltas = 0
      let chars = 0
      while (deltas < 255 && chars + delta.length < 8192) {
        gatherer.add(delta)
        deltas += 1
        chars += delta.length
        expect(gatherer.dueAt(false)).toBe(1000 + LIMITS.gatherUnwatchedMs)
      }
      gatherer.add(delta)
      expect(gatherer.dueAt(false)).toBe(AT_ONCE)
    }
  })

  it('[GA4] with a clock that stands still no flush holds more than the bound and one delta', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { minLength: 1, maxLength: 600 }), (sizes) => {
        const arrivals = sizes.map((size) => ({ at: 1000, delta: 'x'.repeat(size) }))
        for (const { deltas } of play(arrivals, false).slice(0, -1)) {
          expect(deltas.length).toBeLessThanOrEqual(LIMITS.gatherDeltas)
          expect(deltas.slice(0, -1).join('').length).toBeLessThan(LIMITS.gatherChars)
        }
      }),
    )
  })

  it('[GA5] all text is given out, in order, once, however times fall and whoever watches', () => {
    const step = fc.oneof(
      textArb.map((add) => ({ add })),
      fc.record({ take: fc.integer({ min: -5000, max: 5000 }) }),
      fc.boolean().map((ask) => ({ ask })),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const gatherer = new Gatherer()
        let given = ''
        let out = ''
        for (const act of steps) {
          if ('add' in act) {
            gatherer.add(act.add)
            given += act.add
          } else if ('take' in act) out += gatherer.take(act.take).join('')
          else expect(gatherer.dueAt(act.ask) === null).toBe(given === out)
        }
        expect(out + gatherer.take(0).join('')).toBe(given)
        expect(gatherer.take(0)).toEqual([])
      }),
    )
    fc.assert(
      fc.property(arrivalsArb, fc.boolean(), (arrivals, watched) => {
        const out = play(arrivals, watched).flatMap(({ deltas }) => deltas)
        expect(out.join('')).toBe(arrivals.map(({ delta }) => delta).join(''))
      }),
    )
  })
})
