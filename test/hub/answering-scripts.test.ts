import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProviderFailure } from '../../src/core/model.ts'
import { FIRST_TOKEN_MS, type Heard, listen, STALL_MS, textOf } from '../support/answering.ts'
import { type Call, type Step, scripted } from '../support/scripted-provider.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const waitArb: fc.Arbitrary<Step> = fc
  .oneof(fc.nat(100), fc.nat(9000), fc.nat(25_000))
  .map((ms): Step => ({ do: 'wait', ms }))
const textArb: fc.Arbitrary<Step> = fc.constantFrom('a ', 'wörd', '🌊', '').map((text): Step => ({ do: 'text', text }))
const failArb: fc.Arbitrary<Step> = fc
  .record({
    code: fc.constantFrom('provider_error', 'provider_rate_limited', 'provider_cut', 'provider_stalled'),
    retryable: fc.nat(4).map((n) => n > 0),
    retryAfterS: fc.option(fc.nat(30)),
  })
  .map(({ code, ...more }): Step => ({ do: 'fail', failure: new ProviderFailure(code, 'It failed.', more) }))
const otherArb: fc.Arbitrary<Step> = fc.constantFrom('alive', 'tool', 'finish', 'hang', 'bug').map(
  (what): Step => ({
    do: what,
  }),
)

/** Mostly text with pauses; anything may come anywhere, after a finish too. */
const scriptArb = fc.array(
  fc.oneof(
    { arbitrary: textArb, weight: 6 },
    { arbitrary: waitArb, weight: 5 },
    { arbitrary: otherArb, weight: 2 },
    { arbitrary: failArb, weight: 1 },
  ),
  { maxLength: 8 },
)
const sceneArb = fc.record({
  scripts: fc.array(fc.record({ steps: scriptArb, whenAborted: fc.constantFrom('end' as const, 'throw' as const) }), {
    maxLength: 4,
  }),
  stopAfter: fc.option(fc.oneof(fc.nat(200), fc.nat(60_000)), { freq: 2 }),
})

interface Played {
  readonly heard: Heard
  readonly calls: readonly Call[]
  /** What had come when it was stopped, or null. */
  readonly atStop: { readonly parts: number } | null
}

async function play({
  scripts,
  stopAfter,
}: typeof sceneArb extends fc.Arbitrary<infer T> ? T : never): Promise<Played> {
  const calls: Call[] = []
  const order = scripts.map(({ steps, whenAborted }, i) => scripted(`p${i}`, steps, calls, whenAborted))
  const heard = listen(order)
  let atStop: Played['atStop'] = null
  if (stopAfter !== null) {
    await vi.advanceTimersByTimeAsync(stopAfter)
    const wasOver = heard.isOver
    heard.answering.stop()
    atStop = { parts: heard.parts.length }
    // In the same turn: settled, and the call that runs is aborted.
    expect(heard.ends).toHaveLength(calls.length)
    if (!wasOver) expect(calls.at(-1)?.signal.aborted ?? true).toBe(true)
  }
  await vi.advanceTimersByTimeAsync(600_000)
  return { heard, calls, atStop }
}

function givenText({ given }: Call): string {
  return given.map(({ part }) => (part.type === 'text' ? part.text : '')).join('')
}

