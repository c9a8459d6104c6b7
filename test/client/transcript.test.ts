import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_TRANSCRIPT, type Exchange, type Transcript } from '../../src/client/exchange.ts'
import { foldEvent, foldEvents } from '../../src/client/transcript.ts'
import type { Numbered } from '../../src/core/events.ts'
import { resyncOf } from '../../src/core/fold.ts'
import { type Envelope, ephemeral } from '../../src/core/wire.ts'
import { EPOCH, envelope, envelopeAt, logArb, snapshot } from './log-of.ts'

const FILTER = {
  channels: ['ai_response' as const],
  conversation_id: null,
  client_id: 'c',
  progress_every: 5,
  request_id: null,
}

function resyncAt(log: readonly Numbered[], length: number): Envelope {
  const bounds = { epoch: EPOCH, firstSeq: 1, lastSeq: length }
  const data = resyncOf('not_a_cursor', log.slice(0, length), bounds, FILTER)
  return { ...ephemeral('resync', data, 0), id: `${EPOCH}-${length}`, session_id: 's' }
}

/** What the service sends to a reader that comes in the middle without a cursor (RS6). */
function snapshotsOf(state: Transcript): readonly Envelope[] {
  return state.exchanges
    .filter((x) => x.status === 'running')
    .flatMap((x) => [
      snapshot('stream_start', { request_id: x.request_id, prompt: x.prompt }),
      ...(x.text === ''
        ? []
        : [snapshot('chunk', { request_id: x.request_id, chunk: x.text, chunk_number: x.chunks })]),
    ])
}

/** What a resync need not carry: the words of an old failure, and progress. */
function essence({ request_id, prompt, text, status, error, started_at }: Exchange): unknown {
  return { request_id, prompt, text, status, code: error?.type ?? null, started_at }
}

/** A snapshot comes before older starts do, so it may change the order and the time. */
function unordered({ exchanges }: Transcript): readonly Exchange[] {
  return exchanges.map((x) => ({ ...x, started_at: 0 })).toSorted((x, y) => x.request_id.localeCompare(y.request_id))
}

function typing(is: boolean): Envelope {
  return { ...envelope('typing_indicator', null, { is_typing: is }), request_id: 'a' }
}

