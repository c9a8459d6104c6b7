import type { LogEvent } from '../core/events.ts'
import type { Dialect } from './dialect.ts'
import { sseComment, sseEvent } from './sse-text.ts'

/**
 * D4, the multi-turn chat server (contract D4): `data:` without names, told apart by `type`. Of what went before it
 * remembers how much of the conversation the model was given: the contract wants that in every status.
 */
export const chatTurns: Dialect = {
  name: 'd4',
  headers: {},
  replaysFromStart: false,
  recalls: 'start',
  encoder: ({ model }) => {
    let context = 0
    const recall = (event: LogEvent): void => {
      if (event.type === 'stream_start') context = event.data.context_messages
    }
    return {
      recall,
      event(id, event) {
        recall(event)
        return blocks(id, wordsOf(event, model, context))
      },
      heartbeat: () => sseComment('open'),
    }
  },
}

/**
 * The events of the wire for one event of the log. The last of them alone has its id: a client that was cut between two
 * has the id before, and gets both again.
 */
function blocks(id: string | null, words: readonly object[]): string {
  const last = words.length - 1
  return words
    .map((data, i) => sseEvent({ id: i === last ? (id ?? undefined) : undefined, data: JSON.stringify(data) }))
    .join('')
}

/** @param context messages that the model was given */
function wordsOf(event: LogEvent, model: string, context: number): readonly object[] {
  const { request_id } = event
  // A request without a conversation goes on as one of its own name.
  const session_id = event.conversation_id ?? request_id
  switch (event.type) {
    case 'stream_start': {
      const { context_messages, dropped_messages } = event.data
      const message = contextWords(context_messages, dropped_messages)
      return [
        { type: 'session_info', session_id, model, request_id },
        { type: 'status', message, context_messages, dropped_messages },
      ]
    }
    case 'chunk':
    case 'token': {
      const { chunk, chunk_number } = event.data
      return [{ type: 'chunk', text: chunk, chunk_number, is_final: false }]
    }
    case 'tool_call':
    case 'tool_result':
    case 'specialist':
      return [toolStatus(event, context)]
    case 'stream_end': {
      const { total_chunks, duration, message_count, finish_reason } = event.data
      const complete = { processing_time: duration, message_count: message_count ?? 0, status: 'complete' }
      return closing(total_chunks, { ...complete, finish_reason, request_id })
    }
    case 'cancelled': {
      const { duration: processing_time, message_count } = event.data
      const complete = { processing_time, message_count: message_count ?? 0, status: 'cancelled' }
      return closing(event.data.total_chunks, { ...complete, finish_reason: 'cancelled', request_id })
    }
    case 'error':
      return [{ type: 'error', message: event.data.error, session_id, code: event.data.error_type }]
    case 'metadata':
    case 'progress':
    case 'deleted':
      return []
  }
}

/** The old server closed with an empty chunk, which counts like the others. */
function closing(chunks: number, complete: object): readonly object[] {
  const total_chunks = chunks + 1
  return [
    { type: 'chunk', text: '', chunk_number: total_chunks, is_final: true },
    { type: 'complete', total_chunks, ...complete },
  ]
}

/** How much of the conversation the model is given (CV3). */
function contextWords(given: number, dropped: number): string {
  const count = given === 0 ? 'no earlier messages' : `${given} earlier ${given === 1 ? 'message' : 'messages'}`
  if (dropped === 0) return `The model is given ${count}.`
  return `The model is given ${count}; the oldest ${dropped} ${dropped === 1 ? 'was' : 'were'} left out to fit.`
}

/** Tools and consultations in words; `about` says that this status is not the start's. */
function toolStatus(
  event: Extract<LogEvent, { type: 'tool_call' | 'tool_result' | 'specialist' }>,
  context_messages: number,
): object {
  const status = (message: string, more: object): object => {
    return { type: 'status', message, context_messages, about: event.type, ...more }
  }
  switch (event.type) {
    case 'tool_call': {
      const { tool, call_id, external } = event.data
      return status(external ? `Waiting for you to run ${tool}.` : `Calling ${tool}.`, { tool, call_id })
    }
    case 'tool_result': {
      const { tool, call_id } = event.data
      return status(event.data.status === 'ok' ? `${tool} has answered.` : `${tool} has failed.`, { tool, call_id })
    }
    case 'specialist': {
      const { title, specialist, run_id } = event.data
      const words = {
        started: `Consulting ${title}.`,
        completed: `${title} has answered.`,
        failed: `${title} could not answer.`,
      }
      return status(words[event.data.status], { specialist, run_id })
    }
  }
}
