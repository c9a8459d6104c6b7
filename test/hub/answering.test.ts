import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ModelProvider, ProviderFailure, type ProviderFailureCode } from '../../src/core/model.ts'
import { FIRST_TOKEN_MS, listen, REQUEST, STALL_MS, textOf } from '../support/answering.ts'
import { type Call, finish, type Step, say, scripted, USAGE, wait } from '../support/scripted-provider.ts'

let calls: Call[] = []
let complaints = vi.spyOn(console, 'error')

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  calls = []
  complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function failing(code: ProviderFailureCode, more: { retryable?: boolean; retryAfterS?: number } = {}): Step {
  return { do: 'fail', failure: new ProviderFailure(code, 'It failed.', more) }
}

/** Providers named ann, bob, cem with these scripts. */
function providers(...scripts: readonly (readonly Step[])[]): readonly ModelProvider[] {
  return scripts.map((steps, i) => scripted(['ann', 'bob', 'cem'][i] ?? 'dan', steps, calls))
}

/** Plays to the end, or for an hour. */
async function played(scripts: readonly (readonly Step[])[], more: Parameters<typeof listen>[1] = {}) {
  const heard = listen(providers(...scripts), more)
  await vi.advanceTimersByTimeAsync(3_600_000)
  return heard
}

const good = [say('a '), say('freshet'), finish]

describe('an answer at the first try', () => {
  it('[FB1] is passed on as it comes, and settled once by the provider’s own figures', async () => {
    const steps: Step[] = [
      wait(300),
      { do: 'alive' },
      wait(200),
      say('a '),
      { do: 'tool' },
      wait(1000),
      say('flood'),
      finish,
    ]
    const heard = await played([steps, good])
    const [ann] = calls
    expect(heard.parts.map(({ type }) => type)).toEqual(['alive', 'text', 'tool_call', 'text', 'finish'])
    expect(textOf(heard.parts)).toBe('a flood')
    expect(heard.parts.at(-1)).toMatchObject({ provider: { name: 'ann' }, reason: 'stop', usage: USAGE })
    expect(calls).toHaveLength(1)
    expect(ann?.request).toEqual(REQUEST)
    expect(heard.ends).toEqual([
      {
        provider: expect.objectContaining({ name: 'ann' }),
        outcome: 'ok',
        startedAt: 1_000_000,
        endedAt: 1_001_500,
        firstTokenMs: 500,
        usage: USAGE,
        prefixChars: 0,
        answerChars: 7,
        billed: true,
        retryAfterS: null,
      },
    ])
    expect(heard).toMatchObject({ thrown: null, isOver: true })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[MN1] is settled before its finish is passed on, and a stop after that changes nothing', async () => {
    let settled = -1
    const heard = await played([[...good, say('more'), finish]], {
      onPart: (part, { ends, answering }) => {
        if (part.type !== 'finish') return
        settled = ends.length
        answering.stop()
      },
    })
    expect(settled).toBe(1)
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['ok'])
    expect(heard.parts.at(-1)?.type).toBe('finish')
    expect(heard.parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
  })

  it('[FB1] of nobody is nothing', async () => {
    expect(await played([])).toMatchObject({ parts: [], ends: [], thrown: null, isOver: true })
  })
})