describe('transcript', () => {
  it('[CL4] any cuts and resumes of a log fold to the same state', () => {
    const cuts = fc.array(fc.record({ at: fc.nat(200), back: fc.nat(20) }), { maxLength: 6 })
    fc.assert(
      fc.property(logArb, cuts, (log, places) => {
        const events = log.map(envelopeAt)
        let state = EMPTY_TRANSCRIPT
        let seen = 0
        for (const { at, back } of places.toSorted((a, b) => a.at - b.at)) {
          const end = Math.min(events.length, at)
          // A resume may repeat what came already, and typing is not repeated at all.
          state = foldEvents(state, events.slice(Math.max(0, seen - back), end))
          seen = Math.max(seen, end)
        }
        state = foldEvents(state, events.slice(seen))
        expect(state).toEqual(foldEvents(EMPTY_TRANSCRIPT, events))
      }),
    )
  })

  it('[CL5] an event that was seen changes nothing, not even the object', () => {
    fc.assert(
      fc.property(logArb, (log) => {
        const events = log.map(envelopeAt)
        const state = foldEvents(EMPTY_TRANSCRIPT, events)
        for (const event of events) expect(foldEvent(state, event)).toBe(state)
      }),
    )
  })

  it('[CL5] cursors are compared by number, and only within an epoch', () => {
    const nine = foldEvents(EMPTY_TRANSCRIPT, [envelope('stream_start', 9, { request_id: 'a', prompt: 'p' })])
    const ten = foldEvent(nine, envelope('chunk', 10, { request_id: 'a', chunk: 'x', chunk_number: 1 }))
    expect(ten.exchanges[0]?.text).toBe('x')
    const other = { ...envelope('stream_start', 1, { request_id: 'b', prompt: 'q' }), id: 'nother-1' }
    expect(foldEvent(ten, other)).toMatchObject({ cursor: 'nother-1', exchanges: [{}, { request_id: 'b' }] })
  })

  it('[CL6] a resync anywhere replaces everything, and the rest of the log fits on', () => {
    fc.assert(
      fc.property(logArb, fc.nat(200), (log, at) => {
        const length = Math.min(log.length, at)
        const stale = foldEvents(EMPTY_TRANSCRIPT, [envelope('stream_start', 5, { request_id: 'stale', prompt: 'x' })])
        const resumed = foldEvents(foldEvent(stale, resyncAt(log, length)), log.slice(length).map(envelopeAt))
        const whole = foldEvents(EMPTY_TRANSCRIPT, log.map(envelopeAt))
        expect(resumed.exchanges.map(essence)).toEqual(whole.exchanges.map(essence))
        expect(resumed.cursor).toBe(`${EPOCH}-${log.length}`)
      }),
    )
  })

  it('[CL6] a resync counts what it left out, and one that cannot be read changes nothing', () => {
    const resync = resyncAt([], 0)
    const counted = foldEvent(EMPTY_TRANSCRIPT, { ...resync, data: { ...resync.data, omitted: 7 } })
    expect(counted.omitted).toBe(7)
    expect(foldEvent(counted, { ...resync, data: { reason: 'expired' } })).toBe(counted)
  })

  it('[CL7] a snapshot at any time changes no text, and chunks that follow or repeat fit on it', () => {
    fc.assert(
      fc.property(logArb, fc.nat(200), fc.nat(200), (log, at, from) => {
        const events = log.map(envelopeAt)
        const now = Math.min(events.length, at)
        const had = Math.min(now, from)
        const atNow = foldEvents(EMPTY_TRANSCRIPT, events.slice(0, now))
        // A duplicate's answer overtakes the replay of a reader that is behind (GE3, RS4).
        const behind = foldEvents(EMPTY_TRANSCRIPT, events.slice(0, had))
        const state = foldEvents(behind, [...snapshotsOf(atNow), ...events.slice(had)])
        const whole = foldEvents(EMPTY_TRANSCRIPT, events)
        expect(unordered(state)).toEqual(unordered(whole))
      }),
    )
  })

  it('[CL7] a snapshot replaces text that was different', () => {
    const had = foldEvents(EMPTY_TRANSCRIPT, [
      envelope('stream_start', 1, { request_id: 'a', prompt: 'p' }),
      envelope('chunk', 2, { request_id: 'a', chunk: 'only the end', chunk_number: 4 }),
    ])
    const after = foldEvents(had, [
      snapshot('stream_start', { request_id: 'a', prompt: 'p' }),
      snapshot('chunk', { request_id: 'a', chunk: 'the whole', chunk_number: 5 }),
      envelope('chunk', 3, { request_id: 'a', chunk: ' text', chunk_number: 6 }),
    ])
    expect(after.exchanges).toMatchObject([{ text: 'the whole text', status: 'running' }])
    expect(after.cursor).toBe(`${EPOCH}-3`)
  })

  it('[CL8] typing follows its indicator while the request runs, and ends with it', () => {
    const started = foldEvent(EMPTY_TRANSCRIPT, envelope('stream_start', 1, { request_id: 'a', prompt: 'p' }))
    expect(started.exchanges[0]?.typing).toBe(true)
    const quiet = foldEvent(started, typing(false))
    expect(quiet.exchanges[0]?.typing).toBe(false)
    const ended = foldEvent(quiet, envelope('stream_end', 2, { request_id: 'a' }))
    expect(foldEvent(ended, typing(true))).toBe(ended)
  })

  it('[CL8] a request ends once: what follows its end changes neither text nor state', () => {
    const ended = foldEvents(EMPTY_TRANSCRIPT, [
      envelope('stream_start', 1, { request_id: 'a', prompt: 'p' }),
      envelope('stream_end', 2, { request_id: 'a', status: 'cancelled' }),
      envelope('chunk', 3, { request_id: 'a', chunk: 'late', chunk_number: 1 }),
      envelope('error', 4, { request_id: 'a', error: 'no', error_type: 'internal' }),
    ])
    expect(ended.exchanges).toMatchObject([{ status: 'cancelled', text: '', error: null }])
  })

  it('[CL8] an error about a command, and events that it does not know, leave the transcript as it is', () => {
    const started = foldEvent(EMPTY_TRANSCRIPT, envelope('stream_start', 1, { request_id: 'a', prompt: 'p' }))
    const about = { ...envelope('error', null, { error: 'no' }), metadata: { about_request_id: 'a' } }
    expect(foldEvent(started, about)).toBe(started)
    expect(foldEvent(started, envelope('connection_status', null, { cursor: 'n0000-9' }))).toBe(started)
    expect(foldEvent(started, envelope('news', 2, {}))).toEqual({ ...started, cursor: `${EPOCH}-2` })
  })
})
