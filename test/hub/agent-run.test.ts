import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ModelMessage, ProviderFailure, type ToolSpec } from '../../src/core/model.ts'
import { type Acted, act, agentOf, call, done, Gates, type Move, runOf, say, sum, told } from '../support/agent-runs.ts'
import { Runs } from '../support/runs.ts'
import { expectNoUnhandled, settled } from '../support/unhandled.ts'

const THEIRS: ToolSpec = { name: 'weather', description: 'Says.', parameters: { type: 'object' } }
const NOTICE = 'This is no advice.'
expectNoUnhandled()

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.restoreAllMocks()
})

function textOf({ parts }: Acted): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function namesOf(tools: readonly ToolSpec[] | undefined): readonly string[] {
  return (tools ?? []).map(({ name }) => name)
}

describe('an answer', () => {
  it('[AG2] without a call is one turn', async () => {
    const acted = await act({ turns: [[say('a '), { type: 'alive' }, say(''), say('freshet'), done('length')]] })
    expect(told(acted.parts)).toEqual(['a ', 'alive', 'freshet', 'finish: length'])
    expect(acted.requests).toHaveLength(1)
  })

  it('[AG1] the model is told what the agent is, then what came before, then the prompt and what follows it', async () => {
    const history: readonly ModelMessage[] = [
      { role: 'user', content: 'why?' },
      { role: 'assistant', content: 'so' },
    ]
    const after: readonly ModelMessage[] = [
      { role: 'assistant', content: '', toolCalls: [{ id: 't1', name: 'weather', arguments: '{}' }] },
      { role: 'tool', callId: 't1', name: 'weather', content: 'rain' },
    ]
    const command = { after, language: 'de', sampling: { seed: 1 }, tools: [THEIRS] }
    const { requests } = await act({ history, command, turns: [[call('sum', { a: 1 }), done()]] })
    expect(requests[0]).toMatchObject({ language: 'de', sampling: { seed: 1 }, task: 'question', prefix: null })
    const [system, ...rest] = requests[0]?.messages ?? []
    expect(system).toMatchObject({ role: 'system', content: expect.stringMatching(/^You lead\./) })
    expect(rest).toEqual([...history, { role: 'user', content: 'What is a freshet?' }, ...after])
    expect(requests[1]?.messages.slice(0, 6)).toEqual(requests[0]?.messages)
    expect(requests[1]).toMatchObject({ language: 'de', sampling: { seed: 1 } })
  })

  it('[AG1] an agent that is told nothing has no system message', async () => {
    const { requests } = await act({ agent: agentOf({ instructions: '', tools: [] }), turns: [] })
    expect(requests[0]?.messages).toEqual([{ role: 'user', content: 'What is a freshet?' }])
  })

  it('[AG2] takes at most so many turns, and in the last one the model gets no tools of the agent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.nat(8), async (maxTurns, calling) => {
        const turns = Array.from({ length: calling }, (_, i): Move[] => [call('sum', { a: i }), done('tool_calls')])
        const acted = await act({ agent: agentOf({ maxTurns }), command: { tools: [THEIRS] }, turns })
        const asked = Math.min(maxTurns, calling + 1)
        expect(acted.requests).toHaveLength(asked)
        for (const [i, { tools }] of acted.requests.entries()) {
          const own = i + 1 === maxTurns ? [] : ['sum', 'fussy', 'broken']
          expect(namesOf(tools)).toEqual([...own, 'weather'])
        }
        // What it calls in its last turn all the same is not run.
        expect(acted.parts.filter(({ type }) => type === 'tool_result')).toHaveLength(asked - 1)
        expect(told(acted.parts).at(-1)).toBe('finish: stop')
        expect(acted.parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
        expect(acted.thrown).toBeNull()
      }),
    )
  })

  it('[AG2] the caller’s wish for a tool is for the first turn; that none be called is for all', async () => {
    const turns = [
      [call('sum', { a: 1 }), done()],
      [call('sum', { a: 2 }), done()],
    ]
    for (const toolChoice of ['required', { name: 'sum' }, 'auto'] as const) {
      const { requests } = await act({ command: { toolChoice }, turns })
      expect(requests.map((request) => request.toolChoice)).toEqual([toolChoice, 'auto', 'auto'])
    }
    const { requests } = await act({ command: { toolChoice: 'none' }, turns })
    expect(requests.map((request) => request.toolChoice)).toEqual(['none', 'none', 'none'])
  })

  it('[AG7] of several turns is one text, a blank line between those that said something', async () => {
    const turnArb = fc.array(fc.constantFrom('', 'a', 'b ', 'ü'), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(turnArb, { maxLength: 5 }), async (texts) => {
        const turns = texts.map((pieces, i): Move[] => {
          const last = i === texts.length - 1
          return [...pieces.map(say), ...(last ? [] : [call('sum', { a: 1 })]), done()]
        })
        const acted = await act({ agent: agentOf({ maxTurns: 9 }), turns })
        const said = texts.map((pieces) => pieces.join(''))
        expect(textOf(acted)).toBe(said.filter((text) => text !== '').join('\n\n'))
        const answers = acted.requests
          .at(-1)
          ?.messages.flatMap((one) => (one.role === 'assistant' ? [one.content] : []))
        expect(answers).toEqual(said.slice(0, -1))
      }),
    )
  })

  it.each<[string, readonly (readonly Move[])[], string]>([
    ['at the end of a text', [[say('Rest.'), done()]], `Rest.\n\n${NOTICE}`],
    [
      'once for all turns',
      [
        [say('Wait.'), call('sum', { a: 1 }), done()],
        [say('3.'), done()],
      ],
      `Wait.\n\n3.\n\n${NOTICE}`,
    ],
    ['by itself where nothing was said', [[done()]], NOTICE],
    ['not where the model said it', [[say(`Rest. This is`), say(' no advice. Bye.'), done()]], `Rest. ${NOTICE} Bye.`],
    [
      'not where an earlier turn said it',
      [
        [say(NOTICE), call('sum', {}), done()],
        [say('So.'), done()],
      ],
      `${NOTICE}\n\nSo.`,
    ],
    ['where the answer was cut short', [[say('Re'), done('length')]], `Re\n\n${NOTICE}`],
  ])('[AG1] carries its agent’s notice: %s', async (_, turns, text) => {
    const acted = await act({ agent: agentOf({ notice: NOTICE }), turns })
    expect(textOf(acted)).toBe(text)
    expect(acted.parts.at(-1)?.type).toBe('finish')
  })

  it('[AG8] its usage is that of all turns; what a provider did not say counts as nothing', async () => {
    const usageArb = fc.record({ input_tokens: fc.option(fc.nat(9)), output_tokens: fc.option(fc.nat(9)) })
    await fc.assert(
      fc.asyncProperty(fc.array(usageArb, { minLength: 1, maxLength: 5 }), async (usages) => {
        const turns = usages.map((usage, i): Move[] => [
          ...(i === usages.length - 1 ? [] : [call('sum', {})]),
          done('stop', usage),
        ])
        const { parts } = await act({ agent: agentOf({ maxTurns: 9 }), turns })
        const total = (key: 'input_tokens' | 'output_tokens') => {
          const known = usages.flatMap((usage) => usage[key] ?? [])
          return known.length === 0 ? null : known.reduce((a, b) => a + b, 0)
        }
        expect(parts.at(-1)).toMatchObject({
          usage: { input_tokens: total('input_tokens'), output_tokens: total('output_tokens') },
        })
      }),
    )
  })

  it('[FB4] a change of provider is told with those of earlier turns, by what stood of the whole answer', async () => {
    const change = (after_chars: number) => ({ from: 'ann', to: 'bob', reason: 'provider_cut', after_chars }) as const
    const { parts } = await act({
      turns: [
        [say('four'), { type: 'switch', switches: [change(4)] }, call('sum', {}), done()],
        [
          { type: 'switch', switches: [change(0)] },
          say('abc'),
          { type: 'switch', switches: [change(0), change(3)] },
          done(),
        ],
      ],
    })
    const switches = parts.flatMap((part) => (part.type === 'switch' ? [part.switches] : []))
    expect(switches.map((list) => list.map(({ after_chars }) => after_chars))).toEqual([[4], [4, 4], [4, 4, 9]])
  })
})

