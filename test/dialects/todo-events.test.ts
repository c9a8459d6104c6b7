import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/core/events.ts'
import type { Encoder } from '../../src/dialects/dialect.ts'
import { todoEvents, todoRateLimited, todoRefusal } from '../../src/dialects/todo-events.ts'
import { eventsOf } from '../support/event-stream.ts'
import { everyEvent } from '../support/log-events.ts'

const CLOSING = {
  final_message: 'Added “milk”.',
  history: [
    { role: 'user' as const, content: 'Add milk' },
    { role: 'assistant' as const, content: 'Added “milk”.' },
  ],
}

function encoder(batching = false): Encoder {
  return todoEvents.encoder({ model: 'freshet', includeUsage: false, batching })
}

function one(type: LogEvent['type'], closing: typeof CLOSING | null = CLOSING): LogEvent {
  const event = everyEvent({ conversation_id: 'user_ann_1' }).find((each) => each.type === type)
  if (event === undefined) throw new Error(`there is no ${type}`)
  if (event.type !== 'stream_end' || closing === null) return event
  return { ...event, data: { ...event.data, closing } }
}

function chunk(text: string): LogEvent {
  const event = one('chunk')
  if (event.type !== 'chunk') throw new Error('no chunk')
  return { ...event, data: { ...event.data, chunk: text } }
}

interface Seen {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: unknown
}

function seen(text: string): readonly Seen[] {
  return eventsOf(text).map(({ id, event, data }) => ({ id, event, data: JSON.parse(data) }))
}

function told(event: LogEvent): readonly Seen[] {
  return seen(encoder().event('n0-7', event))
}

describe('D5 on the wire', () => {
  it('[TE7] an answer is told in the names and with the fields of the contract', () => {
    expect(told(one('stream_start'))).toMatchObject([
      { event: 'session_initialized', data: { session_id: 'user_ann_1' } },
      { event: 'agent_updated', data: { name: 'assistant' } },
    ])
    expect(told(chunk('wörd'))).toEqual([{ id: 'n0-7', event: 'message_delta', data: { content: 'wörd' } }])
    expect(told(one('token'))).toMatchObject([{ event: 'message_delta', data: { content: 'wörd' } }])
    expect(told(one('tool_call'))).toMatchObject([
      { event: 'tool_call', data: { tool_name: 'sum', arguments: { a: 1 } } },
    ])
    expect(told(one('tool_result'))).toMatchObject([
      { event: 'tool_result', data: { output: { sum: [1] }, status: 'ok' } },
    ])
    expect(told(one('specialist'))).toMatchObject([{ event: 'agent_updated', data: { name: 'sleep' } }])
    expect(told(one('error'))).toEqual([
      {
        id: 'n0-7',
        event: 'error',
        data: { status: 'error', message: 'The provider broke off. Try again.', code: 'provider_cut' },
      },
    ])
    expect(told(one('cancelled'))).toMatchObject([{ event: 'error', data: { status: 'error', code: 'cancelled' } }])
    for (const type of ['metadata', 'progress', 'deleted'] as const) expect(told(one(type))).toEqual([])
  })

  it('[TE7] the end is the whole message, `completed`, then `history` last; the id is on the last alone', () => {
    expect(told(one('stream_end'))).toEqual([
      { id: undefined, event: 'message', data: { content: CLOSING.final_message } },
      { id: undefined, event: 'completed', data: { final_message: CLOSING.final_message } },
      { id: 'n0-7', event: 'history', data: CLOSING.history },
    ])
  })

  it.each([false, true])(
    '[TE7][DI11] the end of a request of another dialect repeats what went before (batching: %s)',
    (batching) => {
      const before = [one('stream_start'), chunk('one '), chunk('two')]
      const repeated = [
        { event: 'message', data: { content: 'one two' } },
        { event: 'completed', data: { final_message: 'one two' } },
        {
          event: 'history',
          data: [
            { role: 'user', content: 'why?' },
            { role: 'assistant', content: 'one two' },
          ],
        },
      ]
      // Wherever its reader was cut: what it has already, its writer is reminded of.
      for (let cut = 0; cut <= before.length; cut++) {
        const writer = encoder(batching)
        for (const event of before.slice(0, cut)) writer.recall?.(event)
        for (const event of before.slice(cut)) writer.event('n0-1', event)
        writer.flush?.()
        const end = seen(writer.event('n0-7', one('stream_end', null)))
        const events = end.flatMap(({ event, data }) => (event === 'batch' ? data : { event, data }))
        expect(events).toEqual(repeated)
      }
    },
  )

  it('[TE7] arguments that are no object are an empty one', () => {
    const call = one('tool_call')
    if (call.type !== 'tool_call') throw new Error('no call')
    for (const text of ['', '[1]', '"x"', '{', 'null']) {
      expect(told({ ...call, data: { ...call.data, arguments: text } })).toMatchObject([{ data: { arguments: {} } }])
    }
  })

  it('[TE8] a refusal and the rate limit are streams of one event', () => {
    expect(seen(todoRefusal('No messages provided', 'bad_request'))).toEqual([
      {
        id: undefined,
        event: 'error',
        data: { status: 'error', message: 'No messages provided', code: 'bad_request' },
      },
    ])
    const usage = { current_usage: 200, monthly_limit: 200, remaining_quota: 0, reset_date: '2026-12-01T00:00:00Z' }
    expect(seen(todoRateLimited('Come back on 1 December.', usage))).toEqual([
      { id: undefined, event: 'rate_limit_exceeded', data: { message: 'Come back on 1 December.', ...usage } },
    ])
  })
})

