import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventTooLarge, MalformedEvent } from '../../src/providers/bad-event.ts'
import { tidyEventStream } from '../../src/providers/tidy-event-stream.ts'
import { message } from './kinds/frames.ts'

/** Sends bytes through in pieces of the given sizes. */
async function through(bytes: Uint8Array, sizes: readonly number[], cap: number): Promise<Uint8Array> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      let at = 0
      for (const size of sizes) {
        controller.enqueue(bytes.slice(at, at + size))
        at += size
      }
      controller.enqueue(bytes.slice(at))
      controller.close()
    },
  })
  return new Response(source.pipeThrough(tidyEventStream(cap))).bytes()
}

const messages = Buffer.concat([1, 50, 3, 500].map((size) => message('x', 'y'.repeat(size))))
const LARGEST = message('x', 'y'.repeat(500)).length

describe('tidyEventStream', () => {
  test('[PR1] messages come out the same however the bytes are cut, also one that is not whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 30 }),
        fc.nat(50),
        async (sizes, less) => {
          const bytes = messages.subarray(0, messages.length - less)
          expect(Buffer.from(await through(bytes, sizes, LARGEST)).equals(bytes)).toBe(true)
        },
      ),
    )
  })

  test.each([[[]], [[3]], [[messages.length - LARGEST + 2]]])(
    '[PR1] one over the cap is an error, cut at %j',
    async (sizes) => {
      await expect(through(messages, sizes, LARGEST - 1)).rejects.toThrow(EventTooLarge)
    },
  )

  test('[PR1] one that is shorter than a message can be is an error', async () => {
    await expect(through(Buffer.concat([messages, Uint8Array.of(0, 0, 0, 15)]), [], LARGEST)).rejects.toThrow(
      MalformedEvent,
    )
  })
})
