import fc from 'fast-check'
import type { LogEvent } from '../../src/core/events.ts'

const names = { conversation_id: null, target: null }

/** A chunk that is known by its number; `text` says how big its row is. */
export function chunkEvent(n: number, at: number, text = `text ${n} “é🌊\n`): LogEvent {
  return {
    ...names,
    at,
    request_id: 'r1',
    type: 'chunk',
    data: { request_id: 'r1', chunk: text, chunk_number: n, accumulated_length: n },
  }
}

/** One event of every type of the log, with the given names. */
export function everyEvent(
  more: { at?: number; request_id?: string; conversation_id?: string | null; target?: string | null } = {},
): readonly LogEvent[] {
  const common = { at: 1_700_000_000_250, request_id: 'r1', ...names, ...more }
  const { request_id } = common
  const piece = { request_id, chunk: 'wörd', chunk_number: 5, accumulated_length: 21 }
  return [
    {
      ...common,
      type: 'stream_start',
      data: {
        request_id,
        prompt: 'why?',
        prompt_length: 4,
        estimated_duration: 2,
        agent: 'assistant',
        message_id: null,
        context_messages: 2,
        dropped_messages: 0,
      },
    },
    {
      ...common,
      type: 'metadata',
      data: { task_type: 'question', recommended_provider: 'embedded', routing_strategy: 'intelligent' },
    },
    { ...common, type: 'chunk', data: piece },
    { ...common, type: 'token', data: { ...piece, chunk_number: 6 } },
    { ...common, type: 'progress', data: { request_id, progress: 12, chunks_sent: 10 } },
    {
      ...common,
      type: 'stream_end',
      data: {
        request_id,
        total_chunks: 6,
        total_length: 25,
        duration: 1.5,
        provider_used: 'embedded',
        cache_hit: false,
        cost: 0,
        cost_estimated: false,
        finish_reason: 'stop',
        usage: { input_tokens: 3, output_tokens: null },
        message_count: 4,
      },
    },
    {
      ...common,
      type: 'tool_call',
      data: { request_id, call_id: 't1', tool: 'sum', arguments: '{"a":1}', by: 'assistant', external: false },
    },
    {
      ...common,
      type: 'tool_result',
      data: {
        request_id,
        call_id: 't1',
        tool: 'sum',
        by: 'assistant',
        status: 'ok',
        output: { sum: [1] },
        duration: 0.2,
      },
    },
    {
      ...common,
      type: 'specialist',
      data: {
        request_id,
        run_id: 's1',
        specialist: 'sleep',
        title: 'Sleep',
        status: 'started',
        question: 'why?',
        content: null,
        duration: null,
        usage: null,
        cost: 0,
        cost_estimated: false,
        error_type: null,
      },
    },
    { ...common, type: 'deleted', data: { request_id } },
    {
      ...common,
      type: 'cancelled',
      data: {
        request_id,
        status: 'cancelled',
        reason: 'asked to',
        total_chunks: 6,
        total_length: 25,
        duration: 1,
        message_count: 4,
      },
    },
    {
      ...common,
      type: 'error',
      data: { request_id, error: 'The provider broke off. Try again.', error_type: 'provider_cut' },
    },
  ]
}

/** How many events each append has, and how much later (ms) than the one before it is. */
export const appendsArb: fc.Arbitrary<readonly { count: number; after: number }[]> = fc.array(
  fc.record({ count: fc.integer({ min: 0, max: 7 }), after: fc.nat(5000) }),
  { maxLength: 25 },
)

/** The batches of `appendsArb`, numbered through and dated. */
export function batchesOf(appends: readonly { count: number; after: number }[]): readonly (readonly LogEvent[])[] {
  let at = 1_000_000
  let n = 0
  return appends.map(({ count, after }) => {
    at += after
    return Array.from({ length: count }, () => chunkEvent(++n, at))
  })
}
