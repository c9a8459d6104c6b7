import { isTerminal, type LogEvent } from '../core/events.ts'
import type { Dialect, Encoder } from './dialect.ts'
import { sseComment, sseEvent } from './sse-text.ts'
import {
  callOf,
  finishOf,
  resultOf,
  specialistOf,
  startOf,
  type UiChunk,
  unfinishedCall,
  unfinishedSpecialist,
} from './ui-chunks.ts'

/** Contract D7: the AI SDK's UI message stream, as `useChat` reads it with its defaults. */
export const uiMessageStream: Dialect = {
  name: 'd7',
  headers: { 'x-vercel-ai-ui-message-stream': 'v1' },
  // A client builds its message from `start` on; it fails at a delta whose `text-start` it has not seen.
  replaysFromStart: true,
  encoder: () => new UiEncoder(),
}

/**
 * Leaves out the keys that the client's parser takes for an attack on its prototypes: it would fail the whole stream
 * for a tool's output that has one.
 */
function harmless(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined
  const isObject = typeof value === 'object' && value !== null
  return key === 'constructor' && isObject && Object.hasOwn(value, 'prototype') ? undefined : value
}

/** Writes one message. It knows which parts are open, so that each is closed before what may not stand within it. */
class UiEncoder implements Encoder {
  #texts = 0
  #openText: string | null = null
  #inStep = false
  /** A tool or specialist has given back: what the model says next is a new step. */
  #gaveBack = false
  /** What runs, with what is said of it if the request ends first. */
  readonly #running = new Map<string, UiChunk>()

  event(id: string | null, event: LogEvent): string {
    const blocks = this.#chunks(event).map((chunk) => JSON.stringify(chunk, harmless))
    if (isTerminal(event)) blocks.push('[DONE]')
    // The id says that all of the event was seen, so it is on the last block.
    const last = blocks.length - 1
    return blocks.map((data, i) => sseEvent({ id: i === last ? (id ?? undefined) : undefined, data })).join('')
  }

  heartbeat(): string {
    return sseComment('open')
  }

  #chunks(event: LogEvent): readonly UiChunk[] {
    switch (event.type) {
      case 'stream_start':
        return [startOf(event), ...this.#step()]
      case 'chunk':
      case 'token':
        return this.#text(event.data.chunk)
      case 'tool_call': {
        const before = [...this.#endText(), ...this.#step()]
        if (!event.data.external) this.#running.set(`call ${event.data.call_id}`, unfinishedCall(event))
        return [...before, ...callOf(event)]
      }
      case 'tool_result':
        // A client fails at the result of a call that it has not seen.
        if (!this.#running.delete(`call ${event.data.call_id}`)) return []
        this.#gaveBack = true
        return [...this.#endText(), resultOf(event)]
      case 'specialist':
        return [...this.#endText(), ...this.#consult(event), specialistOf(event)]
      case 'stream_end':
        return [...this.#close(), finishOf(event)]
      case 'cancelled':
        return [...this.#close(), { type: 'abort' }]
      case 'error':
        // Last of all: a client reads nothing after it.
        return [...this.#close(), { type: 'error', errorText: event.data.error }]
      case 'metadata':
      case 'progress':
      case 'deleted':
        return []
    }
  }

  #text(chunk: string): readonly UiChunk[] {
    if (this.#openText !== null) return chunk === '' ? [] : [{ type: 'text-delta', id: this.#openText, delta: chunk }]
    // The blank line between the texts of two turns (AG7) is no part of a text that stands by itself.
    const delta = this.#texts === 0 ? chunk : chunk.replace(/^\n+/, '')
    if (delta === '') return []
    const step = this.#step()
    const id = `t${++this.#texts}`
    this.#openText = id
    return [...step, { type: 'text-start', id }, { type: 'text-delta', id, delta }]
  }

  #endText(): readonly UiChunk[] {
    const id = this.#openText
    this.#openText = null
    return id === null ? [] : [{ type: 'text-end', id }]
  }

  /**
   * Begins a step where one is due: a step is a call of the model with all that its tools gave back. Clients look in
   * the last step alone for calls that they are to run.
   */
  #step(): readonly UiChunk[] {
    if (this.#inStep && !(this.#gaveBack && this.#running.size === 0)) return []
    const chunks: readonly UiChunk[] = this.#inStep
      ? [{ type: 'finish-step' }, { type: 'start-step' }]
      : [{ type: 'start-step' }]
    this.#inStep = true
    this.#gaveBack = false
    return chunks
  }

  #consult(event: Extract<LogEvent, { type: 'specialist' }>): readonly UiChunk[] {
    const key = `run ${event.data.run_id}`
    if (event.data.status !== 'started') {
      this.#running.delete(key)
      this.#gaveBack = true
      return []
    }
    const step = this.#step()
    this.#running.set(key, unfinishedSpecialist(event))
    return step
  }

  #close(): readonly UiChunk[] {
    const chunks = [...this.#endText(), ...this.#running.values()]
    this.#running.clear()
    return this.#inStep ? [...chunks, { type: 'finish-step' }] : chunks
  }
}
