import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTerminal } from '../../src/core/events.ts'
import {
  addressTo,
  envelopeOf,
  envelopeSchema,
  ephemeral,
  eventOf,
  joinFrame,
  parseEnvelope,
  shareNumbered,
  shareText,
  splitFrame,
  type Unaddressed,
} from '../../src/core/wire.ts'
import { anyText } from '../support/any-text.ts'
import { generatedLogArb } from '../support/generated-log.ts'
import { everyEvent } from '../support/log-events.ts'

const textArb = fc.oneof(
  anyText(),
  fc.constantFrom('\n', '\r\n', '\u2028', '"', '\\', '{"session_id":"x"}', '\ud83c', '\0', '__proto__'),
)
const unaddressedArb: fc.Arbitrary<Unaddressed> = fc.record({
  id: fc.option(textArb),
  event_type: textArb,
  data: fc.dictionary(textArb, fc.oneof(textArb, fc.integer(), fc.constant(null), fc.array(textArb)), {
    noNullPrototype: true,
  }),
  timestamp: fc.integer().map((ms) => ms / 1000),
  request_id: fc.option(textArb),
  metadata: fc.dictionary(textArb, textArb, { noNullPrototype: true }),
})

describe('the wire', () => {
  it('[FO2] a shared text with a connection in front is that envelope with its session_id, on one line', () => {
    fc.assert(
      fc.property(unaddressedArb, textArb, (unaddressed, sessionId) => {
        const line = addressTo(sessionId, shareText(unaddressed))
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify({ ...unaddressed, session_id: sessionId })))
        expect(line).not.toMatch(/[\n\r]/)
      }),
    )
  })

  it('[FO2] what is addressed differs between readers in the session_id alone', () => {
    fc.assert(
      fc.property(generatedLogArb, (log) => {
        for (const numbered of log.slice(0, 5)) {
          const shared = shareNumbered(numbered, 'n0')
          const { session_id: a, ...first } = parseEnvelope(addressTo('a', shared))
          const { session_id: b, ...second } = parseEnvelope(addressTo('b', shared))
          expect([a, b]).toEqual(['a', 'b'])
          expect(first).toEqual(second)
          expect(first.id).toBe(`n0-${numbered.seq}`)
        }
      }),
    )
  })

  it('[FO2] many lines in a frame come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(unaddressedArb, { minLength: 1, maxLength: 5 }), textArb, (all, sessionId) => {
        const lines = all.map((unaddressed) => addressTo(sessionId, shareText(unaddressed)))
        expect(splitFrame(joinFrame(lines))).toEqual(lines)
      }),
    )
  })

  it('[FO2] events of the log keep their data, names and time', () => {
    fc.assert(
      fc.property(generatedLogArb, (log) => {
        for (const numbered of log) {
          const { event, seq } = numbered
          const envelope = parseEnvelope(addressTo('s1', shareNumbered(numbered, 'n0')))
          expect(envelope).toEqual({
            id: `n0-${seq}`,
            event_type: event.type === 'cancelled' ? 'stream_end' : event.type,
            data: event.data,
            timestamp: event.at / 1000,
            request_id: event.request_id,
            session_id: 's1',
            metadata: event.conversation_id === null ? {} : { conversation_id: event.conversation_id },
          })
        }
      }),
    )
  })

  it('[GE1] on the wire an answer ends in `stream_end` or `error`, a cancelled one says so in its status', () => {
    const ends = everyEvent().filter((event) => isTerminal(event))
    expect(ends.map((event) => envelopeOf(event, 'n0', 1).event_type)).toEqual(['stream_end', 'stream_end', 'error'])
    expect(ends.map((event) => envelopeOf(event, 'n0', 1).data)).toMatchObject([
      { total_chunks: 6, total_length: 25, duration: 1.5, provider_used: 'embedded', cache_hit: false },
      { request_id: 'r1', status: 'cancelled', reason: 'asked to' },
      { request_id: 'r1', error: 'The provider broke off. Try again.', error_type: 'provider_cut' },
    ])
  })

  it('[DI1] an event of the log comes back from the wire as it was, but for whom it was meant', () => {
    const all = everyEvent({ conversation_id: 'c1', target: 'tab-1' })
    for (const seq of [7, null]) {
      const back = all.map((event) => eventOf({ ...envelopeOf(event, 'n0', seq), session_id: 's1' }))
      expect(back).toEqual(all.map((event) => ({ ...event, target: null })))
    }
    fc.assert(
      fc.property(generatedLogArb, (log) => {
        for (const numbered of log) {
          const envelope = parseEnvelope(addressTo('s1', shareNumbered(numbered, 'n0')))
          expect(eventOf(envelope)).toEqual({ ...numbered.event, target: null })
        }
      }),
    )
  })

  it('[DI1] what is not of the log is no event of it', () => {
    for (const type of [
      'typing_indicator',
      'resync',
      'status_update',
      'connection_status',
      'constructor',
      '__proto__',
    ]) {
      expect(eventOf({ ...ephemeral(type, {}, 0, { requestId: 'r1' }), session_id: 's1' })).toBeNull()
    }
    const refusal = ephemeral('error', { error: 'x', error_type: 'bad_json', request_id: null }, 0)
    expect(eventOf({ ...refusal, session_id: 's1' })).toBeNull()
    const empty = { ...ephemeral('chunk', {}, 0, { requestId: 'r1' }), session_id: 's1' }
    expect(() => eventOf(empty)).toThrow()
  })

  it('[RS6] a snapshot has no id and says that it is one', () => {
    for (const event of everyEvent({ conversation_id: 'c1' })) {
      const envelope = envelopeOf(event, 'n0', null)
      expect(envelope.id).toBeNull()
      expect(envelope.metadata).toEqual({ snapshot: true, conversation_id: 'c1' })
    }
  })

  it('[CM4] what is not of the log has no id', () => {
    expect(ephemeral('typing_indicator', { is_typing: true }, 1500, { requestId: 'r1' })).toEqual({
      id: null,
      event_type: 'typing_indicator',
      data: { is_typing: true },
      timestamp: 1.5,
      request_id: 'r1',
      metadata: {},
    })
    expect(ephemeral('x', {}, 0)).toMatchObject({ request_id: null, metadata: {} })
  })

  it('[LG6] only an envelope is parsed as one', () => {
    for (const text of ['', '{}', 'null', '[]', '{"id":null}', 'pong']) expect(() => parseEnvelope(text)).toThrow()
    expect(envelopeSchema.safeParse({ ...ephemeral('x', {}, 0), session_id: 's', more: 1 }).success).toBe(true)
  })
})
