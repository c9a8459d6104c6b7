import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_TRANSCRIPT } from '../../src/client/exchange.ts'
import { envelopeOfSse } from '../../src/client/sse-envelope.ts'
import { foldEvents } from '../../src/client/transcript.ts'
import type { Envelope } from '../../src/core/wire.ts'
import { envelopeAt, logArb } from './log-of.ts'

const SSE_NAME: Readonly<Record<string, string>> = { stream_end: 'stream_complete', error: 'stream_error' }

function sseText(event: Envelope): string {
  const name = SSE_NAME[event.event_type] ?? event.event_type
  const data = JSON.stringify({ ...event.data, client_id: 'c1' })
  return `${event.id === null ? '' : `id: ${event.id}\n`}event: ${name}\ndata: ${data}\n\n`
}

function parse(text: string): readonly EventSourceMessage[] {
  const messages: EventSourceMessage[] = []
  createParser({ onEvent: (message) => messages.push(message) }).feed(text)
  return messages
}

describe('server-sent events as envelopes', () => {
  it('[CL11] a log read over SSE folds to what it folds to over WebSocket', () => {
    fc.assert(
      fc.property(logArb, (log) => {
        const events = log.map(envelopeAt)
        const read = events.flatMap((event) =>
          parse(sseText(event)).flatMap((message) => envelopeOfSse(message, event.timestamp) ?? []),
        )
        const overSse = foldEvents(EMPTY_TRANSCRIPT, read)
        const overSocket = foldEvents(EMPTY_TRANSCRIPT, events)
        expect(overSse.exchanges).toEqual(overSocket.exchanges)
      }),
    )
  })

  it('[CL11] events of a request without an id are a snapshot', () => {
    const message = { event: 'chunk', data: '{"request_id":"a","chunk":"so far","chunk_number":3}' }
    expect(envelopeOfSse(message, 5)).toMatchObject({
      id: null,
      request_id: 'a',
      metadata: { snapshot: true },
      timestamp: 5,
    })
    expect(envelopeOfSse({ ...message, id: 'n1-2' }, 5)).toMatchObject({ id: 'n1-2', metadata: {} })
  })

  it('[CL11] the id of `connection` moves no cursor; heartbeats and unknown events are no envelopes', () => {
    const connection = { id: 'n1-9', event: 'connection', data: '{"client_id":"c"}' }
    expect(envelopeOfSse(connection, 0)).toMatchObject({ id: null, event_type: 'connection_status', session_id: 'c' })
    expect(envelopeOfSse({ event: 'heartbeat', data: '{}' }, 0)).toBeNull()
    expect(envelopeOfSse({ data: 'x' }, 0)).toBeNull()
  })

  it('[CL11] the stream’s own error changes no exchange; with an id it moves the cursor', () => {
    const error = { event: 'error', data: '{"error":"Come again.","error_type":"internal"}' }
    const events = [error, { ...error, id: 'n1-7' }].map((message) => envelopeOfSse(message, 0))
    expect(events.flatMap((event) => (event === null ? [] : [foldEvents(EMPTY_TRANSCRIPT, [event])]))).toEqual([
      EMPTY_TRANSCRIPT,
      { ...EMPTY_TRANSCRIPT, cursor: 'n1-7' },
    ])
  })

  it('[CL13] data that is no JSON object is an error, not an event', () => {
    expect(() => envelopeOfSse({ event: 'chunk', data: 'oops' }, 0)).toThrow()
    expect(() => envelopeOfSse({ event: 'chunk', data: '[1]' }, 0)).toThrow()
  })
})
