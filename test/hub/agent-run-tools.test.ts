import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { defineTool } from '../../src/agents/agent.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { ModelMessage, ToolSpec } from '../../src/core/model.ts'
import { act, agentOf, call, done, Gates, type Move, outputsIn, say, sum, told } from '../support/agent-runs.ts'
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

function namesOf(tools: readonly ToolSpec[] | undefined): readonly string[] {
  return (tools ?? []).map(({ name }) => name)
}

describe('tools of the agent', () => {
  it('[AG3] are called, told, and their outputs given to the model in the order of its calls', async () => {
    const acted = await act({
      turns: [
        [say('Let me see.'), call('sum', { a: 1, b: 2 }, 'x'), call('sum', '{"a":5}', 'y'), done('tool_calls')],
        [say('3 and 5.'), done()],
      ],
    })
    expect(told(acted.parts)).toEqual([
      'Let me see.',
      'x calls sum',
      'y calls sum',
      'x is ok',
      'y is ok',
      '\n\n',
      '3 and 5.',
      'finish: stop',
    ])
    expect(acted.parts[1]).toEqual({
      type: 'tool_call',
      call: { call_id: 'x', tool: 'sum', arguments: '{"a":1,"b":2}', by: 'lead', external: false },
    })
    expect(acted.parts[3]).toMatchObject({
      result: { tool: 'sum', by: 'lead', output: { sum: 3 }, duration: expect.any(Number) },
    })
    expect(acted.requests[1]?.messages.slice(2)).toEqual([
      {
        role: 'assistant',
        content: 'Let me see.',
        toolCalls: [
          { id: 'x', name: 'sum', arguments: '{"a":1,"b":2}' },
          { id: 'y', name: 'sum', arguments: '{"a":5}' },
        ],
      },
      { role: 'tool', callId: 'x', name: 'sum', content: '{"sum":3}' },
      { role: 'tool', callId: 'y', name: 'sum', content: '{"sum":5}' },
    ])
  })

  it('[AG3] run 8 at a time, in whatever order they end; each is told as it ends, and none is lost', async () => {
    const orderArb = fc.array(fc.nat(), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(orderArb, async (picks) => {
        const gates = new Gates()
        const calls = picks.map((_, n) => call('gate', { n }, `g${n}`))
        const ended: number[] = []
        const acting = act({ agent: agentOf({ tools: [gates.tool] }), turns: [[...calls, done()]] })
        for (const pick of picks) {
          await settled()
          const { waiting } = gates
          const n = waiting[pick % waiting.length]
          if (n === undefined) throw new Error('nothing runs')
          gates.open(n)
          ended.push(n)
        }
        const acted = await acting
        expect(gates.most).toBe(Math.min(picks.length, LIMITS.toolsAtOnce))
        expect(gates.started).toEqual([...picks.keys()])
        const lines = told(acted.parts)
        expect(lines.filter((line) => line.endsWith(' is ok'))).toEqual(ended.map((n) => `g${n} is ok`))
        for (const n of picks.keys()) {
          expect(lines.filter((line) => line.startsWith(`g${n} `))).toEqual([`g${n} calls gate`, `g${n} is ok`])
        }
        expect(outputsIn(acted.requests[1])).toEqual([...picks.keys()].map((n) => [`g${n}`, String(n)]))
      }),
      { numRuns: 40 },
    )
  })

  it('[AG3] a call is told before its tool runs', async () => {
    const seen: string[] = []
    const look = defineTool({
      ...sum,
      name: 'look',
      input: z.object({}),
      run: () => {
        seen.push('ran')
        return null
      },
    })
    const turns = [[call('look'), call('look'), done()]]
    const agent = agentOf({ tools: [look] })
    await act({ agent, turns, onPart: ({ type }) => void seen.push(type) })
    expect(seen.slice(0, 4)).toEqual(['tool_call', 'ran', 'tool_call', 'ran'])
  })

  it.each<[string, Move, RegExp]>([
    ['arguments that are no JSON', call('sum', '{"a":'), /JSON/],
    ['arguments that do not fit', call('sum', { a: 'x' }), /`a`/],
    ['a tool that is not there', call('rm', {}), /no tool of this name/],
    ['a refusal', call('fussy'), /Not on Sundays/],
    ['a bug', call('broken'), /failed on our side/],
  ])('[AG3] %s is told to the model, and the request goes on', async (_, bad, words) => {
    const acted = await act({
      turns: [
        [bad, call('sum', { a: 1 }), done()],
        [say('Well.'), done()],
      ],
    })
    expect(told(acted.parts).slice(2, 4).toSorted()).toEqual(['call is error', 'call-2 is ok'])
    expect(told(acted.parts).slice(4)).toEqual(['Well.', 'finish: stop'])
    const [first, second] = outputsIn(acted.requests[1])
    expect(first?.[1]).toMatch(words)
    expect(JSON.stringify(acted)).not.toContain('secret words')
    expect(second).toEqual(['call-2', '{"sum":1}'])
  })

  it('[AG3] one that takes too long is stopped, and the request goes on', async () => {
    vi.useFakeTimers()
    try {
      const acting = act({ agent: agentOf({ tools: [new Gates().tool] }), turns: [[call('gate', { n: 1 }), done()]] })
      await vi.advanceTimersByTimeAsync(LIMITS.toolMs)
      const acted = await acting
      expect(told(acted.parts)).toEqual(['call calls gate', 'call is error', 'finish: stop'])
      expect(acted.parts[1]).toMatchObject({ result: { duration: LIMITS.toolMs / 1000 } })
      expect(outputsIn(acted.requests[1])[0]?.[1]).toMatch(/longer than 10 s/)
    } finally {
      vi.useRealTimers()
    }
  })

  it('[AG3] calls have ids of their own within the answer, whatever the providers give', async () => {
    const idArb = fc.constantFrom('', 'call', 'call-2', '0', '1', '0-2', 'mine')
    const after: readonly ModelMessage[] = [
      { role: 'assistant', content: '', toolCalls: [{ id: 'mine', name: 'weather', arguments: '{}' }] },
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(idArb, { minLength: 1, maxLength: 5 }), { maxLength: 4 }), async (ids) => {
        const turns = ids.map((turn): Move[] => [...turn.map((id, n) => call('sum', { a: n }, id)), done()])
        const acted = await act({ agent: agentOf({ maxTurns: 9 }), command: { after }, turns })
        const called = acted.parts.flatMap((part) => (part.type === 'tool_call' ? [part.call.call_id] : []))
        expect(called).toHaveLength(ids.flat().length)
        expect(new Set([...called, 'mine']).size).toBe(called.length + 1)
        // The model hears of its own calls by the same ids, each with its own output.
        const outputs = outputsIn(acted.requests.at(-1))
        expect(outputs).toEqual(
          called.map((id, i) => [id, JSON.stringify({ sum: ids.flatMap((turn) => [...turn.keys()])[i] })]),
        )
      }),
    )
  })
})

