import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { defineTool, type Json, type Tool, type ToolContext, ToolRefusal } from '../../src/agents/agent.ts'
import { cleanOutput } from '../../src/agents/clean-output.ts'
import { runTool, type ToolOutcome } from '../../src/agents/tool-runner.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { anyText } from '../support/any-text.ts'
import { jsonArb } from './json-arb.ts'

const never = new Promise<never>(() => {})

function context(signal: AbortSignal = new AbortController().signal): ToolContext {
  return { now: () => 1_700_000_000_000, timeZone: 'Europe/Berlin', signal }
}

function call(text: string): { id: string; name: string; arguments: string } {
  return { id: 'call-1', name: 'double', arguments: text }
}

/** A tool whose work the test decides. */
function doing(run: (input: unknown, context: ToolContext) => Json | Promise<Json>, timeoutMs?: number): Tool {
  return defineTool({ name: 'does', description: 'Does.', input: z.json(), run, ...(timeoutMs && { timeoutMs }) })
}

const double = defineTool({
  name: 'double',
  description: 'Doubles.',
  input: z.object({ value: z.number({ error: 'must be a number' }).describe('What to double.') }),
  run: ({ value }) => ({ doubled: value * 2 }),
})

function sentenceOf({ status, output }: ToolOutcome): string {
  expect(status).toBe('error')
  return z.strictObject({ error: z.string() }).parse(output).error
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('the tool runner', () => {
  it('[AG3] parses the arguments by the schema and gives back what the tool does', async () => {
    expect(await runTool(double, call(' {"value": 21} '), context())).toEqual({ status: 'ok', output: { doubled: 42 } })
  })

  it('[AG3] a tool is given the time, the zone and defaults of its schema', async () => {
    const tool = defineTool({
      name: 'when',
      description: 'Tells the time.',
      input: z.object({ days: z.number().default(2).describe('Days.') }),
      run: ({ days }, given) => [days, given.now(), given.timeZone],
    })
    for (const text of ['', ' \n', '{}']) {
      const { output } = await runTool(tool, call(text), context())
      expect(output).toEqual([2, 1_700_000_000_000, 'Europe/Berlin'])
    }
  })

  it('[AG3] a tool that is not there is told', async () => {
    expect(sentenceOf(await runTool(undefined, call('{}'), context()))).toMatch(/no tool of this name/)
  })

  it('[AG3] arguments that are no JSON are told, and nothing runs', async () => {
    const run = vi.fn<() => Json>(() => 'ran')
    const deep = '['.repeat(LIMITS.jsonDepth + 1) + ']'.repeat(LIMITS.jsonDepth + 1)
    for (const [text, words] of [
      ['{"value": 2', /not JSON/],
      ['value=2', /not JSON/],
      [deep, /levels deep/],
    ] as const) {
      expect(sentenceOf(await runTool(doing(run), call(text), context()))).toMatch(words)
    }
    expect(run).not.toHaveBeenCalled()
  })

  it('[AG3] arguments that do not fit are told by name, several at once, and nothing runs', async () => {
    const run = vi.fn<() => Json>(() => 'ran')
    const error = 'must be from 1 to 3'
    const tool = defineTool({
      name: 'sum',
      description: 'Adds.',
      input: z.object({ a: z.number({ error }).max(3, { error }), list: z.array(z.number()) }),
      run,
    })
    const sentence = sentenceOf(await runTool(tool, call('{"a": 4, "list": [1, "x"]}'), context()))
    expect(sentence).toContain('`a`: must be from 1 to 3')
    expect(sentence).toContain('`list.1`: ')
    for (const text of ['[]', 'null', '7', '""']) {
      expect(sentenceOf(await runTool(tool, call(text), context()))).toMatch(/do not fit/)
    }
    expect(run).not.toHaveBeenCalled()
  })

  it('[AG3] a refusal is told in the words of the tool', async () => {
    const refuses = [
      doing(() => {
        throw new ToolRefusal('There is no such day.')
      }),
      doing(() => Promise.reject(new ToolRefusal('There is no such day.'))),
    ]
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const tool of refuses) {
      expect(sentenceOf(await runTool(tool, call('{}'), context()))).toBe('There is no such day.')
    }
    expect(log).not.toHaveBeenCalled()
  })

  it('[AG3] an unexpected exception ends nothing, and its text is seen by nobody', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const thrown: readonly unknown[] = [new TypeError('sk-private at 10.0.0.7'), 'sk-private', undefined]
    for (const what of thrown) {
      for (const run of [
        (): Json => {
          throw what
        },
        () => Promise.reject(what),
      ]) {
        const outcome = await runTool(doing(run), call('{}'), context())
        expect(sentenceOf(outcome)).toMatch(/failed on our side/)
        expect(JSON.stringify(outcome)).not.toContain('private')
      }
    }
    expect(log).toHaveBeenCalledTimes(2 * thrown.length)
    expect(log).toHaveBeenCalledWith({ message: 'tool failed', tool: 'does', name: 'TypeError' })
    expect(JSON.stringify(log.mock.calls)).not.toContain('private')
  })

  it('[AG3] a schema that throws is an unexpected exception too', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const tool = defineTool({
      name: 'breaks',
      description: 'Breaks.',
      input: z.json().transform((): string => {
        throw new RangeError('private')
      }),
      run: (text) => text,
    })
    expect(sentenceOf(await runTool(tool, call('{}'), context()))).not.toContain('private')
    expect(log).toHaveBeenCalledTimes(1)
  })

  it('[AG3] a tool has its own time or the common one, and hears when it is over', async () => {
    vi.useFakeTimers()
    for (const [own, limit] of [
      [undefined, LIMITS.toolMs],
      [1500, 1500],
    ] as const) {
      let signal: ToolContext['signal'] | undefined
      let outcome: ToolOutcome | undefined
      const tool = doing((_, given) => {
        signal = given.signal
        return never
      }, own)
      void runTool(tool, call('{}'), context()).then((came) => {
        outcome = came
      })
      await vi.advanceTimersByTimeAsync(limit - 1)
      expect([outcome, signal?.aborted]).toEqual([undefined, false])
      await vi.advanceTimersByTimeAsync(1)
      expect(signal?.aborted).toBe(true)
      expect(outcome && sentenceOf(outcome)).toContain(`longer than ${limit / 1000} s`)
    }
  })

  it('[AG3] no timer and no listener is left behind', async () => {
    vi.useFakeTimers()
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    await runTool(double, call('{"value": 1}'), context(signal))
    await runTool(double, call('no'), context(signal))
    expect(vi.getTimerCount()).toBe(0)
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
      added.mock.calls.map(([type, listener]) => [type, listener]),
    )
  })

  it('[AG3] the end of the request ends the tool at once', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const request = new AbortController()
    const throws = doing(
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    )
    let heard = 0
    const waits = doing((_, { signal }) => {
      signal.addEventListener('abort', () => {
        heard += 1
      })
      return never
    })
    const outcomes = [waits, throws].map((tool) => runTool(tool, call('{}'), context(request.signal)))
    request.abort()
    for (const outcome of await Promise.all(outcomes)) expect(sentenceOf(outcome)).toMatch(/request ended/)
    expect(heard).toBe(1)
    const run = vi.fn<() => Json>(() => 'ran')
    expect(sentenceOf(await runTool(doing(run), call('{}'), context(request.signal)))).toMatch(/request ended/)
    expect(run).not.toHaveBeenCalled()
    expect(log).not.toHaveBeenCalled()
  })

  it('[AG6] what comes out is cleaned, refusals too', async () => {
    const long = 'a'.repeat(6000)
    const kept = `${'a'.repeat(5000)}... [truncated]`
    const shows = doing(() => ({ token: 'abc', text: long }))
    expect(await runTool(shows, call('{}'), context())).toEqual({
      status: 'ok',
      output: { token: '[REDACTED]', text: kept },
    })
    const refuses = doing(() => {
      throw new ToolRefusal(long)
    })
    expect(sentenceOf(await runTool(refuses, call('{}'), context()))).toBe(kept)
  })

  it('[AG6] any output comes as it is when cleaned', async () => {
    await fc.assert(
      fc.asyncProperty(jsonArb, async (given) => {
        const tools = [doing(() => given), doing(() => Promise.resolve(given))]
        for (const tool of tools) {
          expect(await runTool(tool, call('{}'), context())).toEqual({ status: 'ok', output: cleanOutput(given) })
        }
      }),
      { numRuns: 40 },
    )
  })

  it('[AG3] an output that no row of the log could hold is an error', async () => {
    const outcome = await runTool(
      doing(() => Array.from({ length: 500 }, () => 'a'.repeat(5000))),
      call('{}'),
      context(),
    )
    expect(sentenceOf(outcome)).toMatch(/more than can be shown/)
  })

  it('[AG3] whatever a model writes, there is an outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyText({ maxLength: 30 }),
          jsonArb.map((given) => JSON.stringify(given)),
        ),
        async (text) => {
          const { status, output } = await runTool(double, call(text), context())
          const value = z.object({ value: z.number() }).safeParse(parsedOrNot(text))
          if (value.success) expect([status, output]).toEqual(['ok', { doubled: value.data.value * 2 }])
          else expect(sentenceOf({ status, output })).toMatch(/\.$/)
        },
      ),
    )
  })
})

function parsedOrNot(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
