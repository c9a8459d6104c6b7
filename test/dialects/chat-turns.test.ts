import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEvent, LogEventType } from '../../src/core/events.ts'
import { chatTurns } from '../../src/dialects/chat-turns.ts'
import { cutBytes, eventsOf, parseStream } from '../support/event-stream.ts'
import { everyEvent } from '../support/log-events.ts'
import { hostileLines, hostileText } from './golden/hostile-events.ts'
import { OPTIONS, piecesOf } from './golden/transcripts.ts'

interface Told {
  readonly id?: string | undefined
  readonly event?: string | undefined
  readonly data: unknown
}

function told(event: LogEvent, id: string | null = 'n0-7'): readonly Told[] {
  const text = chatTurns.encoder(OPTIONS).event(id, event)
  return eventsOf(text).map((one) => ({ ...one, data: JSON.parse(one.data) }))
}

function of<T extends LogEventType>(type: T, conversation: string | null = 'c1'): Extract<LogEvent, { type: T }> {
  const all = everyEvent({ conversation_id: conversation })
  const found = all.find((event): event is Extract<LogEvent, { type: T }> => event.type === type)
  if (found === undefined) throw new Error(`there is no ${type}`)
  return found
}

/** How many events of the wire there are for each of the log. */
const COUNT: Record<LogEventType, number> = {
  stream_start: 2,
  metadata: 0,
  chunk: 1,
  token: 1,
  progress: 0,
  tool_call: 1,
  tool_result: 1,
  specialist: 1,
  deleted: 0,
  stream_end: 2,
  cancelled: 2,
  error: 1,
}

