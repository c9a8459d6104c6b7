import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { CHANNELS } from '../../src/core/channels.ts'
import { BadFrame, parseClientFrame } from '../../src/core/client-frames.ts'
import { envelopeOf } from '../../src/core/wire.ts'
import { opsConnection, opsEvent, opsFault, opsHeartbeat } from '../../src/dialects/ops-events.ts'
import { SchemaDocs } from '../../src/edge/schemas/json-schema.ts'
import { ALL_OPS_EVENTS, opsStream } from '../../src/edge/schemas/ops-stream.ts'
import { CLIENT_FRAMES, SERVER_FRAMES } from '../../src/edge/schemas/socket-frames.ts'
import { eventsOf } from '../support/event-stream.ts'
import { everyEvent } from '../support/log-events.ts'

describe('schemas as the document tells them', () => {
  it('[DO2] what goes in and what comes out are told apart; two schemas cannot have one name', () => {
    const docs = new SchemaDocs()
    const schema = z.object({ n: z.number().default(1), any: z.json() })
    expect(docs.of(schema, 'input')).toMatchObject({ required: ['any'] })
    expect(docs.of(schema, 'output')).toMatchObject({ required: ['n', 'any'] })
    expect(docs.of(z.object({ n: z.string() }).meta({ id: 'Twice' }), 'output')).toEqual({
      $ref: '#/components/schemas/Twice',
    })
    expect(Object.keys(docs.components)).toEqual(['Json', 'Twice'])
    expect(() => docs.of(z.object({ n: z.number() }).meta({ id: 'Twice' }), 'output')).toThrow('Twice')
  })
})

describe('events and frames as the document tells them', () => {
  const events = opsStream(ALL_OPS_EVENTS, '').content?.['text/event-stream']?.events ?? {}

  it('[DO3] events of D2 have the data that is told of their names', () => {
    const reader = { clientId: 'tab-1', subscriptions: CHANNELS }
    const texts = everyEvent().map((event) => opsEvent({ ...envelopeOf(event, 'n0', 7), session_id: 'tab-1' }, reader))
    const own = [opsConnection(reader, 'n0-0', 1000), opsHeartbeat(1000), opsFault('interrupted', 'Come again.', null)]
    const wire = eventsOf([...own, ...texts.map((text) => text ?? '')].join(''))
    expect(wire.length).toBeGreaterThan(9)
    for (const { event = '', data } of wire) {
      const sent: unknown = JSON.parse(data)
      expect(events[event]?.parse(sent), event).toEqual(sent)
    }
  })

  it('[DO3] the example of a stream is an event of it', () => {
    const example = String(opsStream(ALL_OPS_EVENTS, '').content?.['text/event-stream']?.example)
    const [first] = eventsOf(example)
    const sent: unknown = JSON.parse(first?.data ?? '')
    expect(events[first?.event ?? '']?.parse(sent)).toEqual(sent)
  })

  const frames: Readonly<Record<string, z.ZodType>> = SERVER_FRAMES
  it('[DO3] envelopes of D1 are what is told of their types', () => {
    // What was deleted is sent to nobody.
    for (const event of everyEvent().filter(({ type }) => type !== 'deleted')) {
      const envelope = { ...envelopeOf(event, 'n0', 7), session_id: 's-1' }
      expect(frames[envelope.event_type]?.parse(envelope), event.type).toEqual(envelope)
    }
  })

  const fieldArb = fc.oneof(
    fc.constantFrom<unknown>(undefined, null, 'r-1', 'not an id', 7, -1, true, {}, []),
    fc.constantFrom<unknown>({ timeout: 5 }, { timeout: -5 }, { granularity: 'token' }, { cache: 'never' }, { a: [1] }),
  )
  const names = ['request_id', 'conversation_id', 'config', 'stream_config', 'preferences', 'timestamp']

  it('[DO3] frames of a client are taken exactly when they are what is told of their types', () => {
    const known: Readonly<Record<string, z.ZodType>> = CLIENT_FRAMES
    const frameArb = fc.record({
      type: fc.constantFrom(...Object.keys(known)),
      prompt: fc.constantFrom<unknown>('Hello', undefined, 7),
      ...Object.fromEntries(names.map((name) => [name, fieldArb])),
    })
    const seen = new Set<boolean>()
    fc.assert(
      fc.property(frameArb, (made) => {
        const text = JSON.stringify(made)
        const told = known[made.type]?.safeParse(JSON.parse(text)).success === true
        seen.add(told)
        expect(taken(text)).toBe(told)
      }),
    )
    expect(seen.size).toBe(2)
  })

  it('[DO3] the types of frames that a client may send are those that are told', () => {
    expect(() => parseClientFrame('{"type":"?"}')).toThrow(`Known are ${Object.keys(CLIENT_FRAMES).join(', ')}.`)
  })
})

function taken(text: string): boolean {
  try {
    parseClientFrame(text)
    return true
  } catch (error) {
    if (error instanceof BadFrame) return false
    throw error
  }
}
