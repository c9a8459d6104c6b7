import fc from 'fast-check'
import type { ModelMessage, ModelToolCall } from '../../src/core/model.ts'

const callArb: fc.Arbitrary<ModelToolCall> = fc.record({
  id: fc.oneof(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.constantFrom('call_1', 'functions.f:0', 'é', 'x'.repeat(80)),
  ),
  name: fc.constantFrom('f', 'get_level', 'consult_rivers'),
  arguments: fc.oneof(
    fc.json(),
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc.string(),
  ),
})

const wordArb: fc.Arbitrary<ModelMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom('system' as const, 'user' as const), content: fc.string() }),
  fc.record({ role: fc.constant('assistant' as const), content: fc.string() }),
)

/** A message of calls, then their outputs. */
const callsArb: fc.Arbitrary<readonly ModelMessage[]> = fc
  .record({
    content: fc.constantFrom('', 'Let me see.'),
    calls: fc.uniqueArray(callArb, { selector: ({ id }) => id, minLength: 1, maxLength: 4 }),
    outputs: fc.array(fc.string({ maxLength: 20 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ content, calls, outputs }) => [
    { role: 'assistant' as const, content, toolCalls: calls },
    ...calls.map(({ id, name }, i) => ({ role: 'tool' as const, callId: id, name, content: outputs[i] ?? '' })),
  ])

/** Any conversation in which each output follows on its call. */
export const messagesArb: fc.Arbitrary<readonly ModelMessage[]> = fc
  .array(fc.oneof({ weight: 2, arbitrary: wordArb.map((word) => [word]) }, { weight: 1, arbitrary: callsArb }), {
    maxLength: 8,
  })
  .map((turns) => turns.flat())
