import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEvent, LogEventType } from '../../src/core/events.ts'
import { chatEvents } from '../../src/dialects/chat-events.ts'
import { cutBytes, eventsOf, parseStream } from '../support/event-stream.ts'
import { everyEvent } from '../support/log-events.ts'
import { hostileLines } from './golden/hostile-events.ts'
import { OPTIONS, piecesOf } from './golden/transcripts.ts'

const AT = '2023-11-14T22:13:20.250Z'

function told(event: LogEvent, id: string | null = 'n0-7'): readonly unknown[] {
  const text = chatEvents.encoder(OPTIONS).event(id, event)
  return eventsOf(text).map((one) => ({ ...one, data: JSON.parse(one.data) }))
}

function of<T extends LogEventType>(type: T): Extract<LogEvent, { type: T }> {
  const found = everyEvent().find((event): event is Extract<LogEvent, { type: T }> => event.type === type)
  if (found === undefined) throw new Error(`there is no ${type}`)
  return found
}

/** The one event's data of a message. */
function update(event: LogEvent): unknown {
  const [only] = told(event)
  expect(only).toMatchObject({ id: 'n0-7', event: 'message' })
  return only
}

describe('D3 on the wire', () => {
  it('[DI5] each event of the log is one event with its name, its fields and its id', () => {
    const text = { type: 'text', content: 'wörd', timestamp: AT }
    const call = { type: 'tool_call', tool: 'sum', arguments: { a: 1 }, call_id: 't1', timestamp: AT }
    const result = {
      type: 'tool_result',
      tool: 'sum',
      call_id: 't1',
      status: 'ok',
      output: { sum: [1] },
      timestamp: AT,
    }
    const started = { type: 'specialist_update', specialist: 'sleep', status: 'started', run_id: 's1', timestamp: AT }
    const cases: readonly [LogEventType, string, unknown][] = [
      ['stream_start', 'connected', { status: 'connected', request_id: 'r1' }],
      ['chunk', 'message', text],
      ['token', 'message', text],
      ['tool_call', 'message', call],
      ['tool_result', 'message', result],
      ['specialist', 'message', started],
      ['stream_end', 'done', { status: 'complete' }],
      ['cancelled', 'done', { status: 'cancelled' }],
      ['error', 'error', { error: 'The provider broke off. Try again.', code: 'provider_cut' }],
    ]
    for (const [type, event, data] of cases) expect(told(of(type))).toEqual([{ id: 'n0-7', event, data }])
  })

  it('[DI5] a snapshot without an id has no id', () => {
    expect(told(of('chunk'), null)).toEqual([{ event: 'message', data: expect.any(Object) }])
  })

  it('[DI1] what D3 has no word for leaves nothing, a deleted event least of all', () => {
    for (const type of ['metadata', 'progress', 'deleted'] as const) {
      expect(chatEvents.encoder(OPTIONS).event('n0-7', of(type))).toBe('')
    }
  })

  it('[CV1] `connected` names the conversation when there is one', () => {
    const [start] = everyEvent({ conversation_id: 'c1' })
    if (start === undefined) throw new Error('there is no event')
    expect(told(start)).toMatchObject([{ data: { status: 'connected', request_id: 'r1', session_id: 'c1' } }])
  })

  it.each([
    ['{}', {}],
    [' {"a":{"b":[1]}} ', { a: { b: [1] } }],
    ['', {}],
    ['{"a":', {}],
    ['null', {}],
    ['7', {}],
    ['"{}"', {}],
    ['[{"a":1}]', {}],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, {}],
  ])('[AG3] arguments are an object, whatever the model wrote: %.20s', (text, expected) => {
    const call = of('tool_call')
    const event: LogEvent = { ...call, data: { ...call.data, arguments: text } }
    expect(update(event)).toMatchObject({ data: { arguments: expected, call_id: 't1' } })
    expect(told(event)).toEqual([expect.objectContaining({ data: expect.objectContaining({ arguments: expected }) })])
  })

  it('[AG4] a consultation ends with its finding, its time and its cost', () => {
    const start = of('specialist')
    const ends = [
      { status: 'completed', content: 'Too short.', duration: 1.5, cost: 0.25 },
      { status: 'failed', content: null, duration: 8, cost: 0 },
    ] as const
    for (const end of ends) {
      const data = { type: 'specialist_update', specialist: 'sleep', run_id: 's1', timestamp: AT, ...end }
      expect(update({ ...start, data: { ...start.data, ...end } })).toEqual({ id: 'n0-7', event: 'message', data })
    }
  })

  it('[SB2] a heartbeat is seen by nobody', () => {
    const { events, comments } = parseStream(cutBytes(chatEvents.encoder(OPTIONS).heartbeat(1), []))
    expect({ events, comments: comments.length }).toEqual({ events: [], comments: 1 })
  })

  it('[SB1] hostile words stay in their frame and come out as they went in', () => {
    fc.assert(
      fc.property(hostileLines, fc.array(fc.nat(4000), { maxLength: 10 }), (lines, places) => {
        const wire = piecesOf(chatEvents, lines).join('')
        const { events, comments, retries } = parseStream(cutBytes(wire, places))
        const shown = lines.filter(({ event }) => !['metadata', 'progress', 'deleted'].includes(event.type))
        expect(events.map(({ id }) => id)).toEqual(shown.map(({ id }) => id))
        expect({ comments, retries }).toEqual({ comments: [], retries: [] })
        for (const [i, { event }] of shown.entries()) {
          const data: unknown = JSON.parse(events[i]?.data ?? '')
          expect(data).toMatchObject(wordsOf(event))
        }
      }),
    )
  })

  it('[DI7] a stream that ends within an event gives no half of it', () => {
    const wire = piecesOf(chatEvents, [{ id: 'n0-7', event: of('chunk') }]).join('')
    for (let length = 0; length < wire.length; length++) {
      const seen: unknown[] = []
      createParser({ onEvent: (event) => seen.push(event) }).feed(wire.slice(0, length))
      expect(seen).toEqual([])
    }
  })
})

/** The words of an event that D3 shows. */
function wordsOf(event: LogEvent): object {
  switch (event.type) {
    case 'stream_start':
      return {
        request_id: event.request_id,
        ...(event.conversation_id !== null && { session_id: event.conversation_id }),
      }
    case 'chunk':
    case 'token':
      return { content: event.data.chunk }
    case 'tool_call':
      return { tool: event.data.tool, call_id: event.data.call_id }
    case 'tool_result':
      return { tool: event.data.tool, call_id: event.data.call_id, output: event.data.output }
    case 'specialist':
      return { specialist: event.data.specialist, run_id: event.data.run_id, content: event.data.content }
    case 'error':
      return { error: event.data.error }
    case 'stream_end':
      return { status: 'complete' }
    case 'cancelled':
      return { status: 'cancelled' }
    case 'metadata':
    case 'progress':
    case 'deleted':
      throw new Error(`${event.type} has no words`)
  }
}
