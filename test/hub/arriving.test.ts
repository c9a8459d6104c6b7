import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arriving } from '../../src/hub/arriving.ts'
import { expectNoUnhandled, settled } from '../support/unhandled.ts'

const { reasons: unhandled } = expectNoUnhandled()

interface Source {
  readonly generator: AsyncGenerator<string, void, undefined>
  /** Steps that it has begun. */
  readonly log: string[]
  closed: boolean
}

/** A source whose steps are words, pauses (how many turns of the event loop) and errors. */
function source(name: string, steps: readonly (number | 'say' | 'throw')[]): Source {
  const made: Source = { generator: play(), log: [], closed: false }
  async function* play(): AsyncGenerator<string, void, undefined> {
    try {
      for (const [i, step] of steps.entries()) {
        if (step === 'throw') throw new Error(`${name} fails`)
        if (step === 'say') yield `${name}${i}`
        else for (let n = 0; n < step; n++) await new Promise((resolve) => setImmediate(resolve))
        made.log.push(`${name}${i} done`)
      }
    } finally {
      made.closed = true
    }
  }
  return made
}

const stepsArb = fc.array(fc.oneof(fc.constant('say' as const), fc.nat(3)), { maxLength: 6 })

describe('what several sources yield', () => {
  it('[AG3] comes whole, each source in its own order, and everything is closed at the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepsArb, { maxLength: 6 }), async (scripts) => {
        const sources = scripts.map((steps, i) => source(`s${i}-`, steps))
        const got: string[] = []
        for await (const word of arriving(sources.map(({ generator }) => generator))) got.push(word)
        for (const [i, steps] of scripts.entries()) {
          const own = [...steps.keys()].filter((n) => steps[n] === 'say').map((n) => `s${i}-${n}`)
          expect(got.filter((word) => word.startsWith(`s${i}-`))).toEqual(own)
        }
        expect(got).toHaveLength(scripts.flat().filter((step) => step === 'say').length)
        expect(sources.every(({ closed }) => closed)).toBe(true)
      }),
    )
  })

  it('[AG3] comes when it is there: a slow source does not hold up a quick one, a quick one not a ready one', async () => {
    const slow = source('slow', [20, 'say'])
    const chatty = source('chatty', ['say', 'say', 'say', 'say'])
    const ready = source('ready', ['say', 'say'])
    const got: string[] = []
    for await (const word of arriving([slow, chatty, ready].map(({ generator }) => generator))) got.push(word)
    expect(got.at(-1)).toBe('slow1')
    expect(got.indexOf('ready1')).toBeLessThan(got.indexOf('chatty3'))
  })

  it('[AG3] all sources begin at once, and none goes on before what it gave was taken', async () => {
    const sources = [source('a', ['say', 'say']), source('b', ['say', 'say'])]
    const reader = arriving(sources.map(({ generator }) => generator))
    expect(await reader.next()).toMatchObject({ value: 'a0' })
    await settled()
    expect(sources.map(({ log }) => log)).toEqual([[], []])
    expect(await reader.next()).toMatchObject({ value: 'b0' })
    await settled()
    expect(sources.map(({ log }) => log)).toEqual([['a0 done'], []])
    await reader.return()
  })

  it('[AG3] one that throws ends it; the others are closed, and what they throw later disturbs nobody', async () => {
    const failArb = fc.array(fc.oneof(fc.constant('say' as const), fc.nat(3), fc.constant('throw' as const)), {
      maxLength: 6,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(failArb, { minLength: 1, maxLength: 6 }), fc.nat(2), async (scripts, pause) => {
        const sources = scripts.map((steps, i) => source(`s${i}-`, steps))
        const read = async () => {
          for await (const _ of arriving(sources.map(({ generator }) => generator))) {
            for (let i = 0; i < pause; i++) await settled()
          }
        }
        if (scripts.flat().includes('throw')) await expect(read()).rejects.toThrow(/^s\d- {1,2}fails$|fails$/)
        else await read()
        for (let i = 0; i < 20; i++) await settled()
        expect(sources.every(({ closed }) => closed)).toBe(true)
        expect(unhandled).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('[GE4] a reader that leaves is not held up by a source that never gives, and hears of nothing any more', async () => {
    const late = Promise.withResolvers<never>()
    let closed = false
    async function* stuck(): AsyncGenerator<string, void, undefined> {
      try {
        yield await late.promise
      } finally {
        closed = true
      }
    }
    const quick = source('q', ['say', 'say', 'throw'])
    for await (const word of arriving([stuck(), quick.generator])) {
      expect(word).toBe('q0')
      break
    }
    await settled()
    expect(quick).toMatchObject({ closed: true, log: [] })
    late.reject(new Error('too late'))
    await settled()
    expect(closed).toBe(true)
    expect(unhandled).toEqual([])
  })

  it('[AG3] an error is not held up by a source that never ends', async () => {
    async function* deaf(): AsyncGenerator<string, void, undefined> {
      yield await new Promise<string>(() => undefined)
    }
    const failing = source('f', [2, 'throw'])
    const read = async () => {
      for await (const _ of arriving([deaf(), failing.generator])) throw new RangeError('nothing was given')
    }
    await expect(read()).rejects.toThrow('f fails')
    expect(unhandled).toEqual([])
  })

  it('[AG3] a failure while the reader is busy reaches it with its next step', async () => {
    const reader = arriving([source('a', ['say']).generator, source('b', [1, 'throw']).generator])
    expect(await reader.next()).toMatchObject({ value: 'a0' })
    for (let i = 0; i < 5; i++) await settled()
    await expect(reader.next()).rejects.toThrow('b fails')
    expect(unhandled).toEqual([])
  })
})
