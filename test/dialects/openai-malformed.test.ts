import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { commandOf as parse } from '../../src/dialects/openai-request.ts'
import { codeOf } from './openai-support.ts'

const commandOf = (body: unknown) => parse(body, () => false)

/** A body with everything in it that is read. */
const RICH = {
  model: 'freshet',
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'user', content: 'What is 1 + 2?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'sum', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '3' },
  ],
  tools: [{ type: 'function', function: { name: 'sum', description: 'Adds.', parameters: { type: 'object' } } }],
  tool_choice: { type: 'function', function: { name: 'sum' } },
  temperature: 1,
  stop: ['x'],
  seed: 1,
  max_tokens: 10,
  n: 1,
  logit_bias: {},
  modalities: ['text'],
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  stream: true,
  stream_options: { include_usage: true },
  request_id: 'r1',
  conversation_id: 'c1',
  config: { routing_strategy: 'priority', timeout: 5 },
}

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [path, ...inner.flatMap(([key, one]) => pathsOf(one, [...path, key]))]
}

/** A value with another at a path, as a copy; null where the path has nothing any more. */
function withAt(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other
  if (Array.isArray(value)) return value.map((one, i) => (i === key ? withAt(one, rest, other) : one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === key ? withAt(v, rest, other) : v]))
}

describe('a body of D6 that is malformed', () => {
  it('[ER1] is a command or a FreshetError with a sentence, whatever stands where', () => {
    const otherArb = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(null, '', 'x', -1, 1e308, [], {}, [null]))
    const changeArb = fc.record({ path: fc.constantFrom(...pathsOf(RICH)), other: otherArb })
    let refused = 0
    fc.assert(
      fc.property(fc.array(changeArb, { minLength: 1, maxLength: 3 }), (changes) => {
        const body = changes.reduce<unknown>((whole, { path, other }) => withAt(whole, path, other), RICH)
        try {
          expect(commandOf(body).command.prompt).not.toBe('')
        } catch (error) {
          if (!(error instanceof FreshetError)) throw error
          expect(['bad_request', 'empty_prompt', 'prompt_too_long', 'unknown_agent']).toContain(error.code)
          expect(error.message).toMatch(/^.{10,400}\.$/s)
          refused += 1
        }
      }),
      { numRuns: 500 },
    )
    expect(commandOf(RICH).command.after).toHaveLength(2)
    expect(refused).toBeGreaterThan(200)
  })

  it('[ER1] is refused when it is no object at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(codeOf(() => commandOf(body))).toBe('bad_request')
      }),
    )
    expect(codeOf(() => commandOf(undefined))).toBe('bad_request')
  })
})
