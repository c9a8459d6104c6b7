import { createParser } from 'eventsource-parser'
import { EventTooLarge } from './bad-event.ts'

/** What providers send where the SDK wants a list, or nothing at all. Only then is an event worth parsing here. */
const NULLED = /"(?:choices|error)"\s*:\s*null/

/** Says an event in another way. */
export interface Translation {
  /** The data to give on instead. */
  event(data: string): string
  /** What to give on before the stream ends at `[DONE]`, or null. */
  end(): string | null
}

const AS_IT_IS: Translation = { event: (data) => data, end: () => null }

/**
 * Goes between a provider's response and the SDK, SSE bytes in and out:
 * - an event over `maxChars` characters errors the stream with `EventTooLarge` before it is joined: the SDK has no cap;
 * - `choices: null` becomes an empty list and `error: null` goes, since the SDK takes both for errors;
 * - the stream ends at `[DONE]`, since the SDK waits for the connection to end and some servers keep it.
 */
export function tidySse(maxChars: number, translation = AS_IT_IS): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let out = ''
  let tooLarge = false
  let done = false
  const give = (data: string): void => {
    out += `data: ${data.replaceAll('\n', '\ndata: ')}\n\n`
  }
  const parser = createParser({
    maxBufferSize: maxChars,
    onEvent({ data }) {
      if (done) return
      if (data.length > maxChars) {
        tooLarge = true
      } else if (data.trim() === '[DONE]') {
        done = true
        const last = translation.end()
        if (last !== null) give(last)
      } else {
        give(translation.event(tidyEvent(data)))
      }
    },
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') tooLarge = true
    },
  })
  return new TransformStream({
    transform(bytes, controller) {
      parser.feed(decoder.decode(bytes, { stream: true }))
      if (out !== '') controller.enqueue(encoder.encode(out))
      out = ''
      if (tooLarge) controller.error(new EventTooLarge())
      else if (done) controller.terminate()
    },
  })
}

function tidyEvent(data: string): string {
  if (!NULLED.test(data)) return data
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return data
    const kept = Object.entries(value).filter(([key, field]) => key !== 'error' || field !== null)
    return JSON.stringify(
      Object.fromEntries(kept.map(([key, field]) => [key, key === 'choices' ? (field ?? []) : field])),
    )
  } catch {
    // Not JSON: the SDK says so in its own way.
    return data
  }
}
