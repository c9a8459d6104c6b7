import type { ModelRequest, ModelToolCall } from '../core/model.ts'

/** A call that has its output. */
export interface Result {
  readonly call: ModelToolCall
  readonly output: string
}

/** Where a request stands: what the user asked last, and what tools have said to it since. */
export interface Turn {
  readonly prompt: string
  /** Of a longer prompt: the sentences and lines that are whole in what is looked at; else the same as `prompt`. */
  readonly wholeSentences: string
  /** True when there is more of the prompt than is looked at. */
  readonly isCut: boolean
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
  const said = messages[asked]?.content ?? ''
  const prompt = said.slice(0, LOOKED_AT).toWellFormed()
  const isCut = said.length > LOOKED_AT
  return { prompt, wholeSentences: isCut ? sentencesOf(prompt) : prompt, isCut, results }
}

/** A text up to its last sentence or line that ends in it: half a wish may be another one. */
function sentencesOf(text: string): string {
  const ends = [...text.matchAll(/[.!?](?=\s)|\n/g)]
  return text.slice(0, (ends.at(-1)?.index ?? -1) + 1)
}
