import fc from 'fast-check'
import type { LogEvent } from '../../../src/core/events.ts'
import { anyText } from '../../support/any-text.ts'
import { everyEvent } from '../../support/log-events.ts'
import type { Line } from './transcripts.ts'

const BREAKS = [
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\0',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ud83c',
  '\udf0a',
  'data: x',
  'data: [DONE]\n\n',
  'event: done\n',
  'id: n0-999\n',
  'retry: 1\n',
  ': x\n',
  '"}',
  '\\',
] as const

/** Text that tries to break out of its frame: line breaks of all kinds, fields of an event stream, halves of pairs. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(anyText({ maxLength: 4 }), fc.constantFrom(...BREAKS)), { maxLength: 6 })
  .map((parts) => parts.join(''))

/** The event with its words replaced. */
function say(event: LogEvent, text: string, other: string): LogEvent {
  switch (event.type) {
    case 'stream_start':
      return { ...event, data: { ...event.data, prompt: text, agent: other, message_id: text } }
    case 'chunk':
      return { ...event, data: { ...event.data, chunk: text } }
    case 'token':
      return { ...event, data: { ...event.data, chunk: text } }
    case 'tool_call': {
      const args = text.length % 2 === 0 ? JSON.stringify({ [other]: text }) : text
      return { ...event, data: { ...event.data, tool: text, call_id: other, arguments: args, by: other } }
    }
    case 'tool_result':
      return { ...event, data: { ...event.data, tool: text, call_id: other, output: [text, { [other]: null }] } }
    case 'specialist':
      return {
        ...event,
        data: { ...event.data, run_id: other, specialist: text, title: text, status: 'completed', content: other },
      }
    case 'stream_end':
      return { ...event, data: { ...event.data, finish_reason: text, provider_used: other } }
    case 'cancelled':
      return { ...event, data: { ...event.data, reason: text } }
    case 'error':
      return { ...event, data: { ...event.data, error: text } }
    case 'metadata':
      return { ...event, data: { ...event.data, recommended_provider: text } }
    case 'progress':
    case 'deleted':
      return event
  }
}

const eventArb: fc.Arbitrary<LogEvent> = fc
  .record({
    which: fc.nat(),
    at: fc.nat(2_000_000_000_000),
    request: hostileText,
    conversation: fc.option(hostileText),
    text: hostileText,
    other: hostileText,
  })
  .map(({ which, at, request, conversation, text, other }) => {
    const all = everyEvent({ at, request_id: request, conversation_id: conversation })
    const event = all[which % all.length]
    if (event === undefined) throw new RangeError('there are no events')
    return say(event, text, other)
  })

/** Events of any types in any order, with ids, and with hostile words wherever a word can stand. */
export const hostileLines: fc.Arbitrary<readonly Line[]> = fc
  .array(eventArb, { maxLength: 8 })
  .map((events) => events.map((event, i) => ({ id: `n0-${2 * i + 1}`, event })))
