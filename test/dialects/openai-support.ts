import fc from 'fast-check'
import OpenAI from 'openai'
import { FreshetError } from '../../src/core/errors.ts'
import type { LogEvent } from '../../src/core/events.ts'
import { openAiChat } from '../../src/dialects/openai-chat.ts'
import { textArb } from '../support/generated-log.ts'
import { everyEvent } from '../support/log-events.ts'

/** The official client, and a service that is a function. */
export function clientOf(answer: (body: unknown, url: string) => Response): OpenAI {
  return new OpenAI({
    apiKey: 'none',
    baseURL: 'http://freshet.test/v1',
    maxRetries: 0,
    fetch: (url, init) => {
      const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : null
      return Promise.resolve(answer(body, url instanceof Request ? url.url : url.toString()))
    },
  })
}

/** All of a list that comes bit by bit. */
export async function collected<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = []
  for await (const item of list) items.push(item)
  return items
}

/** An event stream whose bytes come in the given pieces. */
export function streamed(pieces: readonly Uint8Array<ArrayBuffer>[]): Response {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
}

/** What the dialect writes for events that are numbered from 1. */
export function wireOf(events: readonly LogEvent[], more: { model?: string; includeUsage?: boolean } = {}): string {
  const { model = 'freshet', includeUsage = false } = more
  const encoder = openAiChat.encoder({ model, includeUsage, batching: false })
  return events.map((event, i) => encoder.event(`n0-${i + 1}`, event)).join('')
}

/** The code of what it throws. */
export function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof FreshetError) return error.code
    throw error
  }
  return 'nothing thrown'
}

type Of<T extends LogEvent['type']> = Extract<LogEvent, { type: T }>

/** The event of a type, from `everyEvent`. */
export function eventOf<T extends LogEvent['type']>(type: T): Of<T> {
  const found = everyEvent().find((event): event is Of<T> => event.type === type)
  if (found === undefined) throw new Error(`there is no ${type}`)
  return found
}

export function said(chunk: string): LogEvent {
  const event = eventOf('chunk')
  return { ...event, at: event.at + 5000, data: { ...event.data, chunk } }
}

export function called(callId: string, tool: string, words: string, external = true): LogEvent {
  const event = eventOf('tool_call')
  return { ...event, at: event.at + 6000, data: { ...event.data, call_id: callId, tool, arguments: words, external } }
}

export function ended(reason: string, input: number | null = 3, output: number | null = 7): LogEvent {
  const event = eventOf('stream_end')
  const usage = { input_tokens: input, output_tokens: output }
  return { ...event, at: event.at + 9000, data: { ...event.data, finish_reason: reason, usage } }
}

/** An answer, and what its reader is to make of it. */
export interface Story {
  readonly events: readonly LogEvent[]
  readonly text: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly words: string }[]
}

const stepArb = fc.oneof(
  { weight: 4, arbitrary: textArb.map((text) => ({ type: 'text' as const, text })) },
  { weight: 1, arbitrary: textArb.map((words) => ({ type: 'call' as const, words })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('metadata', 'progress', 'tool_call', 'tool_result', 'specialist')
      .map((name) => ({ type: 'other' as const, name })),
  },
)

/** Any answer up to its end: texts, calls of the caller's tools, and what this dialect has no word for. */
export const storyArb: fc.Arbitrary<Story> = fc.array(stepArb, { maxLength: 20 }).map((steps) => {
  const events: LogEvent[] = [eventOf('stream_start')]
  const calls: { id: string; name: string; words: string }[] = []
  let text = ''
  for (const step of steps) {
    if (step.type === 'text') {
      text += step.text
      events.push(said(step.text))
    } else if (step.type === 'call') {
      const call = { id: `call_${calls.length}`, name: `tool${calls.length}`, words: step.words }
      calls.push(call)
      events.push(called(call.id, call.name, call.words))
    } else events.push(...everyEvent().filter(({ type }) => type === step.name))
  }
  return { events, text, calls }
})