describe('batches of D5', () => {
  const sizeArb = fc.constantFrom(0, 1, 40, 300, 900, 1000, 1024, 1500, 4000)
  const stepArb = fc.oneof(
    { weight: 4, arbitrary: sizeArb.map((size) => chunk('é'.repeat(size / 2))) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(one('tool_call'), one('tool_result'), one('metadata'), one('stream_start')),
    },
    { weight: 1, arbitrary: fc.constant(null) },
  )
  const runArb = fc.tuple(
    fc.array(stepArb, { maxLength: 30 }),
    fc.constantFrom(one('stream_end'), one('error'), one('cancelled')),
  )

  /** The events of a text, those in batches too. */
  function unpacked(all: readonly Seen[]): readonly { event: unknown; data: unknown }[] {
    return all.flatMap(({ event, data }) => {
      if (event !== 'batch') return [{ event, data }]
      if (!Array.isArray(data)) throw new Error('a batch is a list')
      return data.map((inner: unknown) => {
        if (typeof inner !== 'object' || inner === null || !('event' in inner) || !('data' in inner))
          throw new Error('?')
        return { event: inner.event, data: inner.data }
      })
    })
  }

  it('[TE9] hold the same events in the same order, with nothing left at the end, however they are flushed', () => {
    fc.assert(
      fc.property(runArb, ([steps, end]) => {
        const events = [...steps.filter((step) => step !== null), end]
        const plain = encoder()
        const expected = seen(events.map((event, i) => plain.event(`n0-${i}`, event)).join(''))
        const batching = encoder(true)
        let text = ''
        let i = 0
        for (const step of [...steps, end])
          text += step === null ? (batching.flush?.() ?? '') : batching.event(`n0-${i++}`, step)
        expect(batching.flush?.()).toBe('')
        expect(unpacked(seen(text))).toEqual(expected.map(({ event, data }) => ({ event, data })))
        const ids = seen(text).flatMap(({ id }) => (id === undefined ? [] : [Number(id.slice(3))]))
        expect(ids).toEqual(ids.toSorted((a, b) => a - b))
        expect(ids.at(-1)).toBe(i - 1)
      }),
    )
  })

  it('[TE9] are at most 1 KB; what is larger goes out at once and alone', () => {
    const bytes = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length
    fc.assert(
      fc.property(runArb, ([steps, end]) => {
        const batching = encoder(true)
        for (const [i, step] of [...steps, end].entries()) {
          if (step === null) continue
          const text = batching.event(`n0-${i}`, step)
          for (const { event, data } of seen(text)) {
            if (event !== 'batch' || !Array.isArray(data)) continue
            expect(data.length).toBeGreaterThan(1)
            expect(bytes(data)).toBeLessThanOrEqual(1024)
          }
          if (step.type === 'chunk' && bytes(step.data.chunk) >= 1024)
            expect(seen(text).at(-1)?.event).toBe('message_delta')
        }
      }),
    )
  })

  it('[TE9] gather small events until they are asked for; one alone is itself', () => {
    const batching = encoder(true)
    expect(batching.event('n0-1', chunk('a')) + batching.event('n0-2', chunk('b'))).toBe('')
    expect(seen(batching.flush?.() ?? '')).toEqual([
      {
        id: 'n0-2',
        event: 'batch',
        data: [
          { event: 'message_delta', data: { content: 'a' } },
          { event: 'message_delta', data: { content: 'b' } },
        ],
      },
    ])
    expect(batching.event('n0-3', chunk('c'))).toBe('')
    expect(seen(batching.heartbeat(0))).toEqual([{ id: 'n0-3', event: 'message_delta', data: { content: 'c' } }])
    expect(batching.heartbeat(0)).toMatch(/^:/)
  })

  it('[TE9] are not made unless the client asks', () => {
    expect(encoder().event('n0-1', chunk('a'))).not.toBe('')
  })
})
