import { describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/core/events.ts'
import { resultOf } from '../../src/core/result.ts'
import { exchangeEvents, FINISH, generationOf } from '../support/generated-log.ts'

const CALL = { call_id: 't1', tool: 'sum', arguments: '{"a":1}', by: 'lead' }

/** A request of conversation c1 as far as `live` takes it. */
function eventsOf(
  live: (generation: ReturnType<typeof generationOf>) => readonly (readonly LogEvent[])[],
): readonly LogEvent[] {
  const generation = generationOf({ conversationId: 'c1' })
  const begin = generation.begin(1000, 'embedded')
  generation.add('so far')
  return [...begin, ...live(generation).flat()]
}

describe('how a request came out', () => {
  it('[GE1] complete: the text, who answered, why it ended and what was used', () => {
    expect(resultOf(exchangeEvents('r7', 'why?', 'because', 1500))).toEqual({
      requestId: 'r7',
      conversationId: null,
      status: 'complete',
      startedAt: 1500,
      text: 'because',
      toolCalls: [],
      provider: 'embedded',
      finishReason: 'stop',
      usage: { input_tokens: 3, output_tokens: 7 },
      error: null,
    })
  })

  it('[GE4] cancelled: its text so far is kept, and nobody is named', () => {
    expect(resultOf(eventsOf((generation) => [generation.cancel(1100, 'asked to')]))).toMatchObject({
      conversationId: 'c1',
      status: 'cancelled',
      text: 'so far',
      provider: null,
      finishReason: null,
      usage: { input_tokens: null, output_tokens: null },
      error: null,
    })
  })

  it('[GE8] an error: its code and its sentence, and the text so far', () => {
    const failed = eventsOf((generation) => [generation.fail(1100, 'provider_cut', 'It broke off.')])
    expect(resultOf(failed)).toMatchObject({
      status: 'error',
      text: 'so far',
      error: { code: 'provider_cut', message: 'It broke off.' },
    })
  })

  it('[GE1] without an end it runs', () => {
    expect(resultOf(eventsOf((generation) => [generation.flush(1100)]))).toMatchObject({
      status: 'running',
      text: 'so far',
    })
  })

  it('[AG5] the calls that are the caller’s to run, in order, and none that were run here', () => {
    const events = eventsOf((generation) => [
      generation.toolCall(1100, { ...CALL, call_id: 'own', external: false }),
      generation.toolResult(1200, { ...CALL, call_id: 'own', status: 'ok', output: 3, duration: 0.1 }),
      generation.toolCall(1300, { ...CALL, external: true }),
      generation.toolCall(1300, { ...CALL, call_id: 't2', arguments: '', external: true }),
      generation.complete(1400, { ...FINISH, reason: 'tool_calls' }),
    ])
    expect(resultOf(events)).toMatchObject({
      finishReason: 'tool_calls',
      toolCalls: [
        { id: 't1', name: 'sum', arguments: '{"a":1}' },
        { id: 't2', name: 'sum', arguments: '' },
      ],
    })
  })

  it('[GE1] what comes before the start is not of it, and without a start there is no result', () => {
    const events = exchangeEvents('r7', 'why?', 'because')
    expect(resultOf([...events.slice(-2, -1), ...events]).text).toBe('because')
    expect(() => resultOf(events.slice(1))).toThrow(RangeError)
    expect(() => resultOf([])).toThrow(RangeError)
  })
})
