import type { ModelRequest, ModelToolCall } from '../core/model.ts'

/** A call that has its output. */
export interface Result {
  readonly call: ModelToolCall
  readonly output: string
}

/** Where a request stands: what the user asked last, and what tools have said to it since. */
export interface Turn {
  readonly prompt: string
  /** Of the messages that follow the prompt, in the order of the outputs. */
  readonly results: readonly Result[]
}

/** Enough of a prompt to understand it; one may be 200,000 characters long. */
const LOOKED_AT = 4000

/** The turn that a request is in the middle of. An output whose call is not there counts as one without arguments. */
export function currentTurn({ messages }: Pick<ModelRequest, 'messages'>): Turn {
  const asked = messages.findLastIndex(({ role }) => role === 'user')
  const calls = new Map<string, ModelToolCall>()
  const results: Result[] = []
  for (const message of messages.slice(asked + 1)) {
    if (message.role === 'assistant') for (const call of message.toolCalls ?? []) calls.set(call.id, call)
    if (message.role !== 'tool') continue
    const { callId, name, content } = message
    results.push({ call: calls.get(callId) ?? { id: callId, name, arguments: '{}' }, output: content })
  }
  return { prompt: (messages[asked]?.content ?? '').slice(0, LOOKED_AT).toWellFormed(), results }
}
