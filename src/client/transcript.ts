import { parseCursor } from '../core/ids.ts'
import type { Envelope } from '../core/wire.ts'
import { type Exchange, type Failure, newExchange, type Transcript } from './exchange.ts'
import { flagField, numberField, textField } from './fields.ts'
import { transcriptOfResync } from './resync.ts'

/** Adds one event. Returns the same object when it changes nothing, as a repeated event does (CL5). */
export function foldEvent(state: Transcript, event: Envelope): Transcript {
  if (event.event_type === 'resync') return transcriptOfResync(event) ?? state
  if (event.id === null) return foldUnlogged(state, event)
  if (isSeen(state.cursor, event.id)) return state
  return { ...foldRequest(state, event), cursor: event.id }
}

/** All of them, oldest first. */
export function foldEvents(state: Transcript, events: Iterable<Envelope>): Transcript {
  let next = state
  for (const event of events) next = foldEvent(next, event)
  return next
}

function isSeen(cursor: string | null, id: string): boolean {
  const have = cursor === null ? null : parseCursor(cursor)
  const got = parseCursor(id)
  return have !== null && got !== null && have.epoch === got.epoch && got.seq <= have.seq
}

/** Without an id come snapshots, which are applied, and typing; all else is not about the transcript. */
function foldUnlogged(state: Transcript, event: Envelope): Transcript {
  if (event.event_type === 'typing_indicator') {
    const typing = flagField(event.data, 'is_typing')
    return change(state, event, (x) => (x.typing === typing || x.status !== 'running' ? x : { ...x, typing }))
  }
  return flagField(event.metadata, 'snapshot') ? foldRequest(state, event) : state
}

function foldRequest(state: Transcript, event: Envelope): Transcript {
  switch (event.event_type) {
    case 'stream_start':
      return start(state, event)
    case 'chunk':
    case 'token':
      return change(start(state, event), event, (x) => withChunk(x, event))
    case 'progress':
      return change(state, event, (x) => ({ ...x, progress: numberField(event.data, 'progress') ?? x.progress }))
    case 'stream_end':
      return change(state, event, (x) => ended(x, endOf(event), null))
    case 'error':
      return change(state, event, (x) => ended(x, 'error', failureOf(event)))
    default:
      return state
  }
}

/** Puts the request at the end, if it is new. One that is there keeps its place, its text and its end. */
function start(state: Transcript, event: Envelope): Transcript {
  const { request_id } = event
  if (request_id === null) return state
  const prompt = textField(event.data, 'prompt') ?? ''
  const known = state.exchanges.find((x) => x.request_id === request_id)
  if (known !== undefined) {
    return known.prompt === '' && prompt !== '' ? change(state, event, (x) => ({ ...x, prompt })) : state
  }
  return { ...state, exchanges: [...state.exchanges, { ...newExchange(request_id, event.timestamp), prompt }] }
}

/** A snapshot's chunk is the whole text so far; a chunk that a snapshot brought already is not added again (CL7). */
function withChunk(exchange: Exchange, event: Envelope): Exchange {
  const chunk = textField(event.data, 'chunk') ?? ''
  const number = numberField(event.data, 'chunk_number')
  if (flagField(event.metadata, 'snapshot')) return { ...exchange, text: chunk, chunks: number ?? exchange.chunks }
  if (exchange.status !== 'running' || (number !== null && number <= exchange.chunks)) return exchange
  return { ...exchange, text: exchange.text + chunk, chunks: number ?? exchange.chunks + 1 }
}

/** The first end is the end (GE1). */
function ended(exchange: Exchange, status: Exchange['status'], error: Failure | null): Exchange {
  return exchange.status === 'running' ? { ...exchange, status, error, typing: false } : exchange
}

function endOf(event: Envelope): 'cancelled' | 'complete' {
  return textField(event.data, 'status') === 'cancelled' ? 'cancelled' : 'complete'
}

/** The failure that an `error` event tells of. */
export function failureOf(event: Envelope): Failure {
  return { type: textField(event.data, 'error_type') ?? 'internal', message: textField(event.data, 'error') }
}

function change(state: Transcript, event: Envelope, to: (exchange: Exchange) => Exchange): Transcript {
  const at = state.exchanges.findLastIndex((x) => x.request_id === event.request_id)
  const old = state.exchanges[at]
  if (old === undefined) return state
  const next = to(old)
  return next === old ? state : { ...state, exchanges: state.exchanges.with(at, next) }
}
