import { createParser } from 'eventsource-parser'

/** A provider's event that is larger than we are willing to hold. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'

  constructor() {
    super('an event of the stream is larger than the limit')
  }
}

/** What providers send where the SDK wants a list, or nothing at all. Only then is an event worth parsing here. */
const NULLED = /"(?:choices|error)"\s*:\s*null/

/**
 * Goes between a provider's response and the SDK, SSE bytes in and out:
 * - an event over `maxChars` characters errors the stream with `EventTooLarge` before it is joined: the SDK has no cap;
 * - `choices: null` becomes an empty list and `error: null` goes, since the SDK takes both for errors;
 * - the stream ends at `[DONE]`, since the SDK waits for the connection to end and some servers keep it.
 */
export function tidySse(maxChars: number): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let out = ''
  let tooLarge = false
  let done = false
  const parser = createParser({
    maxBufferSize: maxChars,
    onEvent({ data }) {
      if (data.length > maxChars) tooLarge = true
      else if (data.trim() === '[DONE]') done = true
      else if (!done) out += `data: ${tidyEvent(data).replaceAll('\n', '\ndata: ')}\n\n`
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