describe('a failure before the first token', () => {
  it.each<[string, readonly Step[], ProviderFailureCode, object]>([
    ['an error', [failing('provider_error')], 'provider_error', { outcome: 'failed', billed: false }],
    ['an error after a while', [wait(900), failing('provider_error')], 'provider_error', { outcome: 'failed' }],
    [
      'a rate limit',
      [failing('provider_rate_limited', { retryAfterS: 7 })],
      'provider_rate_limited',
      { outcome: 'rate_limited', billed: false, retryAfterS: 7 },
    ],
    [
      'a rate limit without a time',
      [failing('provider_rate_limited')],
      'provider_rate_limited',
      { outcome: 'rate_limited', retryAfterS: null },
    ],
    ['an error inside a 200', [{ do: 'alive' }, failing('provider_error')], 'provider_error', { outcome: 'failed' }],
    ['a stream that ends at once', [], 'provider_cut', { outcome: 'failed' }],
    ['a bug', [{ do: 'bug' }], 'provider_error', { outcome: 'failed', billed: false }],
    ['silence', [{ do: 'hang' }], 'provider_stalled', { outcome: 'failed', billed: true }],
  ])('[FB1] %s is invisible: the next one answers', async (_, steps, reason, settled) => {
    const heard = await played([steps, good])
    expect(heard.parts.filter(({ type }) => type !== 'alive')).toEqual([
      { type: 'switch', switches: [{ from: 'ann', to: 'bob', reason, after_chars: 0 }] },
      { type: 'text', text: 'a ' },
      { type: 'text', text: 'freshet' },
      { type: 'finish', provider: expect.objectContaining({ name: 'bob' }), reason: 'stop', usage: USAGE },
    ])
    expect(calls.map(({ request }) => request.prefix)).toEqual([null, null])
    expect(heard.ends).toMatchObject([
      { firstTokenMs: null, usage: null, answerChars: 0, ...settled },
      { outcome: 'ok' },
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[FB1] one that cannot even be called is left for the next', async () => {
    const broken: ModelProvider = {
      ...scripted('ann', [], calls),
      stream: () => {
        throw new Error('the secret words of a bug')
      },
    }
    const heard = listen([broken, ...providers([], good).slice(1)])
    await vi.advanceTimersByTimeAsync(1000)
    expect(heard.parts.at(-1)).toMatchObject({ type: 'finish', provider: { name: 'bob' } })
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['failed', 'ok'])
  })

  it('[PR3] what a bug says is not in the log', async () => {
    await played([[{ do: 'bug' }], good])
    expect(JSON.stringify(complaints.mock.calls)).not.toContain('secret')
    expect(complaints).toHaveBeenCalledTimes(1)
  })

  it('[FB1] a failure that no other provider could mend ends the request at once', async () => {
    const heard = await played([[failing('provider_error', { retryable: false })], good])
    expect(heard.thrown).toMatchObject({ name: 'ProviderFailure', code: 'provider_error', retryable: false })
    expect(heard.parts).toEqual([])
    expect(calls).toHaveLength(1)
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['refused'])
  })

  it('[FB1] when nobody answers, the last failure is the request’s, and all switches are told', async () => {
    const heard = await played([[failing('provider_error')], [failing('provider_rate_limited')], []])
    expect(heard.thrown).toMatchObject({ code: 'provider_cut' })
    const first = { from: 'ann', to: 'bob', reason: 'provider_error', after_chars: 0 }
    const second = { from: 'bob', to: 'cem', reason: 'provider_rate_limited', after_chars: 0 }
    expect(heard.parts).toEqual([
      { type: 'switch', switches: [first] },
      { type: 'switch', switches: [first, second] },
    ])
    expect(heard.ends.map(({ provider, outcome }) => [provider.name, outcome])).toEqual([
      ['ann', 'failed'],
      ['bob', 'rate_limited'],
      ['cem', 'failed'],
    ])
  })

  it('[MN1] an attempt is settled before its switch is told', async () => {
    const before: number[] = []
    await played([[failing('provider_error')], good], {
      onPart: ({ type }, { ends }) => {
        if (type === 'switch') before.push(ends.length)
      },
    })
    expect(before).toEqual([1])
  })
})

