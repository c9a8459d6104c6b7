import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { admits, type Filter } from '../../src/core/filter.ts'
import { resyncOf } from '../../src/core/fold.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { resyncSchema } from '../../src/core/state.ts'
import { filterArb } from '../support/filter-arb.ts'
import { exchangeEvents, FINISH, generatedLogArb, generationOf } from '../support/generated-log.ts'

const ALL: Filter = {
  channels: ['ai_response'],
  conversation_id: null,
  client_id: 'tab-1',
  progress_every: 5,
  request_id: null,
}

function numbered(events: readonly LogEvent[]): readonly Numbered[] {
  return events.map((event, i) => ({ seq: i + 1, event }))
}

function resync(log: readonly Numbered[], filter: Filter = ALL, firstSeq = 1) {
  const bounds = { epoch: 'n0', firstSeq, lastSeq: log.at(-1)?.seq ?? firstSeq - 1 }
  return resyncOf('expired', log, bounds, filter)
}

describe('the state of a resync', () => {
  it('[RS2] it carries why, the oldest id kept and the id of its state', () => {
    const log = numbered(exchangeEvents('r1', 'q', 'a')).slice(1)
    expect(resyncOf('ahead', log, { epoch: 'n0', firstSeq: 2, lastSeq: 4 }, ALL)).toEqual({
      reason: 'ahead',
      first_id: 'n0-2',
      from_id: 'n0-4',
      messages: [],
      running: [],
      omitted: 0,
    })
  })

  it('[RS3] a finished exchange is two messages', () => {
    const common = { request_id: 'r1', conversation_id: null, status: 'complete', error_type: null, timestamp: 1.5 }
    expect(resync(numbered(exchangeEvents('r1', 'q', 'a', 1500))).messages).toEqual([
      { role: 'user', content: 'q', ...common },
      { role: 'assistant', content: 'a', ...common },
    ])
  })

  it('[RS3] a running request has its text so far, and the next chunk fits on', () => {
    const generation = generationOf({ requestId: 'r1', prompt: 'q', conversationId: 'c1' })
    const events = [...generation.begin(1500, 'embedded')]
    for (const text of ['so ', 'far']) {
      generation.add(text)
      events.push(...generation.flush(1600))
    }
    expect(resync(numbered(events)).running).toEqual([
      {
        request_id: 'r1',
        conversation_id: 'c1',
        prompt: 'q',
        text: 'so far',
        chunks: 2,
        status: 'running',
        error_type: null,
        started_at: 1.5,
      },
    ])
  })

  it('[RS3] the state is a fold of what the filter admits of each request, for readers of its text', () => {
    fc.assert(
      fc.property(generatedLogArb, filterArb, (log, filter) => {
        const state = resync(log, filter)
        const readable = filter.channels.includes('ai_response') ? log : []
        const mine = readable
          .map(({ event }) => event)
          .filter((event) => admits({ ...filter, channels: ['ai_response'] }, event))
        const starts = mine.filter((event) => event.type === 'stream_start')
        const told = starts.map((start) => {
          const own = mine.filter((event) => event.request_id === start.request_id)
          const text = own
            .map((event) => (event.type === 'chunk' || event.type === 'token' ? event.data.chunk : ''))
            .join('')
          const end = own.find(({ type }) => type === 'stream_end' || type === 'cancelled' || type === 'error')
          const status = end === undefined ? 'running' : end.type === 'stream_end' ? 'complete' : end.type
          return {
            id: start.request_id,
            prompt: start.data.prompt,
            text,
            status,
            code: end?.type === 'error' ? end.data.error_type : null,
          }
        })
        const messages = told
          .filter(({ status }) => status !== 'running')
          .flatMap(({ id, prompt, text, status, code }) => [
            { role: 'user', content: prompt, request_id: id, status, error_type: code },
            { role: 'assistant', content: text, request_id: id, status, error_type: code },
          ])
        expect(state.messages).toMatchObject(messages)
        expect(state.messages).toHaveLength(messages.length)
        const running = told.filter(({ status }) => status === 'running')
        expect(state.running).toMatchObject(running.map(({ id, prompt, text }) => ({ request_id: id, prompt, text })))
        expect(state.running).toHaveLength(running.length)
        expect(state.omitted).toBe(0)
      }),
    )
  })

  it('[RS3] it is what the schema of the wire says', () => {
    fc.assert(
      fc.property(generatedLogArb, filterArb, (log, filter) => {
        const state = resync(log, filter)
        expect(resyncSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state)
      }),
    )
  })

  it('[RS3] a request whose start is no longer kept is left out, since it cannot be told whole', () => {
    const [, ...rest] = exchangeEvents('r1', 'q', 'a')
    const state = resync(numbered([...rest, ...exchangeEvents('r2', 'q', 'a')]))
    expect(state.messages.map(({ request_id }) => request_id)).toEqual(['r2', 'r2'])
  })

  it('[RS3] of more than 50 exchanges the newest 50 are carried, oldest first, and the others counted', () => {
    const events = Array.from({ length: 60 }, (_, i) => exchangeEvents(`r${i}`, `q${i}`, `a${i}`, 1000 + i)).flat()
    const state = resync(numbered(events))
    const asked = state.messages.filter(({ role }) => role === 'user').map(({ content }) => content)
    expect(asked).toEqual(Array.from({ length: 50 }, (_, i) => `q${i + 10}`))
    expect(state.omitted).toBe(10)
  })

  it('[RS3] text is bounded to 256 KiB, by the newest exchanges that fit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60_000), { maxLength: 20 }), (sizes) => {
        const events = sizes.flatMap((size, i) => exchangeEvents(`r${i}`, 'q', 'x'.repeat(size + 1)))
        const state = resync(numbered(events))
        const chars = state.messages.reduce((sum, { content }) => sum + content.length, 0)
        expect(chars).toBeLessThanOrEqual(256 * 1024)
        const kept = state.messages.length / 2
        expect(kept + state.omitted).toBe(sizes.length)
        const next = sizes[sizes.length - kept - 1]
        if (next !== undefined) expect(chars + 1 + next + 1).toBeGreaterThan(256 * 1024)
      }),
      { numRuns: 30 },
    )
  })

  it('[RS3] a newest exchange that alone is over the bound is carried whole: it is the one that is looked at', () => {
    const long = 'x'.repeat(LIMITS.resyncChars + 1)
    const events = [...exchangeEvents('r1', 'q', 'a'), ...exchangeEvents('r2', 'q', long)]
    const state = resync(numbered(events))
    expect(state.messages.map(({ content }) => content.length)).toEqual([1, long.length])
    expect(state.omitted).toBe(1)
  })

  it('[RS3] what runs is carried though 50 newer exchanges have ended', () => {
    const running = generationOf({ requestId: 'slow', prompt: 'q' }).begin(1000, 'embedded')
    const done = Array.from({ length: 51 }, (_, i) => exchangeEvents(`r${i}`, 'q', 'a')).flat()
    const state = resync(numbered([...running, ...done]))
    expect(state.running.map(({ request_id }) => request_id)).toEqual(['slow'])
    expect(state.omitted).toBe(1)
  })

  it('[RS3] ways of ending are told apart', () => {
    const generations = ['r1', 'r2', 'r3'].map((requestId) => generationOf({ requestId, prompt: 'q' }))
    const events = generations.flatMap((generation) => generation.begin(1000, 'embedded'))
    events.push(...(generations[0]?.complete(1, FINISH) ?? []))
    events.push(...(generations[1]?.cancel(1, 'asked to') ?? []))
    events.push(...(generations[2]?.fail(1, 'timeout', 'Too late.') ?? []))
    const ends = resync(numbered(events)).messages.map(({ status, error_type }) => [status, error_type])
    expect(ends).toEqual([
      ['complete', null],
      ['complete', null],
      ['cancelled', null],
      ['cancelled', null],
      ['error', 'timeout'],
      ['error', 'timeout'],
    ])
  })
})
