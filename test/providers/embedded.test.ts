import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ModelPart, ModelRequest } from '../../src/core/model.ts'
import { TASK_CLASSES } from '../../src/core/task.ts'
import { EmbeddedProvider } from '../../src/providers/embedded.ts'
import { composeAnswer, excerptOf } from '../../src/providers/embedded-answer.ts'
import { TEXTS } from '../../src/providers/embedded-texts.ts'
import { tokenize } from '../../src/providers/embedded-tokens.ts'
import { ask, run } from './helpers.ts'

const embedded = (query: string): EmbeddedProvider =>
  new EmbeddedProvider({ name: 'demo', model: 'freshet-embedded-1', base_url: `embedded:?${query}` })
const FAST = 'tokens_per_second=0'

describe('the answer', () => {
  test('[PR2] the same messages give the same answer, another prompt another one', async () => {
    const [first, again, other] = [
      await run(embedded(FAST)),
      await run(embedded(FAST)),
      await run(embedded(FAST), ask('b?')),
    ]
    expect(again.parts).toEqual(first.parts)
    expect(other.text).not.toBe(first.text)
  })

  test.each(TASK_CLASSES)('[PR2] %s: of every choice it is 60 to 250 tokens long and quotes the prompt', (task) => {
    const seen = new Set<string>()
    for (let i = 0; i < 60; i += 1) {
      const answer = composeAnswer(ask(`Please look at case ${i}`, task))
      expect(tokenize(answer).length).toBeGreaterThanOrEqual(60)
      expect(tokenize(answer).length).toBeLessThanOrEqual(250)
      expect(answer).toContain(`“Please look at case ${i}”`)
      expect(answer).not.toMatch(/\{(excerpt|turns)\}|undefined/)
      expect(answer.includes('```')).toBe(task === 'code')
      seen.add(answer.replace(/case \d+/, ''))
    }
    const { openings, bodies, closings } = TEXTS[task]
    expect(seen.size).toBe(openings.length * bodies.length * closings.length)
  })

  test('[PR2] a prompt with back-ticks opens no code block, and one with patterns is quoted as it is', () => {
    expect(composeAnswer(ask('```js\nboom```', 'general'))).not.toContain('`')
    expect(composeAnswer(ask("cost $& $1 {turns} $'", 'general'))).toContain("“cost $& $1 {turns} $'”")
  })

  test('[PR2] an excerpt is one short line of whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2000 }), (prompt) => {
        const excerpt = excerptOf(prompt)
        expect(Array.from(excerpt).length).toBeLessThanOrEqual(81)
        expect(excerpt).toMatch(/^[^\p{Cc}`“”]+$/u)
        expect(excerpt.isWellFormed()).toBe(true)
      }),
    )
    expect(excerptOf(' \n ')).toBe('an empty message')
    expect(excerptOf('x'.repeat(300))).toBe(`${'x'.repeat(80)}…`)
  })

  test('[PR2] earlier turns are counted, the system message is none', () => {
    const turns = (count: number): ModelRequest => ({
      ...ask(),
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...Array.from({ length: count }, (_, i) => ({
          role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
          content: `m${i}`,
        })),
        { role: 'user', content: 'And now?' },
      ],
    })
    expect(composeAnswer(turns(0))).not.toMatch(/earlier turn|conversation/)
    expect(composeAnswer(turns(1))).toContain('the one earlier turn')
    expect(composeAnswer(turns(4))).toContain('the 4 earlier turns')
  })

  test('[PR1] text parts, then exactly one finish that counts the tokens sent', async () => {
    const { parts } = await run(embedded(FAST), ask('x'.repeat(10)))
    const texts = parts.slice(0, -1)
    expect(texts.every(({ type }) => type === 'text')).toBe(true)
    expect(parts.at(-1)).toEqual({
      type: 'finish',
      reason: 'stop',
      usage: { input_tokens: 3, output_tokens: texts.length },
    })
  })

  test.each([1, 31, 32, 33, 1000])('[PR2] tokens=%i is exactly that many', async (tokens) => {
    const { parts } = await run(embedded(`${FAST}&tokens=${tokens}`))
    expect(parts).toHaveLength(tokens + 1)
  })
})

describe('an answer that another provider began', () => {
  const going = (query: string, prefix: string) => run(embedded(query), { ...ask(), prefix })

  test.each(['', '&tokens=200'])('[PR2] is gone on with exactly where it stops%s', async (length) => {
    const query = `${FAST}${length}`
    const { text: whole, parts } = await run(embedded(query))
    const cuts = [0, 1, 5, Math.floor(whole.length / 2), whole.length - 1, whole.length]
    for (const at of cuts) {
      const { text, parts: rest } = await going(query, whole.slice(0, at))
      expect(whole.slice(0, at) + text).toBe(whole)
      expect(rest.length).toBeLessThanOrEqual(parts.length)
      expect(rest.at(-1)).toMatchObject({ type: 'finish', usage: { output_tokens: rest.length - 1 } })
    }
  })

  test('[PR2] two providers in a chain give what one would have given', async () => {
    for (const fault of ['fail_after=7', 'cut_after=23']) {
      const first = await run(embedded(`${FAST}&${fault}`))
      expect(first.failure).not.toBeNull()
      const second = await going(FAST, first.text)
      expect(first.text + second.text).toBe((await run(embedded(FAST))).text)
    }
  })

  test('[PR2] is written on a paragraph further when it is not our own', async () => {
    const { text, failure } = await going(FAST, 'Somebody else said this')
    expect(failure).toBeNull()
    expect(text.startsWith('\n\n')).toBe(true)
    expect(composeAnswer(ask()).endsWith(text)).toBe(true)
    expect((await going(FAST, `${composeAnswer(ask())} And more.`)).text).toBe(text)
    expect((await going(`${FAST}&tokens=9`, 'Somebody else')).parts).toHaveLength(10)
  })

  test('[PR2] counts as input', async () => {
    const { parts } = await run(embedded(FAST), { ...ask('x'.repeat(10)), prefix: 'y'.repeat(10) })
    expect(parts.at(-1)).toMatchObject({ usage: { input_tokens: 5 } })
  })
})

describe('faults', () => {
  test('[PR2] fail_before and rate_limited say no before the first token', async () => {
    expect(await run(embedded(`${FAST}&fail_before=1`))).toMatchObject({
      parts: [],
      failure: { code: 'provider_error' },
    })
    expect(await run(embedded(`${FAST}&rate_limited=2.5`))).toMatchObject({
      parts: [],
      failure: { code: 'provider_rate_limited', status: 429, retryAfterS: 2.5, retryable: true },
    })
  })

  test('[PR2] fail_rate fails about so many prompts, and always the same ones of a seed', async () => {
    const failed = async (query: string): Promise<readonly number[]> => {
      const outcomes = await Promise.all(
        Array.from({ length: 400 }, (_, n) => run(embedded(`${FAST}&tokens=1&${query}`), ask(`prompt ${n}`))),
      )
      expect(outcomes.every(({ parts, failure }) => (failure === null ? parts.length === 2 : parts.length === 0))).toBe(
        true,
      )
      return outcomes.flatMap(({ failure }, n) => (failure === null ? [] : [n]))
    }
    const some = await failed('fail_rate=0.25&seed=1')
    expect(some.length).toBeGreaterThan(70)
    expect(some.length).toBeLessThan(130)
    expect(await failed('fail_rate=0.25&seed=1')).toEqual(some)
    expect(await failed('fail_rate=0.25&seed=2')).not.toEqual(some)
    expect(await failed('fail_rate=0')).toEqual([])
    expect(await failed('fail_rate=1')).toHaveLength(400)
  })

  test('[PR2] fail_after and cut_after throw after so many tokens', async () => {
    for (const [query, code] of [
      ['fail_after', 'provider_error'],
      ['cut_after', 'provider_cut'],
    ] as const) {
      for (const after of [0, 1, 5, 20]) {
        const { parts, failure } = await run(embedded(`${FAST}&tokens=20&${query}=${after}`))
        expect(failure?.code).toBe(code)
        expect(parts).toHaveLength(after)
      }
    }
  })

  test('[PR2] stall_after says nothing more until it is aborted, and then ends', async () => {
    const abort = new AbortController()
    const parts = embedded(`${FAST}&stall_after=2`).stream(ask(), abort.signal)
    expect((await parts.next()).value).toMatchObject({ type: 'text' })
    expect((await parts.next()).value).toMatchObject({ type: 'text' })
    const third = parts.next()
    const turn = new Promise<string>((resolve) => setImmediate(() => resolve('quiet')))
    expect(await Promise.race([third, turn])).toBe('quiet')
    abort.abort()
    expect(await third).toEqual({ done: true, value: undefined })
  })
})

describe('time', () => {
  afterEach(() => void vi.useRealTimers())

  async function arrivals(query: string): Promise<readonly number[]> {
    vi.useFakeTimers({ now: 1_000_000 })
    const times: number[] = []
    const reading = (async () => {
      for await (const part of embedded(query).stream(ask(), new AbortController().signal)) {
        if (part.type === 'text') times.push(Date.now() - 1_000_000)
      }
    })()
    await vi.runAllTimersAsync()
    await reading
    return times
  }

  test.each([5, 40, 300, 3000])('[PR2] at %i tokens/s the mean rate is that within 2 %', async (rate) => {
    const times = await arrivals(`tokens_per_second=${rate}&first_token_ms=100&tokens=601`)
    expect(times[0]).toBe(100)
    const took = (times.at(-1) ?? 0) - 100
    expect(Math.abs(took - 600_000 / rate)).toBeLessThanOrEqual(Math.max(2, (0.02 * 600_000) / rate))
  })

  test('[PR2] by default the first token comes after 250 ms', async () => {
    expect((await arrivals(''))[0]).toBe(250)
  })

  test('[PR2] without pauses others get their turn every 32 tokens', async () => {
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 0)
    await run(embedded(`${FAST}&tokens=640`))
    clearInterval(ticking)
    expect(turns).toBeGreaterThanOrEqual(10)
  })

  test('[PR2] a clock that steps back does not hold the answer', async () => {
    vi.useFakeTimers({ now: 1_000_000_000 })
    const parts = embedded('tokens=50').stream(ask(), new AbortController().signal)
    const seen: ModelPart[] = []
    const reading = (async () => {
      for await (const part of parts) {
        if (seen.push(part) === 10) vi.setSystemTime(1000)
      }
    })()
    await vi.advanceTimersByTimeAsync(3000)
    await reading
    expect(seen).toHaveLength(51)
  })

  test('[PR1] an abort ends it at once and leaves no timer', async () => {
    vi.useFakeTimers()
    const abort = new AbortController()
    const parts = embedded('first_token_ms=60000').stream(ask(), abort.signal)
    const first = parts.next()
    await vi.advanceTimersByTimeAsync(10)
    expect(vi.getTimerCount()).toBe(1)
    abort.abort()
    expect(vi.getTimerCount()).toBe(0)
    expect(await first).toEqual({ done: true, value: undefined })
  })

  test('[PR1] with a signal that is aborted already it says nothing', async () => {
    expect((await run(embedded(FAST), ask(), AbortSignal.abort())).parts).toEqual([])
  })
})