describe('D4 on the wire', () => {
  it('[DI5] it begins with the session and what the model is given of it', () => {
    const message = 'The model is given 2 earlier messages.'
    expect(told(of('stream_start'))).toEqual([
      { data: { type: 'session_info', session_id: 'c1', model: 'freshet', request_id: 'r1' } },
      { id: 'n0-7', data: { type: 'status', message, context_messages: 2, dropped_messages: 0 } },
    ])
  })

  it.each([
    [0, 0, 'The model is given no earlier messages.'],
    [1, 0, 'The model is given 1 earlier message.'],
    [12, 4, 'The model is given 12 earlier messages; the oldest 4 were left out to fit.'],
    [1, 1, 'The model is given 1 earlier message; the oldest 1 was left out to fit.'],
    [0, 2, 'The model is given no earlier messages; the oldest 2 were left out to fit.'],
  ])('[CV3] the status says what is given and what is left out: %i, %i', (given, dropped, message) => {
    const start = of('stream_start')
    const data = { ...start.data, context_messages: given, dropped_messages: dropped }
    expect(told({ ...start, data })[1]?.data).toEqual({
      type: 'status',
      message,
      context_messages: given,
      dropped_messages: dropped,
    })
  })

  it('[DI1] text is numbered and is not final', () => {
    const chunk = { type: 'chunk', text: 'wörd', is_final: false }
    expect(told(of('chunk'))).toEqual([{ id: 'n0-7', data: { ...chunk, chunk_number: 5 } }])
    expect(told(of('token'))).toEqual([{ id: 'n0-7', data: { ...chunk, chunk_number: 6 } }])
  })

  it('[DI2] it ends with an empty final chunk, which counts, and a summary', () => {
    const final = { type: 'chunk', text: '', chunk_number: 7, is_final: true }
    const complete = { type: 'complete', total_chunks: 7, request_id: 'r1' }
    expect(told(of('stream_end'))).toEqual([
      { data: final },
      {
        id: 'n0-7',
        data: { ...complete, processing_time: 1.5, message_count: 4, status: 'complete', finish_reason: 'stop' },
      },
    ])
    expect(told(of('cancelled'))).toEqual([
      { data: final },
      {
        id: 'n0-7',
        data: { ...complete, processing_time: 1, message_count: 4, status: 'cancelled', finish_reason: 'cancelled' },
      },
    ])
  })

  it('[CV1] without a conversation the session has the request’s name, and no messages', () => {
    const end = of('stream_end', null)
    expect(told({ ...end, data: { ...end.data, message_count: null } })[1]?.data).toMatchObject({ message_count: 0 })
    expect(told(of('stream_start', null))[0]?.data).toMatchObject({ type: 'session_info', session_id: 'r1' })
    expect(told(of('error', null))[0]?.data).toMatchObject({ type: 'error', session_id: 'r1' })
  })

  it('[ER2] an error has its sentence, its session and its code', () => {
    const data = {
      type: 'error',
      message: 'The provider broke off. Try again.',
      session_id: 'c1',
      code: 'provider_cut',
    }
    expect(told(of('error'))).toEqual([{ id: 'n0-7', data }])
  })

  it('[AG3] a tool is told in a status, which says that it is not that of the start', () => {
    const call = of('tool_call')
    const result = of('tool_result')
    const status = { type: 'status', context_messages: 0, tool: 'sum', call_id: 't1' }
    const cases: readonly [LogEvent, string][] = [
      [call, 'Calling sum.'],
      [{ ...call, data: { ...call.data, external: true } }, 'Waiting for you to run sum.'],
      [result, 'sum has answered.'],
      [{ ...result, data: { ...result.data, status: 'error' } }, 'sum has failed.'],
    ]
    for (const [event, message] of cases) {
      expect(told(event)).toEqual([{ id: 'n0-7', data: { ...status, about: event.type, message } }])
    }
  })

  it('[AG4] a consultation is told in a status by the title of who is asked', () => {
    const start = of('specialist')
    const words = { started: 'Consulting Sleep.', completed: 'Sleep has answered.', failed: 'Sleep could not answer.' }
    const status = { type: 'status', context_messages: 0, about: 'specialist', specialist: 'sleep', run_id: 's1' }
    for (const state of ['started', 'completed', 'failed'] as const) {
      const event: LogEvent = { ...start, data: { ...start.data, status: state } }
      expect(told(event)).toEqual([{ id: 'n0-7', data: { ...status, message: words[state] } }])
    }
  })

  it('[DI5] no event has a name, the last one of each of the log has its id, a snapshot none', () => {
    for (const event of everyEvent()) {
      const ids = Array.from({ length: COUNT[event.type] }, (_, i) =>
        i === COUNT[event.type] - 1 ? 'n0-7' : undefined,
      )
      expect(told(event).map(({ id }) => id)).toEqual(ids)
      expect(told(event, null).map(({ id }) => id)).toEqual(ids.map(() => undefined))
      expect(told(event).filter((one) => one.event !== undefined)).toEqual([])
    }
  })

  it('[SB2] a heartbeat is seen by nobody', () => {
    const { events, comments } = parseStream(cutBytes(chatTurns.encoder(OPTIONS).heartbeat(1), []))
    expect({ events, comments: comments.length }).toEqual({ events: [], comments: 1 })
  })

  it('[SB1] hostile words stay in their frame and come out as they went in', () => {
    fc.assert(
      fc.property(hostileLines, hostileText, fc.array(fc.nat(4000), { maxLength: 10 }), (lines, model, places) => {
        const wire = piecesOf(chatTurns, lines, model).join('')
        const { events, comments, retries } = parseStream(cutBytes(wire, places))
        expect({ comments, retries }).toEqual({ comments: [], retries: [] })
        expect(events.filter((one) => one.event !== undefined)).toEqual([])
        const expected = lines.flatMap(({ event }) => wordsOf(event, model))
        const parsed = events.map(({ data }): unknown => JSON.parse(data))
        expect(parsed).toHaveLength(expected.length)
        for (const [i, words] of expected.entries()) expect(parsed[i]).toMatchObject(words)
      }),
    )
  })
})

/** The words of an event that D4 shows, one object for each event of the wire. */
function wordsOf(event: LogEvent, model: string): readonly object[] {
  const session_id = event.conversation_id ?? event.request_id
  switch (event.type) {
    case 'stream_start':
      return [{ type: 'session_info', session_id, model, request_id: event.request_id }, { type: 'status' }]
    case 'chunk':
    case 'token':
      return [{ type: 'chunk', text: event.data.chunk }]
    case 'tool_call':
    case 'tool_result':
      return [{ type: 'status', tool: event.data.tool, call_id: event.data.call_id }]
    case 'specialist':
      return [{ type: 'status', specialist: event.data.specialist, message: `${event.data.title} has answered.` }]
    case 'stream_end':
      return [{ text: '' }, { type: 'complete', finish_reason: event.data.finish_reason, request_id: event.request_id }]
    case 'cancelled':
      return [{ text: '' }, { type: 'complete', status: 'cancelled', request_id: event.request_id }]
    case 'error':
      return [{ type: 'error', message: event.data.error, session_id }]
    case 'metadata':
    case 'progress':
    case 'deleted':
      return []
  }
}
