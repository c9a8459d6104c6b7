import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEventType } from '../../src/core/events.ts'
import { type Envelope, envelopeOf, ephemeral } from '../../src/core/wire.ts'
import {
  type OpsReader,
  opsConnection,
  opsEvent,
  opsFault,
  opsHeartbeat,
  opsName,
} from '../../src/dialects/ops-events.ts'
import { anyText } from '../support/any-text.ts'
import { eventsOf } from '../support/event-stream.ts'
import { everyEvent } from '../support/log-events.ts'

const READER: OpsReader = { clientId: 'tab-1', subscriptions: ['ai_response', 'progress_update'] }

/** Types of the log that D2 has no word for. */
const PLACELESS: readonly LogEventType[] = ['metadata', 'tool_call', 'tool_result', 'specialist', 'deleted']

function envelope(type: LogEventType, seq: number | null = 7): Envelope {
  const event = everyEvent().find((one) => one.type === type)
  if (event === undefined) throw new Error(`there is no ${type}`)
  return { ...envelopeOf(event, 'n0', seq), session_id: 'tab-1' }
}

/** The one event of a text, its data parsed. */
function only(text: string | null): {
  id?: string | undefined
  event?: string | undefined
  data: Record<string, unknown>
} {
  const [event, ...more] = eventsOf(text ?? '')
  if (event === undefined || more.length > 0) throw new Error(`not one event: ${text}`)
  return { ...event, data: JSON.parse(event.data) }
}

describe('D2 on the wire', () => {
  it('[FO1] an answer is told in the names and with the fields of the contract', () => {
    const common = { request_id: 'r1', client_id: 'tab-1' }
    const cases: readonly [LogEventType, string, Record<string, unknown>][] = [
      ['stream_start', 'stream_start', { ...common, prompt_length: 4 }],
      ['chunk', 'chunk', { ...common, chunk: 'wörd', chunk_number: 5, accumulated_length: 21 }],
      ['token', 'chunk', { ...common, chunk: 'wörd', chunk_number: 6, accumulated_length: 21 }],
      ['progress', 'progress', { ...common, progress: 12, chunks_sent: 10 }],
      ['stream_end', 'stream_complete', { ...common, total_chunks: 6, total_length: 25 }],
      ['cancelled', 'stream_complete', { ...common, total_chunks: 6, total_length: 25, status: 'cancelled' }],
      ['error', 'stream_error', { ...common, error: 'The provider broke off. Try again.' }],
    ]
    for (const [type, event, data] of cases) {
      expect(only(opsEvent(envelope(type), READER))).toMatchObject({ id: 'n0-7', event, data })
    }
  })

  it('[FO1] nothing of an event is lost but what D2 has no place for', () => {
    for (const event of everyEvent()) {
      const text = opsEvent(envelope(event.type), READER)
      if (PLACELESS.includes(event.type)) expect(text).toBeNull()
      else expect(only(text).data).toEqual({ ...event.data, client_id: 'tab-1' })
    }
  })

  it('[FL4] the client_id is that of the reader, whatever the data has', () => {
    const forged = { ...envelope('chunk'), data: { request_id: 'r1', client_id: 'tab-9' } }
    expect(only(opsEvent(forged, READER)).data['client_id']).toBe('tab-1')
  })

  it('[CM1] typing, metadata, tools, consultations, what was deleted and the refusal of a command have no place here', () => {
    const refusal = ephemeral('error', { error: 'x', error_type: 'bad_json', request_id: null }, 0)
    const typing = ephemeral('typing_indicator', { is_typing: true }, 0, { requestId: 'r1' })
    for (const unaddressed of [refusal, typing, ephemeral('connection_status', {}, 0)]) {
      expect(opsEvent({ ...unaddressed, session_id: 'tab-1' }, READER)).toBeNull()
    }
    for (const type of PLACELESS) expect(opsEvent(envelope(type), READER)).toBeNull()
  })

  it('[RS6] a snapshot has no id, so that no cursor moves, and says that it is one', () => {
    for (const type of ['stream_start', 'chunk'] as const) {
      const event = only(opsEvent(envelope(type, null), READER))
      expect(event.id).toBeUndefined()
      expect(event.data['snapshot']).toBe(true)
      expect(only(opsEvent(envelope(type), READER)).data).not.toHaveProperty('snapshot')
    }
  })

  it('[RS2] a resync comes with its id and its state', () => {
    const data = { reason: 'expired', first_id: 'n0-5', from_id: 'n0-9', messages: [], running: [], omitted: 0 }
    const resync: Envelope = { ...ephemeral('resync', data, 0), id: 'n0-9', session_id: 'tab-1' }
    const expected = { id: 'n0-9', event: 'resync', data: { ...data, client_id: 'tab-1' } }
    expect(only(opsEvent(resync, READER))).toEqual(expected)
  })

  it('[SC4] periodic events have no id and keep their names', () => {
    for (const name of ['status_update', 'health_update', 'cache_update', 'cost_update']) {
      const told = only(opsEvent({ ...ephemeral(name, { timestamp: 1.5 }, 1500), session_id: 'tab-1' }, READER))
      expect(told).toEqual({ event: name, data: { timestamp: 1.5, client_id: 'tab-1' } })
    }
  })

  it('[CU5] `connection` has the cursor as its id for a reader that brought none', () => {
    const data = { client_id: 'tab-1', connected_at: 1.25, subscriptions: ['ai_response', 'progress_update'] }
    expect(only(opsConnection(READER, 'n0-41', 1250))).toEqual({ id: 'n0-41', event: 'connection', data })
    expect(only(opsConnection(READER, null, 1250))).toEqual({ event: 'connection', data })
  })

  it('[SB2] `heartbeat` has the time alone', () => {
    expect(only(opsHeartbeat(30_500))).toEqual({ event: 'heartbeat', data: { timestamp: 30.5 } })
  })

  it('[ER2] the error of the stream itself has its code, and an id only where it leads on', () => {
    const told = { event: 'error', data: { error: 'Try\nagain.', error_type: 'unavailable' } }
    expect(only(opsFault('unavailable', 'Try\nagain.', null))).toEqual(told)
    expect(only(opsFault('unavailable', 'Try\nagain.', 'n0-7'))).toEqual({ id: 'n0-7', ...told })
  })

  it('[SB1] any text of an answer comes through, in one event', () => {
    fc.assert(
      fc.property(anyText(), fc.constantFrom('\n', '\r\n\r\n', '\ud83c', '\0'), (text, odd) => {
        const chunk = text + odd + text
        const given = { ...envelope('chunk'), data: { request_id: 'r1', chunk } }
        expect(only(opsEvent(given, READER)).data['chunk']).toBe(chunk)
      }),
    )
  })

  it('[MO1] the statistics show types of the log by the names that D2 sends', () => {
    const shown = Object.fromEntries(everyEvent().map(({ type }) => [type, opsName(type)]))
    expect(shown).toEqual({
      stream_start: 'stream_start',
      metadata: null,
      chunk: 'chunk',
      token: 'chunk',
      progress: 'progress',
      tool_call: null,
      tool_result: null,
      specialist: null,
      deleted: null,
      stream_end: 'stream_complete',
      cancelled: 'stream_complete',
      error: 'stream_error',
    })
  })

  it('[FO1] an unknown type has no name and no event, also when every object has something of that name', () => {
    for (const type of ['', 'gossip', 'constructor', 'toString', '__proto__']) {
      expect(opsName(type)).toBeNull()
      expect(opsEvent({ ...ephemeral(type, {}, 0), session_id: 'tab-1' }, READER)).toBeNull()
    }
  })
})
