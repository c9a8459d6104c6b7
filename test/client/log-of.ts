import fc from 'fast-check'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { Generation } from '../../src/core/generation.ts'
import { type Envelope, envelopeOf } from '../../src/core/wire.ts'

export const EPOCH = 'n0000'

const stepArb = fc.record({
  request: fc.integer({ min: 0, max: 3 }),
  act: fc.constantFrom('delta', 'delta', 'delta', 'delta', 'complete', 'cancel', 'fail'),
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
})

/** Logs as a hub could have written them: requests that run beside each other, in the words of the core's Generation. */
export const logArb: fc.Arbitrary<readonly Numbered[]> = fc.array(stepArb, { maxLength: 60 }).map((steps) => {
  const generations = new Map<number, Generation>()
  const events: LogEvent[] = []
  let now = 1_000_000
  for (const { request, act, text } of steps) {
    now += 150
    let generation = generations.get(request)
    if (generation === undefined) {
      generation = generationOf(`r${request}`, `prompt ${text}`)
      generations.set(request, generation)
      events.push(...generation.begin(now, 'embedded'))
    }
    if (act === 'delta') {
      generation.add(text)
      events.push(...generation.flush(now))
    } else if (act === 'complete') events.push(...generation.complete(now, FINISH))
    else if (act === 'cancel') events.push(...generation.cancel(now, 'asked to'))
    else events.push(...generation.fail(now, 'provider_cut', 'The model broke off.'))
  }
  return events.map((event, i) => ({ seq: i + 1, event }))
})

const FINISH = {
  provider: 'embedded',
  reason: 'stop',
  usage: { input_tokens: null, output_tokens: null },
  cacheHit: false,
  cost: 0,
  costEstimated: false,
  messageCount: null,
  closing: null,
} as const

export function generationOf(requestId: string, prompt: string): Generation {
  return new Generation({
    requestId,
    conversationId: null,
    target: null,
    prompt,
    granularity: 'chunk',
    task: 'general',
    strategy: 'intelligent',
    agent: 'assistant',
    messageId: null,
    context: { messages: 0, dropped: 0 },
  })
}

export function envelopeAt({ seq, event }: Numbered): Envelope {
  return { ...envelopeOf(event, EPOCH, seq), session_id: 's' }
}

/** An envelope by hand. */
export function envelope(eventType: string, seq: number | null, data: Record<string, unknown>): Envelope {
  return {
    id: seq === null ? null : `${EPOCH}-${seq}`,
    event_type: eventType,
    data,
    timestamp: seq ?? 0,
    request_id: typeof data['request_id'] === 'string' ? data['request_id'] : null,
    session_id: 's',
    metadata: {},
  }
}

export function snapshot(eventType: string, data: Record<string, unknown>): Envelope {
  return { ...envelope(eventType, null, data), metadata: { snapshot: true } }
}