describe('a failure', () => {
  it('[AG8] of a later turn ends the answer; what the tools gave before it was told', async () => {
    const failure = new ProviderFailure('provider_cut', 'It broke off.')
    const acted = await act({
      turns: [
        [call('sum', { a: 1 }, 's'), done()],
        [say('The'), failure],
      ],
    })
    expect(acted.thrown).toBe(failure)
    expect(told(acted.parts)).toEqual(['s calls sum', 's is ok', 'The'])
  })

  it('[GE10] a turn that ends without a finish has none, and its calls are not run', async () => {
    const acted = await act({ turns: [[say('The'), call('sum', { a: 1 })]] })
    expect(told(acted.parts)).toEqual(['The'])
    expect(acted).toMatchObject({ thrown: null, requests: { length: 1 } })
  })
})

describe('a request that ends while its tools run', () => {
  /** A request in a runner whose lead called two tools that wait. */
  async function waiting() {
    const runs = new Runs()
    const gates = new Gates()
    const ended = new AbortController()
    const turns = [
      [say('One moment.'), call('gate', { n: 1 }, 'a'), call('gate', { n: 2 }, 'b'), done()],
      [say('Well.'), done()],
    ]
    const { run, acted } = runOf({ agent: agentOf({ tools: [gates.tool] }), turns, signal: ended.signal })
    const running = runs.begin('r1')
    running.stops.add(() => ended.abort())
    const over = runs.runner.run(running, () => Promise.resolve(run.parts()))
    await settled()
    expect(gates.waiting).toEqual([1, 2])
    return { runs, gates, running, over, acted }
  }

  it('[GE4] a cancel ends it at once; nothing of it follows, and no model is asked any more', async () => {
    const { runs, running, over, gates, acted } = await waiting()
    gates.open(1)
    await settled()
    runs.runner.cancel(running, 'asked to')
    const types = ['stream_start', 'chunk', 'tool_call', 'tool_call', 'tool_result', 'cancelled']
    expect(runs.types('r1')).toEqual(types)
    await over
    gates.open(2)
    await settled()
    expect(runs.types('r1')).toEqual(types)
    expect(acted.requests).toHaveLength(1)
    expect(runs.broken).toEqual([])
  })

  it('[GE7] so does the end of its time', async () => {
    const { runs, running, over } = await waiting()
    vi.spyOn(Date, 'now').mockReturnValue(running.deadline)
    runs.runner.checkDeadlines()
    await over
    expect(runs.types('r1').at(-1)).toBe('error')
    expect(runs.events('r1').at(-1)).toMatchObject({ data: { error_type: 'timeout' } })
    await settled()
    expect(runs.types('r1').filter((type) => type === 'tool_result')).toEqual([])
  })

  it('[GE4] a reader that leaves is not waited for by tools that never end', async () => {
    const gates = new Gates()
    const turns = [[call('sum', { a: 1 }, 's'), call('gate', { n: 1 }, 'g'), done()]]
    const { run } = runOf({ agent: agentOf({ tools: [sum, gates.tool] }), turns })
    for await (const part of run.parts()) if (part.type === 'tool_result') break
    expect(gates.waiting).toEqual([1])
    gates.open(1)
    await settled()
  })
})
