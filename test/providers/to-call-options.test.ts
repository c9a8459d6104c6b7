import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sampling } from '../../src/core/model.ts'
import { toCallOptions } from '../../src/providers/to-call-options.ts'

const TOOL = {
  name: 'f',
  description: 'Does f.',
  parameters: { type: 'object', properties: { x: { type: 'number' } } },
}
const none = { tools: [], toolChoice: 'auto', sampling: {} } as const

test('[PR4] what is not given is left out', () => {
  expect(toCallOptions(none)).toEqual({})
  expect(toCallOptions({ ...none, toolChoice: 'required', sampling: { stop: [], json: false } })).toEqual({})
})

test.each([
  ['auto', { type: 'auto' }],
  ['none', { type: 'none' }],
  ['required', { type: 'required' }],
  [{ name: 'f' }, { type: 'tool', toolName: 'f' }],
] as const)('[PR4] tools are given with the choice %j', (toolChoice, choice) => {
  expect(toCallOptions({ ...none, tools: [TOOL], toolChoice })).toEqual({
    tools: [{ type: 'function', name: 'f', description: 'Does f.', inputSchema: TOOL.parameters }],
    toolChoice: choice,
  })
})

test('[PR4] a tool without parameters is one of an object without properties', () => {
  const [tool] = toCallOptions({ ...none, tools: [{ ...TOOL, parameters: {} }] }).tools ?? []
  expect(tool).toMatchObject({ inputSchema: { type: 'object', properties: {} } })
})

const samplingArb: fc.Arbitrary<Sampling> = fc.record(
  {
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    topP: fc.double({ min: 0, max: 1, noNaN: true }),
    maxOutputTokens: fc.integer({ min: 1, max: 10_000 }),
    stop: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
    seed: fc.integer(),
    presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
    frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
    json: fc.constant(true),
  },
  { requiredKeys: [] },
)

test('[PR4] sampling is given as it is, each in its own field', () => {
  fc.assert(
    fc.property(samplingArb, (sampling) => {
      const { stop, json, ...same } = sampling
      expect(toCallOptions({ ...none, sampling })).toEqual({
        ...same,
        ...(stop === undefined ? {} : { stopSequences: stop }),
        ...(json === undefined ? {} : { responseFormat: { type: 'json' } }),
      })
    }),
  )
})
