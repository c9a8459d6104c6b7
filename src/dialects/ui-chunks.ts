import type { LogEvent } from '../core/events.ts'
import { argumentsOf } from './tool-arguments.ts'

type Of<T extends LogEvent['type']> = Extract<LogEvent, { type: T }>

/**
 * What this dialect says, a subset of the AI SDK's `UIMessageChunk` that `ai` 5, 6 and 7 all know: a type that a
 * client does not know fails its whole stream. Names of parts and fields are that protocol's.
 */
export type UiChunk =
  | { readonly type: 'start'; readonly messageId: string; readonly messageMetadata: UiMetadata }
  | { readonly type: 'start-step' | 'finish-step' }
  | { readonly type: 'text-start' | 'text-end'; readonly id: string }
  | { readonly type: 'text-delta'; readonly id: string; readonly delta: string }
  | ({ readonly type: 'tool-input-start' } & UiCall)
  | ({ readonly type: 'tool-input-available'; readonly input: unknown } & UiCall)
  | ({ readonly type: 'tool-input-error'; readonly input: string; readonly errorText: string } & UiCall)
  | ({ readonly type: 'tool-output-available'; readonly output: unknown; readonly toolCallId: string } & Executed)
  | ({ readonly type: 'tool-output-error'; readonly errorText: string; readonly toolCallId: string } & Executed)
  | { readonly type: 'data-specialist'; readonly id: string; readonly data: UiSpecialist }
  | { readonly type: 'finish'; readonly finishReason: UiFinishReason }
  | { readonly type: 'abort' }
  | { readonly type: 'error'; readonly errorText: string }

/** `metadata` of the message: what its request can be cancelled and watched by. */
interface UiMetadata {
  readonly request_id: string
  readonly conversation_id?: string
}

/**
 * `providerExecuted` marks what we run ourselves. Without it `useChat` calls `onToolCall` for it, and
 * `lastAssistantMessageIsCompleteWithToolCalls` sends the conversation again when its result is in.
 */
interface Executed {
  readonly providerExecuted?: true
}

interface UiCall extends Executed {
  readonly toolCallId: string
  readonly toolName: string
}

type UiSpecialist = Pick<
  Of<'specialist'>['data'],
  'specialist' | 'title' | 'status' | 'question' | 'content' | 'duration' | 'cost'
>

/** The reasons that all three versions know. */
type UiFinishReason = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other'

const FINISH_REASONS: ReadonlyMap<string, UiFinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
  ['tool_calls', 'tool-calls'],
])

/** The beginning of a message: of a new one, or of more of the one whose id the request named. */
export function startOf({ data, conversation_id }: Of<'stream_start'>): UiChunk {
  const { request_id, message_id } = data
  const messageMetadata = conversation_id === null ? { request_id } : { request_id, conversation_id }
  return { type: 'start', messageId: message_id ?? request_id, messageMetadata }
}

/**
 * A tool's call. One of ours is run here, so the client only shows it; one of the caller's waits for the client.
 * Input that is no JSON object cannot be run by a client: it is told as failed, so that the client sends that back
 * and the model can do better. For ours the runner says so with the result (AG3).
 */
export function callOf({ data }: Of<'tool_call'>): readonly UiChunk[] {
  const call: UiCall = { toolCallId: data.call_id, toolName: data.tool, ...(!data.external && EXECUTED) }
  const input = argumentsOf(data.arguments)
  const start: UiChunk = { type: 'tool-input-start', ...call }
  if (input !== null) return [start, { type: 'tool-input-available', ...call, input }]
  if (!data.external) return [start, { type: 'tool-input-available', ...call, input: { text: data.arguments } }]
  const errorText = 'The model called this tool with input that is not a JSON object.'
  return [start, { type: 'tool-input-error', ...call, input: data.arguments, errorText }]
}

const EXECUTED: Executed = { providerExecuted: true }

/** What a tool of ours gave back. */
export function resultOf({ data: { call_id, status, output } }: Of<'tool_result'>): UiChunk {
  const result = { toolCallId: call_id, ...EXECUTED }
  if (status === 'ok') return { type: 'tool-output-available', ...result, output }
  return { type: 'tool-output-error', ...result, errorText: sentenceOf(output) }
}

/** The runner tells a failure as `{"error": sentence}` (AG3). */
function sentenceOf(output: unknown): string {
  const said = typeof output === 'object' && output !== null && 'error' in output ? output.error : output
  return typeof said === 'string' ? said : JSON.stringify(output)
}

/** What a call of ours is told as whose request ended before its result: a tool that runs for ever is no sight. */
export function unfinishedCall({ data }: Of<'tool_call'>): UiChunk {
  const errorText = 'The request ended before this tool gave a result.'
  return { type: 'tool-output-error', toolCallId: data.call_id, ...EXECUTED, errorText }
}

/** A consultation: its end has the id of its start, so that one part of the message shows both (AG4). */
export function specialistOf({ data }: Of<'specialist'>): UiChunk {
  const { specialist, title, status, question, content, duration, cost } = data
  return {
    type: 'data-specialist',
    id: data.run_id,
    data: { specialist, title, status, question, content, duration, cost },
  }
}

/** What a consultation is told as whose request ended first. */
export function unfinishedSpecialist(event: Of<'specialist'>): UiChunk {
  return specialistOf({ ...event, data: { ...event.data, status: 'failed' } })
}

/** The end of a whole answer. */
export function finishOf({ data }: Of<'stream_end'>): UiChunk {
  return { type: 'finish', finishReason: FINISH_REASONS.get(data.finish_reason) ?? 'other' }
}