describe('tools of the caller', () => {
  it('[AG5] end the request with their calls, which are not run here', async () => {
    const acted = await act({
      agent: agentOf({ notice: NOTICE }),
      command: { tools: [THEIRS] },
      turns: [[say('Let me look.'), call('weather', { at: 'Ulm' }, 'w'), call('weather', '', 'v'), done('tool_calls')]],
    })
    expect(told(acted.parts)).toEqual([
      'Let me look.',
      'w calls weather of the caller',
      'v calls weather of the caller',
      'finish: tool_calls',
    ])
    expect(acted.parts[2]).toMatchObject({ call: { arguments: '', by: 'lead' } })
    expect(acted.requests).toHaveLength(1)
  })

  it('[AG5] beside tools of the agent: these run first, then the caller is told of its own', async () => {
    const acted = await act({
      command: { tools: [THEIRS] },
      turns: [
        [call('weather', {}, 'w'), call('sum', { a: 1 }, 's'), done('stop', { input_tokens: 5, output_tokens: 6 })],
      ],
    })
    expect(told(acted.parts)).toEqual(['s calls sum', 's is ok', 'w calls weather of the caller', 'finish: tool_calls'])
    expect(acted.parts.at(-1)).toMatchObject({ usage: { input_tokens: 5, output_tokens: 6 } })
    expect(acted.requests).toHaveLength(1)
  })

  it('[AG5] can be called in the last turn too, and of a name that both have the caller’s counts', async () => {
    const tools = [{ ...THEIRS, name: 'sum' }]
    const { requests, parts } = await act({
      agent: agentOf({ maxTurns: 1 }),
      command: { tools },
      turns: [[call('sum', { a: 1 }, 's'), done('tool_calls')]],
    })
    expect(told(parts)).toEqual(['s calls sum of the caller', 'finish: tool_calls'])
    expect(requests[0]?.tools).toEqual(tools)
    const more = await act({ command: { tools }, turns: [] })
    expect(namesOf(more.requests[0]?.tools)).toEqual(['fussy', 'broken', 'sum'])
  })
})
