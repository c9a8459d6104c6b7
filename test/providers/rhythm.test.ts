import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashText, pick, seededRandom } from '../../src/providers/random.ts'
import { timed } from '../../src/providers/rhythm.ts'

const word = fc.constantFrom(' water', ' runs', ' down', ',', '.', '!', '\n', ' hill')
const tokens = fc.array(word, { maxLength: 200 })
const seed = fc.integer({ min: 0, max: 0xffff_ffff })

describe('rhythm', () => {
  test('[PR2] the same seed gives the same times, and they never fall', () => {
    fc.assert(
      fc.property(tokens, seed, fc.integer({ min: 1, max: 5000 }), (list, from, rate) => {
        const pace = { tokensPerSecond: rate, firstTokenMs: 250 }
        const times = [...timed(list, pace, seededRandom(from))]
        expect(times).toEqual([...timed(list, pace, seededRandom(from))])
        expect(times.map(({ text }) => text)).toEqual(list)
        for (const [i, { dueMs }] of times.entries()) expect(dueMs).toBeGreaterThanOrEqual(times[i - 1]?.dueMs ?? 250)
      }),
    )
  })

  test('[PR2] jitter does not add up: the last token is due where the mean rate says', () => {
    fc.assert(
      fc.property(tokens, seed, fc.integer({ min: 1, max: 5000 }), (list, from, rate) => {
        const times = [...timed(list, { tokensPerSecond: rate, firstTokenMs: 100 }, seededRandom(from))]
        if (times.length === 0) return
        expect(times[0]?.dueMs).toBe(100)
        expect(times.at(-1)?.dueMs).toBeCloseTo(100 + ((list.length - 1) * 1000) / rate, 6)
      }),
    )
  })

  test('[PR2] the pause after a sentence is longer than any inside it', () => {
    fc.assert(
      fc.property(seed, (from) => {
        const list = ['The', ' ice', ' goes', '.', ' Water', ' runs', '.', ' So', ' do', ' words']
        const due = [...timed(list, { tokensPerSecond: 40, firstTokenMs: 0 }, seededRandom(from))].map(
          ({ dueMs }) => dueMs,
        )
        const gaps = due.slice(1).map((at, i) => ({ after: list[i], ms: at - (due[i] ?? 0) }))
        const longest = Math.max(...gaps.filter(({ after }) => after !== '.').map(({ ms }) => ms))
        for (const { ms } of gaps.filter(({ after }) => after === '.')) expect(ms).toBeGreaterThan(longest)
      }),
    )
  })

  test('[PR2] without a rate everything is due at once, and only a block is read ahead', () => {
    let read = 0
    function* endless(): Generator<string> {
      for (;;) {
        read += 1
        yield ' drop'
      }
    }
    const times = timed(endless(), { tokensPerSecond: 0, firstTokenMs: 0 }, seededRandom(1))
    for (let i = 0; i < 100; i += 1) expect(times.next().value).toEqual({ text: ' drop', dueMs: 0 })
    expect(read).toBeLessThan(140)
  })
})

describe('random', () => {
  test('[PR2] numbers are in [0, 1), well spread, and picks are in the list', () => {
    const random = seededRandom(hashText('freshet'))
    const drawn = Array.from({ length: 4000 }, random)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...drawn)).toBeLessThan(1)
    expect(drawn.reduce((sum, x) => sum + x, 0) / drawn.length).toBeCloseTo(0.5, 1)
    expect(new Set(Array.from({ length: 100 }, () => pick(['a', 'b', 'c'], random)))).toEqual(new Set(['a', 'b', 'c']))
  })
})
