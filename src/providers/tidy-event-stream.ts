import { EventTooLarge, MalformedEvent } from './bad-event.ts'

/** A message without headers and payload: its two lengths and two checksums. */
const LEAST_BYTES = 16
/** The length comes first, big-endian, and counts itself. */
const LENGTH_BYTES = 4

/**
 * Goes between a response in AWS's event stream encoding and the SDK, which joins a message before it looks at it and
 * has no cap. The bytes pass as they are until a message announces more than `maxBytes`, or less than a message has.
 */
export function tidyEventStream(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let length = 0
  let lengthBytes = 0
  let left = 0
  return new TransformStream({
    transform(bytes, controller) {
      let at = 0
      while (at < bytes.length) {
        if (left > 0) {
          const step = Math.min(left, bytes.length - at)
          left -= step
          at += step
          continue
        }
        length = length * 256 + (bytes[at] ?? 0)
        at += 1
        lengthBytes += 1
        if (lengthBytes < LENGTH_BYTES) continue
        if (length > maxBytes) return controller.error(new EventTooLarge())
        if (length < LEAST_BYTES) return controller.error(new MalformedEvent())
        left = length - LENGTH_BYTES
        length = 0
        lengthBytes = 0
      }
      controller.enqueue(bytes)
    },
  })
}