describe('any script of providers', () => {
  it('[FB1] comes to an end: a finish, or a failure that is the last word, or a stop', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls, atStop } = await play(scene)
        expect(heard.isOver).toBe(true)
        expect(vi.getTimerCount()).toBe(0)
        const finishes = heard.parts.filter(({ type }) => type === 'finish')
        expect(finishes.length).toBeLessThanOrEqual(1)
        const last = heard.parts.at(-1)
        if (finishes.length === 1) expect(last?.type).toBe('finish')
        if (last?.type === 'finish') expect(last.provider.name).toBe(calls.at(-1)?.provider)
        if (heard.thrown !== null) {
          expect(heard.thrown).toBeInstanceOf(ProviderFailure)
          expect(finishes).toEqual([])
        } else if (finishes.length === 0) expect(atStop !== null || scene.scripts.length === 0).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('[MN1] each attempt that began is settled exactly once, in order, as it went', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls, atStop } = await play(scene)
        expect(heard.ends.map(({ provider }) => provider.name)).toEqual(calls.map(({ provider }) => provider))
        expect(calls.map(({ provider }) => provider)).toEqual(calls.map((_, i) => `p${i}`))
        for (const [i, end] of heard.ends.entries()) {
          const call = calls[i]
          if (call === undefined) throw new Error('settled and never called')
          expect(end.startedAt).toBe(call.startedAt)
          const firstAt = call.given.find(({ part }) => part.type === 'text' || part.type === 'tool_call')?.at
          expect(end.firstTokenMs).toBe(firstAt === undefined ? null : firstAt - call.startedAt)
          expect(end.answerChars).toBe(givenText(call).length)
          const isLast = i === heard.ends.length - 1
          if (end.outcome === 'ok') expect(isLast && heard.parts.at(-1)?.type === 'finish').toBe(true)
          if (end.outcome === 'cancelled') expect(isLast && atStop !== null).toBe(true)
          expect(end.usage === null).toBe(end.outcome !== 'ok')
          if (end.outcome === 'ok' || end.outcome === 'cancelled' || end.answerChars > 0) expect(end.billed).toBe(true)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('[FB3] the text is what the attempts gave, one after the other, and each was told what stood before it', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls } = await play(scene)
        let before = ''
        for (const call of calls) {
          expect(call.request.prefix).toBe(before === '' ? null : before)
          before += givenText(call)
        }
        expect(textOf(heard.parts)).toBe(before)
      }),
      { numRuns: 400 },
    )
  })

  it('[FB4] each change is told with all that were before it, and why', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls, atStop } = await play(scene)
        const told = heard.parts.flatMap((part) => (part.type === 'switch' ? [part.switches] : []))
        const changes = calls.length - 1
        if (atStop === null) expect(told).toHaveLength(Math.max(0, changes))
        let text = 0
        for (const [i, switches] of told.entries()) {
          expect(switches).toHaveLength(i + 1)
          if (i > 0) expect(switches.slice(0, -1)).toEqual(told[i - 1])
          text += calls[i] === undefined ? 0 : givenText(calls[i]).length
          expect(switches.at(-1)).toMatchObject({ from: `p${i}`, to: `p${i + 1}`, after_chars: text })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('[FB3] nobody is asked after a tool call or a failure that cannot be mended', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls } = await play(scene)
        const used = calls.findIndex(({ given }) => given.some(({ part }) => part.type === 'tool_call'))
        if (used !== -1) expect(calls).toHaveLength(used + 1)
        if (heard.thrown instanceof ProviderFailure && used === -1 && heard.thrown.retryable) {
          expect(calls).toHaveLength(scene.scripts.length)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('[FB2] nobody is waited for longer than it is allowed to be silent', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls } = await play(scene)
        for (const [i, end] of heard.ends.entries()) {
          const call = calls[i]
          const hasNext = i < scene.scripts.length - 1
          const lastAt = call?.given.at(-1)?.at ?? end.startedAt
          expect(end.endedAt - lastAt).toBeLessThanOrEqual(STALL_MS)
          // Who has called a tool cannot be followed by another (FB3).
          const hasCalled = call?.given.some(({ part }) => part.type === 'tool_call') ?? false
          if (end.firstTokenMs === null && hasNext && !hasCalled) {
            expect(end.endedAt - end.startedAt).toBeLessThanOrEqual(FIRST_TOKEN_MS)
          }
          const isSilent = end.endedAt - lastAt === STALL_MS
          if (isSilent && end.outcome === 'failed') expect(call?.signal.aborted).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('[GE4] nothing comes after a stop', async () => {
    await fc.assert(
      fc.asyncProperty(sceneArb, async (scene) => {
        const { heard, calls, atStop } = await play(scene)
        if (atStop === null) return
        expect(heard.parts).toHaveLength(atStop.parts)
        expect(heard.ends).toHaveLength(calls.length)
      }),
      { numRuns: 300 },
    )
  })
})
