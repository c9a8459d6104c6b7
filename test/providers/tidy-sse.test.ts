import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventTooLarge } from '../../src/providers/bad-event.ts'
import { tidySse } from '../../src/providers/tidy-sse.ts'

const encoder = new TextEncoder()

/** Sends bytes through in pieces of the given sizes. */
async function through(text: string, sizes: readonly number[] = [], cap = 1000): Promise<string> {
  const bytes = encoder.encode(text)
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
  return new Response(source.pipeThrough(tidySse(cap))).text()
}

describe('tidySse', () => {
  test('[PR1] events come out the same however the bytes are cut', async () => {
    const given = 'data: {"a":"grün 💧"}\r\n\r\n: comment\r\ndata: {"b":\r\ndata: 2}\r\n\r\nevent: x\ndata: {"c":3}\n\n'
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), async (sizes) => {
        expect(await through(given, sizes)).toBe('data: {"a":"grün 💧"}\n\ndata: {"b":\ndata: 2}\n\ndata: {"c":3}\n\n')
      }),
    )
  })

  test.each([
    ['{"choices":null,"usage":{"x":1}}', '{"choices":[],"usage":{"x":1}}'],
    ['{"choices":[1],"error": null}', '{"choices":[1]}'],
    ['{"text":"\\"choices\\":null"}', '{"text":"\\"choices\\":null"}'],
    ['{"choices":null', '{"choices":null'],
    ['[{"error":null}]', '[{"error":null}]'],
  ])('[PR1] %s becomes %s', async (data, tidied) => {
    expect(await through(`data: ${data}\n\n`)).toBe(`data: ${tidied}\n\n`)
  })

  test('[PR1] [DONE] is the end, whatever follows', async () => {
    expect(await through('data: 1\n\ndata: [DONE]\n\ndata: 2\n\n')).toBe('data: 1\n\n')
  })

  test('[PR1] an event that does not end is dropped', async () => {
    expect(await through('data: 1\n\ndata: 2')).toBe('data: 1\n\n')
  })

  test.each([
    ['one line in one piece', `data: ${'x'.repeat(1001)}\n\n`, []],
    ['one line in pieces', `data: ${'x'.repeat(3000)}`, [500, 500, 500]],
    ['many lines of one event', 'data: 0123456789\n'.repeat(120), [400, 400, 400]],
  ] as const)('[PR1] an event over the cap is an error: %s', async (_, text, sizes) => {
    await expect(through(text, sizes)).rejects.toThrow(EventTooLarge)
  })
})
