import type {
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultPart,
} from '@ai-sdk/provider'
import * as z from 'zod'
import { parseJson } from '../core/json.ts'
import type { ModelMessage, ModelRequest, ModelToolCall } from '../core/model.ts'

/**
 * What a model is told that has to go on with an answer. Said to every kind: models that would go on with a last
 * message of their own by themselves are few, and newer ones refuse such a prompt.
 */
export const CONTINUE =
  'Your last message was cut off by a technical fault. Continue it exactly where it stops, in the same language and ' +
  'format. Repeat nothing of it and add no introduction: your first character follows directly on its last one.'

type Said = Exclude<ModelMessage, { role: 'tool' }>
type ToolMessage = Extract<ModelMessage, { role: 'tool' }>

const objectSchema = z.record(z.string(), z.unknown())

/**
 * Our messages as the SDK's prompt, system messages first and else in the same order (some kinds refuse a system message
 * further on, as OpenAI's API has them), then the answer so far with the word to go on. Outputs of tools
 * that follow on each other are one message. A message of the model without a word and without a call is left out:
 * it says nothing, and some providers refuse it.
 */
export function toPrompt({ messages, prefix }: Pick<ModelRequest, 'messages' | 'prefix'>): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = []
  for (const message of systemFirst(messages)) {
    if (message.role === 'tool') addResult(prompt, message)
    else prompt.push(...said(message))
  }
  if (prefix === null || prefix === '') return prompt
  return [...prompt, ...said({ role: 'assistant', content: prefix }), ...said({ role: 'user', content: CONTINUE })]
}

function systemFirst(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const isSystem = ({ role }: ModelMessage): boolean => role === 'system'
  return [...messages.filter(isSystem), ...messages.filter((message) => !isSystem(message))]
}

function said(message: Said): readonly LanguageModelV4Message[] {
  const { role, content } = message
  const text = { type: 'text' as const, text: content }
  if (message.role === 'assistant') {
    const parts = [...(content === '' ? [] : [text]), ...(message.toolCalls ?? []).map(toCallPart)]
    return parts.length === 0 ? [] : [{ role: 'assistant', content: parts }]
  }
  return [role === 'system' ? { role, content } : { role: 'user', content: [text] }]
}

function addResult(prompt: LanguageModelV4Prompt, { callId, name, content }: ToolMessage): void {
  const output = { type: 'text' as const, value: content }
  const part: LanguageModelV4ToolResultPart = { type: 'tool-result', toolCallId: callId, toolName: name, output }
  const last = prompt.at(-1)
  if (last?.role === 'tool') last.content.push(part)
  else prompt.push({ role: 'tool', content: [part] })
}

function toCallPart({ id, name, arguments: text }: ModelToolCall): LanguageModelV4ToolCallPart {
  return { type: 'tool-call', toolCallId: id, toolName: name, input: inputOf(text) }
}

/**
 * Arguments as every provider takes them back: an object. What was none, its tool's output has said already. Nesting is
 * bounded: the SDK writes them as JSON again, and would fail in the provider's name.
 */
function inputOf(text: string): Record<string, unknown> {
  try {
    return objectSchema.safeParse(parseJson(text, 'The arguments')).data ?? {}
  } catch {
    return {}
  }
}
