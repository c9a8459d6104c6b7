import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHANNELS, isChannel } from '../../src/core/channels.ts'
import { isTerminal, type LogEventType } from '../../src/core/events.ts'
import { admits, type Filter, filterSchema, watches } from '../../src/core/filter.ts'
import { filterArb } from '../support/filter-arb.ts'
import { generatedLogArb } from '../support/generated-log.ts'
import { everyEvent } from '../support/log-events.ts'

const ALL: Filter = {
  channels: [...CHANNELS],
  conversation_id: null,
  client_id: 'tab-1',
  progress_every: 5,
  request_id: null,
}

function typesSeen(filter: Filter): readonly LogEventType[] {
  return everyEvent()
    .filter((event) => admits(filter, event))
    .map(({ type }) => type)
}

describe('filters', () => {
  it('[FL1] each channel has its types of event', () => {
    const seen = Object.fromEntries(CHANNELS.map((channel) => [channel, typesSeen({ ...ALL, channels: [channel] })]))
    expect(seen).toEqual({
      ai_response: [
        'stream_start',
        'metadata',
        'chunk',
        'token',
        'stream_end',
        'tool_call',
        'tool_result',
        'specialist',
        'cancelled',
        'error',
      ],
      progress_update: ['progress'],
      system_status: [],
      provider_health: [],
      cache_stats: [],
      cost_update: [],
      error_alert: ['error'],
      custom_event: [],
    })
    const shown = everyEvent().filter(({ type }) => type !== 'deleted')
    expect(typesSeen(ALL)).toEqual(shown.map(({ type }) => type))
    expect(typesSeen({ ...ALL, channels: [] })).toEqual([])
  })

  it('[FL1] an event passes when channel, conversation and target all let it', () => {
    fc.assert(
      fc.property(generatedLogArb, filterArb, (log, filter) => {
        for (const { event } of log) {
          const byTarget = event.target === null || event.target === filter.client_id
          const byConversation = filter.conversation_id === null || event.conversation_id === filter.conversation_id
          const byChannel = admits({ ...ALL, channels: filter.channels, client_id: event.target ?? 'x' }, event)
          const byProgress = event.type !== 'progress' || event.data.chunks_sent % filter.progress_every === 0
          const byRequest = filter.request_id === null || filter.request_id === event.request_id
          expect(admits(filter, event)).toBe(byTarget && byConversation && byRequest && byChannel && byProgress)
        }
      }),
    )
  })

  it('[FL1] a connection without a conversation sees all, one with a conversation sees no other and not those without', () => {
    const events = [null, 'c1', 'c2'].flatMap((conversation_id) =>
      everyEvent({ conversation_id }).filter(({ type }) => type !== 'deleted'),
    )
    const of = (conversation_id: string | null) => events.filter((event) => admits({ ...ALL, conversation_id }, event))
    expect(of(null)).toEqual(events)
    expect(of('c1')).toEqual(events.filter(({ conversation_id }) => conversation_id === 'c1'))
  })

  it('[CV6] what a deleted conversation leaves is told to a stream of that request alone, as its end', () => {
    for (const event of everyEvent().filter(({ type }) => type === 'deleted')) {
      expect(admits(ALL, event)).toBe(false)
      expect(admits({ ...ALL, request_id: event.request_id }, event)).toBe(true)
      expect(admits({ ...ALL, request_id: 'another' }, event)).toBe(false)
    }
    expect(everyEvent().some(({ type }) => type === 'deleted')).toBe(true)
  })

  it('[FL4] a narrowed stream is seen by the client of that name alone', () => {
    for (const event of everyEvent({ target: 'tab-1' })) {
      expect(admits(ALL, event)).toBe(event.type !== 'deleted')
      expect(admits({ ...ALL, client_id: 'tab-2' }, event)).toBe(false)
    }
  })

  it('[FL2] whoever sees the text of a request sees its end', () => {
    fc.assert(
      fc.property(generatedLogArb, filterArb, (log, filter) => {
        const shown = log.filter(({ event }) => admits(filter, event))
        const withText = new Set(
          shown.filter(({ event }) => event.type === 'chunk').map(({ event }) => event.request_id),
        )
        for (const { event } of log) {
          if (isTerminal(event) && withText.has(event.request_id)) expect(admits(filter, event)).toBe(true)
        }
      }),
    )
  })

  it('[FL2] an `error` reaches subscribers of the text and of alerts', () => {
    const [error] = everyEvent().filter(({ type }) => type === 'error')
    if (error === undefined) throw new Error('there is no error event')
    for (const channel of ['ai_response', 'error_alert'] as const) {
      expect(admits({ ...ALL, channels: [channel] }, error)).toBe(true)
    }
    expect(admits({ ...ALL, channels: ['progress_update'] }, error)).toBe(false)
  })

  it('[FL3] D2 gets every progress event of the log, D1 every second one', () => {
    const [at10] = everyEvent().filter((event) => event.type === 'progress')
    if (at10 === undefined) throw new Error('there is no progress event')
    const seen = (progress_every: number) =>
      [5, 10, 15, 20].filter((chunks_sent) =>
        admits({ ...ALL, progress_every }, { ...at10, data: { ...at10.data, chunks_sent } }),
      )
    expect(seen(5)).toEqual([5, 10, 15, 20])
    expect(seen(10)).toEqual([10, 20])
  })

  it('[GA2] a request is watched by whoever would get a chunk or a progress of it', () => {
    fc.assert(
      fc.property(
        filterArb,
        fc.constantFrom(null, 'c1', 'c2'),
        fc.constantFrom(null, 'tab-1', 'tab-2'),
        (filter, c, t) => {
          const events = everyEvent({ conversation_id: c, target: t })
          const seen = events.some(
            (event) => (event.type === 'chunk' || event.type === 'progress') && admits(filter, event),
          )
          expect(watches(filter, { requestId: 'r1', conversationId: c, target: t })).toBe(seen)
        },
      ),
    )
  })

  it('[HB2] a filter comes back from an attachment as it went in', () => {
    fc.assert(
      fc.property(filterArb, (filter) => {
        expect(filterSchema.parse(JSON.parse(JSON.stringify(filter)))).toEqual(filter)
      }),
    )
    expect(filterSchema.safeParse({ ...ALL, progress_every: 0 }).success).toBe(false)
    expect(filterSchema.safeParse({ ...ALL, channels: ['gossip'] }).success).toBe(false)
  })

  it('[FL1] only the eight names are channels', () => {
    expect(CHANNELS).toHaveLength(8)
    for (const channel of CHANNELS) expect(isChannel(channel)).toBe(true)
    for (const name of ['', 'AI_RESPONSE', 'constructor', '__proto__', 'ai_response '])
      expect(isChannel(name)).toBe(false)
  })
})
