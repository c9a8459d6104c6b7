import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTerminal, type LogEvent, logEventSchema } from '../../src/core/events.ts'
import { endOf, type Generation, interrupted } from '../../src/core/generation.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { FINISH, generationOf, textArb } from '../support/generated-log.ts'

type Act = { act: 'add'; text: string } | { act: 'flush' | 'complete' | 'cancel' | 'fail' | 'ask' }

const actArb: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: textArb.map((text) => ({ act: 'add' as const, text })) },
  { weight: 3, arbitrary: fc.constant({ act: 'flush' as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('complete', 'cancel', 'fail', 'ask').map((act) => ({ act })) as fc.Arbitrary<Act>,
  },
)
const granularityArb = fc.constantFrom('chunk' as const, 'token' as const)

function run(generation: Generation, acts: readonly Act[]): readonly LogEvent[] {
  const events: LogEvent[] = [...generation.begin(1000, 'embedded')]
  let now = 1000
  for (const step of acts) {
    now += 50
    if (step.act === 'add') generation.add(step.text)
    else if (step.act === 'flush') events.push(...generation.flush(now))
    else if (step.act === 'complete') events.push(...generation.complete(now, FINISH))
    else if (step.act === 'cancel') events.push(...generation.cancel(now, 'asked to'))
    else if (step.act === 'fail') events.push(...generation.fail(now, 'timeout', 'Too late.'))
    else generation.flushDueAt(true)
  }
  return events
}

/** All text that was added before the first end. */
function textBeforeEnd(acts: readonly Act[]): string {
  const end = acts.findIndex(({ act }) => act === 'complete' || act === 'cancel' || act === 'fail')
  return acts
    .slice(0, end === -1 ? acts.length : end)
    .flatMap((step) => (step.act === 'add' ? [step.text] : []))
    .join('')
}

function pieces(events: readonly LogEvent[]) {
  return events.flatMap((event) => (event.type === 'chunk' || event.type === 'token' ? [event.data] : []))
}

describe('a generation', () => {
  it('[GE1] any calls in any order give one end at most, and nothing after it', () => {
    fc.assert(
      fc.property(fc.array(actArb, { maxLength: 60 }), granularityArb, (acts, granularity) => {
        const generation = generationOf({ granularity })
        const events = run(generation, acts)
        const ends = events.filter(isTerminal)
        expect(ends.length).toBeLessThanOrEqual(1)
        expect(generation.ended).toBe(ends.length === 1)
        if (ends.length === 1) {
          expect(events.at(-1)).toBe(ends[0])
          expect(generation.flushDueAt(true)).toBeNull()
        }
        expect(endOf(events)).toBe(ends[0])
      }),
    )
  })

  it('[GE1] a generation that ended before it began does not begin', () => {
    const generation = generationOf()
    expect(generation.cancel(1000, 'asked to')).toHaveLength(1)
    expect(generation.begin(1001, 'embedded')).toEqual([])
  })

  it('[GA5] the text of the chunks is the text that was added, through every way of ending', () => {
    fc.assert(
      fc.property(fc.array(actArb, { maxLength: 60 }), granularityArb, (acts, granularity) => {
        const generation = generationOf({ granularity })
        const events = [...run(generation, acts), ...generation.flush(9000)]
        const text = pieces(events)
          .map(({ chunk }) => chunk)
          .join('')
        expect(text).toBe(textBeforeEnd(acts))
        expect(generation.text).toBe(text)
        expect(generation.length).toBe(text.length)
      }),
    )
  })

  it('[GE1] chunks are numbered from 1, lengths add up, and the end has the sums', () => {
    fc.assert(
      fc.property(fc.array(actArb, { maxLength: 60 }), granularityArb, (acts, granularity) => {
        const generation = generationOf({ granularity })
        const events = run(generation, acts)
        let length = 0
        for (const [i, piece] of pieces(events).entries()) {
          length += piece.chunk.length
          expect(piece).toMatchObject({ request_id: 'r1', chunk_number: i + 1, accumulated_length: length })
          expect(piece.chunk).not.toBe('')
        }
        expect(generation.chunks).toBe(pieces(events).length)
        const end = endOf(events)
        if (end?.type === 'stream_end' || end?.type === 'cancelled') {
          expect(end.data).toMatchObject({ total_chunks: pieces(events).length, total_length: length })
        }
      }),
    )
  })

  it('[FL3] progress follows every fifth chunk at once, between 0 and 100, and never falls', () => {
    fc.assert(
      fc.property(fc.array(actArb, { maxLength: 60 }), granularityArb, (acts, granularity) => {
        const events = run(generationOf({ granularity }), acts)
        const expected = events.flatMap((event, i) => {
          const isFifth = (event.type === 'chunk' || event.type === 'token') && event.data.chunk_number % 5 === 0
          return isFifth ? [events[i + 1]] : []
        })
        const progress = events.filter((event) => event.type === 'progress')
        expect(progress).toEqual(expected)
        let last = 0
        for (const [i, { data }] of progress.entries()) {
          expect(data.chunks_sent).toBe(5 * (i + 1))
          expect(data.progress).toBeGreaterThanOrEqual(last)
          expect(data.progress).toBeLessThanOrEqual(100)
          last = data.progress
        }
      }),
    )
  })

  it('[LG6] every event is one that the log can read back', () => {
    fc.assert(
      fc.property(fc.array(actArb, { maxLength: 40 }), granularityArb, (acts, granularity) => {
        for (const event of run(generationOf({ granularity, conversationId: 'c1', target: 'tab-1' }), acts)) {
          expect(logEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event)
          expect(event).toMatchObject({ request_id: 'r1', conversation_id: 'c1', target: 'tab-1' })
        }
      }),
    )
  })

  it('[GA6] with granularity `token` each delta is an event, with `chunk` a flush is one', () => {
    for (const granularity of ['token', 'chunk'] as const) {
      const generation = generationOf({ granularity })
      generation.begin(1000, 'embedded')
      for (const delta of ['Once', '', ' upon', ' a', ' time']) generation.add(delta)
      const events = generation.flush(1100)
      expect(events.map(({ type }) => type)).toEqual(granularity === 'token' ? Array(4).fill('token') : ['chunk'])
      const texts = pieces(events).map(({ chunk }) => chunk)
      expect(texts).toEqual(granularity === 'token' ? ['Once', ' upon', ' a', ' time'] : ['Once upon a time'])
    }
  })

  it('[LG7] a delta over 16 KiB is cut at a character boundary', () => {
    for (const granularity of ['token', 'chunk'] as const) {
      const generation = generationOf({ granularity })
      generation.begin(1000, 'embedded')
      const text = `x${'🌊'.repeat(20_000)}`
      generation.add(text)
      const out = pieces(generation.flush(1000)).map(({ chunk }) => chunk)
      expect(out.join('')).toBe(text)
      for (const piece of out) {
        expect(piece.length).toBeLessThanOrEqual(LIMITS.deltaChars)
        expect(piece.isWellFormed()).toBe(true)
      }
    }
  })

  it('[GE4] a cancel keeps the gathered text, before the end', () => {
    const generation = generationOf()
    generation.begin(1000, 'embedded')
    generation.add('half an')
    expect(generation.cancel(2000, 'asked to')).toMatchObject([
      { type: 'chunk', at: 2000, data: { chunk: 'half an', chunk_number: 1 } },
      {
        type: 'cancelled',
        at: 2000,
        data: { request_id: 'r1', status: 'cancelled', reason: 'asked to', total_chunks: 1, total_length: 7 },
      },
    ])
    expect(generation.text).toBe('half an')
  })

  it('[GE8] a failure keeps the gathered text and ends with its code', () => {
    const generation = generationOf()
    generation.begin(1000, 'embedded')
    generation.add('half an')
    expect(generation.fail(2000, 'provider_cut', 'The provider broke off.')).toMatchObject([
      { type: 'chunk', data: { chunk: 'half an' } },
      { type: 'error', data: { request_id: 'r1', error: 'The provider broke off.', error_type: 'provider_cut' } },
    ])
  })

  it('[GE1] it begins with `stream_start` and `metadata` as the contract has them', () => {
    const prompt = 'x'.repeat(250)
    const names = { agent: 'health', messageId: 'm2', context: { messages: 6, dropped: 3 } }
    const generation = generationOf({ prompt, task: 'code', strategy: 'round_robin', ...names })
    expect(generation.begin(1000, 'groq')).toEqual([
      {
        at: 1000,
        request_id: 'r1',
        conversation_id: null,
        target: null,
        type: 'stream_start',
        data: {
          request_id: 'r1',
          prompt,
          prompt_length: 250,
          estimated_duration: 5,
          agent: 'health',
          message_id: 'm2',
          context_messages: 6,
          dropped_messages: 3,
        },
      },
      {
        at: 1000,
        request_id: 'r1',
        conversation_id: null,
        target: null,
        type: 'metadata',
        data: { task_type: 'code', recommended_provider: 'groq', routing_strategy: 'round_robin' },
      },
    ])
    expect(generation.startedAt).toBe(1000)
    expect(generationOf({ prompt: 'hi' }).begin(0, 'groq')[0]).toMatchObject({ data: { estimated_duration: 2 } })
  })

  it('[GE1] `stream_end` has the fields of the contract, and a clock that went back gives no negative time', () => {
    const closing = { final_message: 'all', history: [{ role: 'user' as const, content: 'hi' }] }
    const end = (now: number) => {
      const generation = generationOf()
      generation.begin(10_000, 'embedded')
      generation.add('all')
      return generation.complete(now, { ...FINISH, cacheHit: true, messageCount: 4, closing }).at(-1)
    }
    expect(end(12_500)?.data).toEqual({
      request_id: 'r1',
      total_chunks: 1,
      total_length: 3,
      duration: 2.5,
      provider_used: 'embedded',
      cache_hit: true,
      finish_reason: 'stop',
      usage: { input_tokens: 3, output_tokens: 7 },
      cost: 0,
      cost_estimated: false,
      message_count: 4,
      closing,
    })
    expect(end(9000)?.data).toMatchObject({ duration: 0 })
  })

  it('[GE6] a request whose process died ends with `interrupted`', () => {
    const event = interrupted({ requestId: 'r9', conversationId: 'c1', target: 'tab-1' }, 5000)
    expect(event).toMatchObject({
      at: 5000,
      request_id: 'r9',
      conversation_id: 'c1',
      target: 'tab-1',
      type: 'error',
      data: { request_id: 'r9', error_type: 'interrupted' },
    })
    expect(isTerminal(event)).toBe(true)
  })
})
