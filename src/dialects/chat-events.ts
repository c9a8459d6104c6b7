import type { LogEvent } from '../core/events.ts'
import type { Dialect } from './dialect.ts'
import { sseComment, sseEvent } from './sse-text.ts'
import { argumentsOf } from './tool-arguments.ts'

/**
 * D3, chat over EventSource and over fetch (contract D3): `connected`, `message` with one update each, `done`, `error`.
 * It remembers nothing, so what is written of an event does not depend on those before it (DI7), and every event has its
 * id (DI5). An EventSource gives an event that is named `error` to `onerror`, with its data; the stream's end makes it
 * come back with the id of the last event, and the 204 that answers stops it (DI2).
 */
export const chatEvents: Dialect = {
  name: 'd3',
  headers: {},
  replaysFromStart: false,
  eventSource: true,
  encoder: () => ({ event: encode, heartbeat: () => sseComment('open') }),
}

function encode(id: string | null, event: LogEvent): string {
  const write = (name: string, data: object): string =>
    sseEvent({ id: id ?? undefined, event: name, data: JSON.stringify(data) })
  switch (event.type) {
    case 'stream_start':
      return write('connected', {
        status: 'connected',
        request_id: event.request_id,
        ...(event.conversation_id !== null && { session_id: event.conversation_id }),
      })
    case 'chunk':
    case 'token':
    case 'tool_call':
    case 'tool_result':
    case 'specialist':
      return write('message', { ...updateOf(event), timestamp: new Date(event.at).toISOString() })
    case 'stream_end':
      return write('done', { status: 'complete' })
    case 'cancelled':
      return write('done', { status: 'cancelled' })
    case 'error':
      return write('error', { error: event.data.error, code: event.data.error_type })
    case 'metadata':
    case 'progress':
    case 'deleted':
      return ''
  }
}

type Update = Extract<LogEvent, { type: 'chunk' | 'token' | 'tool_call' | 'tool_result' | 'specialist' }>

/**
 * An update without its time; `tool_result` is not of the contract, whose clients pass over types they do not know. The
 * contract promises arguments that are an object.
 */
function updateOf({ type, data }: Update): object {
  switch (type) {
    case 'chunk':
    case 'token':
      return { type: 'text', content: data.chunk }
    case 'tool_call':
      return { type, tool: data.tool, arguments: argumentsOf(data.arguments) ?? {}, call_id: data.call_id }
    case 'tool_result':
      return { type, tool: data.tool, call_id: data.call_id, status: data.status, output: data.output }
    case 'specialist': {
      const { specialist, status, run_id, content, duration, cost } = data
      const end = status === 'started' ? {} : { content, duration, cost }
      return { type: 'specialist_update', specialist, status, run_id, ...end }
    }
  }
}
