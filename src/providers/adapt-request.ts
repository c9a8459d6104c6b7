import type { ModelMessage, ModelRequest, ModelToolCall } from '../core/model.ts'
import { hashText } from './random.ts'

/** What a kind of provider cannot take as it is. */
export interface Quirks {
  /**
   * It refuses calls and outputs in a prompt while no tool can be called (or its SDK drops them, which is worse), and
   * ids of calls in another alphabet than its own: those of another provider, in a conversation that moved here.
   */
  readonly strictToolTalk?: true
  /** It has no switch for answers in JSON, so it is told in words. */
  readonly jsonInWords?: true
}

export const JSON_ONLY = 'Answer with one JSON object and nothing else: no words around it and no code fence.'

const STRICT_ID = /^[a-zA-Z0-9_-]{1,64}$/

/** The request as a kind with these quirks can take it; the same request when there is nothing to change. */
export function adaptRequest(request: ModelRequest, quirks: Quirks): ModelRequest {
  let { messages } = request
  if (quirks.strictToolTalk === true && messages.some(isToolTalk)) {
    const canCall = request.tools.length > 0 && request.toolChoice !== 'none'
    messages = canCall ? messages.map(withStrictIds) : toolTalkAsText(messages)
  }
  if (quirks.jsonInWords === true && request.sampling.json === true) messages = withJsonOnly(messages)
  return messages === request.messages ? request : { ...request, messages }
}

function isToolTalk(message: ModelMessage): boolean {
  return message.role === 'tool' || callsOf(message).length > 0
}

function callsOf(message: ModelMessage): readonly ModelToolCall[] {
  return message.role === 'assistant' ? (message.toolCalls ?? []) : []
}

function withStrictIds(message: ModelMessage): ModelMessage {
  if (message.role === 'tool') return { ...message, callId: strictId(message.callId) }
  const calls = callsOf(message)
  if (message.role !== 'assistant' || calls.length === 0) return message
  return { ...message, toolCalls: calls.map((call) => ({ ...call, id: strictId(call.id) })) }
}

function strictId(id: string): string {
  return STRICT_ID.test(id) ? id : `call_${hashText(id).toString(36)}`
}

/** The same conversation in words alone: what a model said beside its calls stays, outputs become words of the user. */
function toolTalkAsText(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const asked = new Map<string, string>()
  const told: ModelMessage[] = []
  let outputs: string[] = []
  const flush = (): void => {
    if (outputs.length > 0) told.push({ role: 'user', content: outputs.join('\n\n') })
    outputs = []
  }
  for (const message of messages) {
    if (message.role === 'tool') {
      outputs.push(`Output of ${message.name}(${asked.get(message.callId) ?? ''}):\n${message.content}`)
      continue
    }
    flush()
    for (const call of callsOf(message)) asked.set(call.id, call.arguments)
    told.push({ role: message.role, content: message.content })
  }
  flush()
  return told
}

/** Behind the system messages at the beginning, since some providers know them only there. */
function withJsonOnly(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const at = messages.findIndex(({ role }) => role !== 'system')
  const first = at === -1 ? messages.length : at
  return [...messages.slice(0, first), { role: 'system', content: JSON_ONLY }, ...messages.slice(first)]
}
