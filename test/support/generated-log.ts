import fc from 'fast-check'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { type Finish, Generation, type GenerationStart } from '../../src/core/generation.ts'
import { anyText } from './any-text.ts'

export const FINISH: Finish = {
  provider: 'embedded',
  reason: 'stop',
  usage: { input_tokens: 3, output_tokens: 7 },
  cacheHit: false,
  cost: 0,
  costEstimated: false,
  messageCount: null,
  closing: null,
}

export function generationOf(more: Partial<GenerationStart> = {}): Generation {
  return new Generation({
    requestId: 'r1',
    conversationId: null,
    target: null,
    prompt: 'What is a freshet?',
    granularity: 'chunk',
    task: 'question',
    strategy: 'intelligent',
    agent: 'assistant',
    messageId: null,
    context: { messages: 0, dropped: 0 },
    ...more,
  })
}

/** Texts with characters of one to four bytes, broken pairs included: a provider may cut anywhere. */
export const textArb: fc.Arbitrary<string> = fc
  .array(fc.oneof(anyText({ maxLength: 6 }), fc.constantFrom('\ud83c', '\udf0a', '\n', 'a ')), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''))

const stepArb = fc.record({
  request: fc.nat(4),
  act: fc.constantFrom('delta', 'delta', 'delta', 'flush', 'complete', 'cancel', 'fail'),
  text: textArb,
})

const startArb = fc.record({
  conversationId: fc.constantFrom(null, 'c1', 'c2'),
  target: fc.constantFrom(null, null, 'tab-1', 'tab-2'),
  granularity: fc.constantFrom('chunk' as const, 'token' as const),
  prompt: textArb.map((text) => `p${text}`),
})

/** A log as a hub could have written it: up to five requests beside each other. */
export const generatedLogArb: fc.Arbitrary<readonly Numbered[]> = fc
  .tuple(fc.array(stepArb, { maxLength: 60 }), fc.array(startArb, { minLength: 5, maxLength: 5 }))
  .map(([steps, starts]) => {
    const generations = new Map<number, Generation>()
    const events: LogEvent[] = []
    let now = 1_000_000
    for (const { request, act, text } of steps) {
      now += 150
      let generation = generations.get(request)
      if (generation === undefined) {
        generation = generationOf({ ...starts[request], requestId: `r${request}` })
        generations.set(request, generation)
        events.push(...generation.begin(now, 'embedded'))
      }
      if (act === 'delta') generation.add(text)
      else if (act === 'flush') events.push(...generation.flush(now))
      else if (act === 'complete') events.push(...generation.complete(now, FINISH))
      else if (act === 'cancel') events.push(...generation.cancel(now, 'asked to'))
      else events.push(...generation.fail(now, 'provider_cut', 'The provider broke off.'))
    }
    return events.map((event, i) => ({ seq: i + 1, event }))
  })

/** A request of one chunk, started and ended. */
export function exchangeEvents(requestId: string, prompt: string, answer: string, at = 1000): readonly LogEvent[] {
  const generation = generationOf({ requestId, prompt })
  const begin = generation.begin(at, 'embedded')
  generation.add(answer)
  return [...begin, ...generation.complete(at + 100, FINISH)]
}