describe('a provider that is silent', () => {
  /** When each attempt ended after its start, ms. */
  async function ended(scripts: readonly (readonly Step[])[], more: Parameters<typeof listen>[1] = {}) {
    const heard = await played(scripts, more)
    return heard.ends.map(({ outcome, startedAt, endedAt }) => [outcome, endedAt - startedAt])
  }

  it('[FB2] is given up after FIRST_TOKEN_TIMEOUT_S where another can be asked, and its call is aborted', async () => {
    expect(await ended([[{ do: 'hang' }], good])).toEqual([
      ['failed', FIRST_TOKEN_MS],
      ['ok', 0],
    ])
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, false])
  })

  it('[FB2] is a stall, whatever it throws when it is aborted', async () => {
    const heard = listen([scripted('ann', [say('a '), { do: 'hang' }], calls, 'throw')])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(heard.thrown).toMatchObject({ code: 'provider_stalled' })
    expect(complaints).not.toHaveBeenCalled()
  })

  it('[FB2] has until then, to the millisecond', async () => {
    expect(await ended([[wait(FIRST_TOKEN_MS - 1), ...good], good])).toEqual([['ok', FIRST_TOKEN_MS - 1]])
    expect(await ended([[wait(FIRST_TOKEN_MS + 1), ...good], good])).toEqual([
      ['failed', FIRST_TOKEN_MS],
      ['ok', 0],
    ])
  })

  it('[FB2] has STALL_TIMEOUT_S for its first part where nobody else can be asked', async () => {
    expect(await ended([[wait(STALL_MS - 1), ...good]])).toEqual([['ok', STALL_MS - 1]])
    expect(await ended([[{ do: 'hang' }]])).toEqual([['failed', STALL_MS]])
    expect(await ended([[{ do: 'hang' }], [{ do: 'hang' }]])).toEqual([
      ['failed', FIRST_TOKEN_MS],
      ['failed', STALL_MS],
    ])
  })

  it.each([false, true])(
    '[FB2] after its first token has STALL_TIMEOUT_S between parts (another to ask: %s)',
    async (another) => {
      const others = another ? [good] : []
      const slow = [say('a'), wait(STALL_MS - 1), say('b'), wait(STALL_MS - 1), say('c'), wait(STALL_MS - 1), finish]
      expect(await ended([slow, ...others])).toEqual([['ok', 3 * (STALL_MS - 1)]])
      const [first] = await ended([[wait(5000), say('a'), wait(STALL_MS - 1), say('b'), { do: 'hang' }], ...others])
      expect(first).toEqual(['failed', 5000 + STALL_MS - 1 + STALL_MS])
    },
  )

  it('[FB2] a part that shows nothing is a part, but no first token', async () => {
    const thinks: Step[] = Array.from({ length: 10 }, () => [{ do: 'alive' } as const, wait(STALL_MS - 1)]).flat()
    expect(await ended([[...thinks, ...good]])).toEqual([['ok', 10 * (STALL_MS - 1)]])
    expect(await ended([[wait(5000), { do: 'alive' }, wait(5000), ...good], good])).toEqual([
      ['failed', FIRST_TOKEN_MS],
      ['ok', 0],
    ])
  })

  it('[FB2] STALL_TIMEOUT_S below FIRST_TOKEN_TIMEOUT_S: a provider that sends parts has until the latter', async () => {
    const thinks: Step[] = [wait(3000), { do: 'alive' }, wait(3000), ...good]
    expect(await ended([thinks, good], { stallMs: 5000 })).toEqual([['ok', 6000]])
    expect(await ended([[{ do: 'hang' }], good], { stallMs: 5000 })).toEqual([
      ['failed', 5000],
      ['ok', 0],
    ])
  })

  it('[FB2] one that has called a tool is not given up for another, who could not take over (FB3)', async () => {
    const heard = await played([[wait(1000), { do: 'tool' }, wait(FIRST_TOKEN_MS), { do: 'tool' }, finish], good])
    expect(heard.parts.map(({ type }) => type)).toEqual(['tool_call', 'tool_call', 'finish'])
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['ok'])
  })

  it.each<[string, readonly Step[]]>([
    ['before its first token', [{ do: 'deaf' }]],
    ['in the middle of a text', [say('a '), { do: 'deaf' }]],
  ])('[FB2] is left %s, though it does not hear that it is aborted', async (_, steps) => {
    const heard = await played([steps, [say('freshet'), finish]])
    expect(calls[0]?.signal.aborted).toBe(true)
    expect(heard.isOver).toBe(true)
    expect(heard.parts.at(-1)).toMatchObject({ type: 'finish', provider: { name: 'bob' } })
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['failed', 'ok'])
  })

  it('[FB2] is left as the last one too, though it does not hear that it is aborted', async () => {
    const heard = await played([[say('a '), { do: 'deaf' }]])
    expect(heard.isOver).toBe(true)
    expect(heard.thrown).toMatchObject({ code: 'provider_stalled' })
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['failed'])
  })
})

