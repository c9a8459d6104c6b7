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
  act: fc.oneof(
    { arbitrary: fc.constant('delta' as const), weight: 10 },
    { arbitrary: fc.constant('flush' as const), weight: 8 },
    { arbitrary: fc.constantFrom('call' as const, 'result' as const), weight: 3 },
    { arbitrary: fc.constantFrom('consult' as const, 'consulted' as const), weight: 2 },
    { arbitrary: fc.constant('switch' as const), weight: 1 },
    { arbitrary: fc.constantFrom('complete' as const, 'cancel' as const, 'fail' as const), weight: 1 },
  ),
  text: textArb,
  chance: fc.boolean(),
})
type Step = typeof stepArb extends fc.Arbitrary<infer T> ? T : never

/** A request of a generated log, with the calls and consultations of it that wait for their end. */
interface Life {
  readonly generation: Generation
  readonly calls: string[]
  readonly runs: string[]
}

const SPECIALIST = { specialist: 'sleep', title: 'Sleep', question: 'why?', cost: 0.5, cost_estimated: false }

const startArb = fc.record({
  conversationId: fc.constantFrom(null, 'c1', 'c2'),
  target: fc.constantFrom(null, null, 'tab-1', 'tab-2'),
  granularity: fc.constantFrom('chunk' as const, 'token' as const),
  prompt: textArb.map((text) => `p${text}`),
})

/** What a step adds to the log; nothing when the request has ended, or when nothing waits for such an end. */
function step({ act, text, chance }: Step, id: string, { generation, calls, runs }: Life, now: number) {
  switch (act) {
    case 'delta':
      generation.add(text)
      return []
    case 'flush':
      return generation.flush(now)
    case 'call':
      if (!chance) calls.push(id)
      return generation.toolCall(now, { call_id: id, tool: 'sum', arguments: text, by: 'lead', external: chance })
    case 'result': {
      const call_id = calls.shift()
      if (call_id === undefined) return []
      const told = { call_id, tool: 'sum', by: 'lead', status: 'ok', output: { text }, duration: 0.1 } as const
      return generation.toolResult(now, told)
    }
    case 'consult': {
      runs.push(id)
      const open = { status: 'started', content: null, duration: null, usage: null, error_type: null } as const
      return generation.specialist(now, { ...SPECIALIST, ...open, run_id: id })
    }
    case 'consulted': {
      const run_id = runs.shift()
      if (run_id === undefined) return []
      const { usage } = FINISH
      const end = chance
        ? ({ status: 'completed', content: text, error_type: null } as const)
        : ({ status: 'failed', content: null, error_type: 'timeout' } as const)
      return generation.specialist(now, { ...SPECIALIST, ...end, run_id, duration: 1, usage })
    }
    case 'switch': {
      const change = { from: 'embedded', to: 'other', reason: 'provider_cut', after_chars: generation.length } as const
      return [...generation.flush(now), ...generation.routed(now, 'other', [change])]
    }
    case 'complete':
      return generation.complete(now, { ...FINISH, reason: chance ? 'stop' : 'tool_calls' })
    case 'cancel':
      return generation.cancel(now, 'asked to')
    case 'fail':
      return generation.fail(now, 'provider_cut', 'The provider broke off.')
  }
}

/** A log as a hub could have written it: up to so many requests (5 at most) beside each other, with tools and specialists. */
export const logArb = (requests: number): fc.Arbitrary<readonly Numbered[]> =>
  fc
    .tuple(fc.array(stepArb, { maxLength: 60, size: 'max' }), fc.array(startArb, { minLength: 5, maxLength: 5 }))
    .map(([steps, starts]) => {
      const lives = new Map<number, Life>()
      const events: LogEvent[] = []
      let now = 1_000_000
      for (const [i, one] of steps.entries()) {
        now += 150
        const request = one.request % requests
        let life = lives.get(request)
        if (life === undefined) {
          const generation = generationOf({ ...starts[request], requestId: `r${request}` })
          life = { generation, calls: [], runs: [] }
          lives.set(request, life)
          events.push(...generation.begin(now, 'embedded'))
        }
        events.push(...step(one, `t${i}`, life, now))
      }
      return events.map((event, i) => ({ seq: i + 1, event }))
    })

export const generatedLogArb = logArb(5)

/** A request of one chunk, started and ended. */
export function exchangeEvents(requestId: string, prompt: string, answer: string, at = 1000): readonly LogEvent[] {
  const generation = generationOf({ requestId, prompt })
  const begin = generation.begin(at, 'embedded')
  generation.add(answer)
  return [...begin, ...generation.complete(at + 100, FINISH)]
}