describe('a failure after the first token', () => {
  it.each<[string, readonly Step[], ProviderFailureCode]>([
    ['an error', [failing('provider_error')], 'provider_error'],
    ['a rate limit', [failing('provider_rate_limited')], 'provider_rate_limited'],
    ['a cut', [], 'provider_cut'],
    ['a stall', [{ do: 'hang' }], 'provider_stalled'],
  ])('[FB3] %s: the next one is given what stands as a prefix, and it is told', async (_, end, reason) => {
    const heard = await played([
      [say('a '), say('spring '), ...end],
      [say('flo'), ...end],
      [say('od'), finish],
    ])
    expect(textOf(heard.parts)).toBe('a spring flood')
    expect(calls.map(({ request }) => request.prefix)).toEqual([null, 'a spring ', 'a spring flo'])
    for (const { request } of calls) expect({ ...request, prefix: null }).toEqual(REQUEST)
    const first = { from: 'ann', to: 'bob', reason, after_chars: 9 }
    expect(heard.parts.filter(({ type }) => type === 'switch')).toEqual([
      { type: 'switch', switches: [first] },
      { type: 'switch', switches: [first, { from: 'bob', to: 'cem', reason, after_chars: 12 }] },
    ])
    expect(heard.ends.map(({ answerChars, billed }) => [answerChars, billed])).toEqual([
      [9, true],
      [3, true],
      [2, true],
    ])
    expect(heard.parts.at(-1)).toMatchObject({ provider: { name: 'cem' } })
  })

  it.each<[string, readonly Step[]]>([
    ['failed', [failing('provider_error')]],
    ['was cut', []],
    ['stalled', [{ do: 'hang' }]],
  ])('[FB3] not when a tool was called and then it %s', async (_, end) => {
    const heard = await played([[say('let me see'), { do: 'tool' }, ...end], good])
    expect(heard.thrown).toBeInstanceOf(ProviderFailure)
    expect(calls).toHaveLength(1)
    expect(heard.parts.map(({ type }) => type)).toEqual(['text', 'tool_call'])
    expect(heard.ends.map(({ outcome, billed }) => [outcome, billed])).toEqual([['failed', true]])
  })

  it('[FB3] nor when a later one called a tool', async () => {
    const heard = await played([[say('a')], [{ do: 'tool' }], good])
    expect(heard.thrown).toMatchObject({ code: 'provider_cut' })
    expect(calls).toHaveLength(2)
  })

  it('[FB3] nor when the failure is one that nobody could mend', async () => {
    const heard = await played([[say('a'), failing('provider_error', { retryable: false })], good])
    expect(heard.thrown).toMatchObject({ retryable: false })
    expect(calls).toHaveLength(1)
  })

  it.each<[string, readonly Step[]]>([
    ['a tool call', [{ do: 'tool' }]],
    ['long thinking', [wait(3000), { do: 'alive' }, wait(3000), { do: 'alive' }]],
  ])(
    '[MN2] a stream that was cut after %s was worked on: it is billed by an estimate, though it has no text',
    async (_, steps) => {
      const heard = await played([steps])
      expect(heard.thrown).toMatchObject({ code: 'provider_cut' })
      expect(heard.ends).toMatchObject([{ outcome: 'failed', usage: null, billed: true }])
    },
  )
})

describe('a stop', () => {
  it.each<[string, readonly Step[], number]>([
    ['before the first token', [{ do: 'hang' }], 0],
    ['in the middle of a text', [say('a '), wait(1000), say('freshet'), finish], 2],
    ['of a provider that does not hear it', [say('a '), { do: 'deaf' }], 2],
  ])('[GE4] %s aborts the call and settles it as cancelled, both at once', async (_, steps, answerChars) => {
    const heard = listen(providers(steps, good))
    await vi.advanceTimersByTimeAsync(500)
    heard.answering.stop()
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true])
    expect(heard.ends).toMatchObject([
      { outcome: 'cancelled', endedAt: 1_000_500, usage: null, billed: true, answerChars },
    ])
    const parts = heard.parts.length
    await vi.advanceTimersByTimeAsync(3_600_000)
    heard.answering.stop()
    expect(heard.parts).toHaveLength(parts)
    expect(heard.ends).toHaveLength(1)
    expect(heard.thrown).toBeNull()
    expect(calls).toHaveLength(1)
  })

  it('[GE4] before anything was asked, nobody is', async () => {
    const heard = listen(providers(good))
    heard.answering.stop()
    await vi.advanceTimersByTimeAsync(1000)
    expect(heard).toMatchObject({ thrown: null, isOver: true })
    expect(calls.length).toBe(heard.ends.length)
    expect(heard.parts.length).toBe(0)
  })

  it('[GE4] while a change of provider is told, the next one is not asked', async () => {
    const heard = await played([[failing('provider_error')], good], {
      onPart: ({ type }, { answering }) => {
        if (type === 'switch') answering.stop()
      },
    })
    expect(calls).toHaveLength(1)
    expect(heard.parts.map(({ type }) => type)).toEqual(['switch'])
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['failed'])
    expect(heard).toMatchObject({ thrown: null, isOver: true })
  })

  it('[GE4] one that goes on all the same is not heard', async () => {
    const deaf: ModelProvider = {
      ...scripted('ann', [], calls),
      async *stream() {
        yield { type: 'text', text: 'a ' }
        await new Promise((resolve) => setTimeout(resolve, 1000))
        yield { type: 'text', text: 'freshet' }
        yield { type: 'finish', reason: 'stop', usage: USAGE }
      },
    }
    const heard = listen([deaf, ...providers([], good).slice(1)])
    await vi.advanceTimersByTimeAsync(500)
    heard.answering.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(textOf(heard.parts)).toBe('a ')
    expect(heard.ends.map(({ outcome }) => outcome)).toEqual(['cancelled'])
    expect(heard).toMatchObject({ thrown: null, isOver: true })
  })
})
