import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import type { ModelPart } from '../../src/core/model.ts'
import { ask, chunk, closing, finish, KEY, PROMPT, providerAt, run, SAID, sse, withServer } from './helpers.ts'

const DONE = 'data: [DONE]\n\n'

describe('a stream that goes wrong', () => {
  const error = (value: unknown): string => `data: ${JSON.stringify({ error: value })}\n\n`
  const tool = (args: string): string =>
    `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: args } }] } }] })}\n\n`

  test.each([
    ['ends without a finish', [chunk('a')], 'a', 'provider_cut'],
    ['says done without a finish', [chunk('a'), DONE], 'a', 'provider_cut'],
    ['is empty', [], '', 'provider_cut'],
    ['stops inside an event', [chunk('a'), chunk('b').slice(0, 20)], 'a', 'provider_cut'],
    ['puts an empty finish reason on each chunk', [chunk('a'), finish('')], 'a', 'provider_cut'],
    ['stops inside a tool call', [tool('{"x":')], '', 'provider_cut'],
    ['is aborted by the server', [chunk('a'), finish('abort')], 'a', 'provider_cut'],
    ['is a page', ['<html><body>SAIDMARK</body></html>\n\n'], '', 'provider_cut'],
    ['finishes with an error', [chunk('a'), finish('error')], 'a', 'provider_error'],
    ['holds what is not JSON', [chunk('a'), `data: ${SAID} {\n\n`, chunk('b'), finish()], 'a', 'provider_error'],
    ['holds another shape', [chunk('a'), `data: {"${SAID}":1}\n\n`, finish()], 'a', 'provider_error'],
    ['holds an error', [chunk('a'), error({ message: SAID, code: 500 }), finish(), DONE], 'a', 'provider_error'],
    ['holds an error that is a text', [error(SAID)], '', 'provider_error'],
    ['is one error event', [`event: error\n${error({ message: SAID })}`], '', 'provider_error'],
    [
      'holds a tool call without a name',
      [tool('{}').replace('"f"', 'null'), finish('tool_calls')],
      '',
      'provider_error',
    ],
    ['has a line of 3 MB', [chunk('a'), `data: ${SAID.repeat(400_000)}`, '\n\n', finish()], 'a', 'provider_error'],
  ])('[GE10] [PR3] %s', async (_, pieces, text, code) => {
    await withServer(
      (response) => {
        sse(response, pieces.join(''))
        response.end()
      },
      async (url) => {
        const outcome = await run(providerAt(url))
        expect(outcome.failure?.code).toBe(code)
        expect(outcome.text).toBe(text)
        expect(outcome.parts.every(({ type }) => type === 'text' || type === 'alive')).toBe(true)
      },
    )
  })

  const calls = (count: number, words: string, id = 'c') =>
    Array.from({ length: count }, (_, index) => {
      const call = { index, id: `${id}${index}`, function: { name: 'f', arguments: words } }
      return `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] })}\n\n`
    })
  const words = (chars: number): string => JSON.stringify({ x: 'x'.repeat(chars - '{"x":""}'.length) })
  const { turnCalls, callArgumentsChars, callNameChars, answerChars } = LIMITS

  test.each([
    ['many calls', calls(turnCalls, '{}'), calls(turnCalls + 1, '{}')],
    ['long arguments', calls(1, words(callArgumentsChars)), calls(1, words(callArgumentsChars + 1))],
    ['much in all calls', calls(5, words(answerChars / 5)), calls(5, words(answerChars / 5 + 1))],
    ['a long id', calls(1, '{}', 'c'.repeat(callNameChars - 1)), calls(1, '{}', 'c'.repeat(callNameChars))],
  ])('[PR5] with too %s it is a failure, and no call is given on', async (_, most, beyond) => {
    let pieces: readonly string[] = most
    await withServer(
      (response) => {
        sse(response, [...pieces, finish('tool_calls'), DONE].join(''))
        response.end()
      },
      async (url) => {
        const good = await run(providerAt(url))
        expect(good.failure).toBeNull()
        expect(good.parts.filter(({ type }) => type === 'tool_call')).toHaveLength(most.length)
        pieces = beyond
        const bad = await run(providerAt(url))
        expect(bad.failure).toMatchObject({ code: 'provider_error', retryable: true })
        expect(bad.parts.filter(({ type }) => type === 'tool_call')).toEqual([])
      },
    )
  })

  test('[GE10] [PR3] a connection that is reset gives what had come, then fails as cut', async () => {
    const reset = Promise.withResolvers<void>()
    await withServer(
      (response) => {
        sse(response, chunk('a'))
        void reset.promise.then(() => response.destroy())
      },
      async (url) => {
        const parts = providerAt(url).stream(ask(), new AbortController().signal)[Symbol.asyncIterator]()
        expect((await parts.next()).value).toEqual({ type: 'text', text: 'a' })
        reset.resolve()
        const error: unknown = await parts.next().catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'provider_cut' })
      },
    )
  })

  test('[PR1] [PR3] a refused connection is an error worth another try', async () => {
    let closed = ''
    await withServer(
      () => undefined,
      async (url) => {
        closed = url
      },
    )
    expect((await run(providerAt(closed))).failure).toMatchObject({
      code: 'provider_error',
      retryable: true,
      status: null,
    })
  })

  test('[PR1] [PR3] an endless error page is not read, and a date in retry-after is', async () => {
    let stop = (): void => undefined
    await withServer(
      (response) => {
        response.writeHead(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() })
        const writing = setInterval(() => response.write(SAID), 1)
        stop = () => clearInterval(writing)
        response.on('close', stop)
      },
      async (url) => {
        const { failure } = await run(providerAt(url))
        expect(failure).toMatchObject({ code: 'provider_rate_limited', status: 429 })
        expect(failure?.retryAfterS).toBeGreaterThan(55)
        expect(failure?.retryAfterS).toBeLessThanOrEqual(60)
      },
    )
    stop()
  })

  test('[PR3] a redirect is not followed: prompt and key go nowhere else', async () => {
    const paths: (string | undefined)[] = []
    await withServer(
      (response, request) => {
        paths.push(request.url)
        response.writeHead(307, { location: '/elsewhere' }).end()
      },
      async (url) =>
        expect((await run(providerAt(url))).failure).toMatchObject({ code: 'provider_error', status: 307 }),
    )
    expect(paths).toEqual(['/v1/chat/completions'])
  })
})

describe('a stream that is odd but well', () => {
  test('[PR1] asks for a stream with usage, with the key in its header', async () => {
    const seen: { body: unknown; authorization: string | undefined }[] = []
    await withServer(
      (response, request, body) => {
        seen.push({ body: JSON.parse(body), authorization: request.headers.authorization })
        sse(response, finish())
        response.end()
      },
      async (url) => expect((await run(providerAt(url))).failure).toBeNull(),
    )
    expect(seen).toEqual([
      {
        authorization: `Bearer ${KEY}`,
        body: {
          model: 'm-1',
          messages: [{ role: 'user', content: PROMPT }],
          stream: true,
          stream_options: { include_usage: true },
        },
      },
    ])
  })

  test('[PR1] comments, null choices, null errors and CRLF are accepted', async () => {
    const usage = `data: {"choices":null,"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n`
    const nulls = chunk('b').replace('{"id"', '{"error":null,"id"')
    const stream = [': PROCESSING\n\n', chunk('a'), nulls, finish(), usage, DONE].join('').replaceAll('\n', '\r\n')
    await withServer(
      (response) => {
        sse(response, stream)
        response.end()
      },
      async (url) => {
        const { text, parts, failure } = await run(providerAt(url))
        expect(failure).toBeNull()
        expect(text).toBe('ab')
        expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { input_tokens: 1, output_tokens: 2 } })
      },
    )
  })

  test('[PR1] a server that keeps the connection after [DONE] does not keep the answer', async () => {
    await withServer(
      (response) => sse(response, chunk('a') + finish() + DONE),
      async (url) => expect((await run(providerAt(url))).parts.at(-1)?.type).toBe('finish'),
    )
  })

  test('[PR1] without usage it is null', async () => {
    await withServer(
      (response) => {
        sse(response, chunk('a') + finish('length'))
        response.end()
      },
      async (url) =>
        expect((await run(providerAt(url))).parts.at(-1)).toEqual({
          type: 'finish',
          reason: 'length',
          usage: { input_tokens: null, output_tokens: null },
        }),
    )
  })
})

describe('abort', () => {
  /** The upstream response of the one call that `use` makes, and a promise of its socket's end. */
  async function upstream(
    begin: (response: ServerResponse) => void,
    use: (url: string, call: Promise<{ closed: Promise<unknown> }>) => Promise<void>,
  ): Promise<void> {
    const call = Promise.withResolvers<{ closed: Promise<unknown> }>()
    await withServer(
      (response, request) => {
        call.resolve({ closed: closing(request) })
        begin(response)
      },
      (url) => use(url, call.promise),
    )
  }

  test('[PR1] while it streams: the iteration ends and the upstream socket is closed', async () => {
    await upstream(
      (response) => sse(response, chunk('a')),
      async (url, call) => {
        const abort = new AbortController()
        const parts = providerAt(url).stream(ask(), abort.signal)[Symbol.asyncIterator]()
        expect((await parts.next()).value).toEqual({ type: 'text', text: 'a' })
        const waiting = parts.next()
        abort.abort()
        expect(await waiting).toEqual({ done: true, value: undefined })
        await (await call).closed
      },
    )
  })

  test('[PR1] before the first byte', async () => {
    await upstream(
      () => undefined,
      async (url, call) => {
        const abort = new AbortController()
        const first = providerAt(url).stream(ask(), abort.signal)[Symbol.asyncIterator]().next()
        const { closed } = await call
        abort.abort()
        expect(await first).toEqual({ done: true, value: undefined })
        await closed
      },
    )
  })

  test('[PR1] a reader that breaks off closes it too', async () => {
    await upstream(
      (response) => sse(response, chunk('a') + chunk('b')),
      async (url, call) => {
        const seen: ModelPart[] = []
        for await (const part of providerAt(url).stream(ask(), new AbortController().signal)) {
          seen.push(part)
          break
        }
        expect(seen).toHaveLength(1)
        await (await call).closed
      },
    )
  })

  test('[PR1] a failure in the stream closes it too', async () => {
    await upstream(
      (response) => sse(response, `data: ${SAID}\n\n`),
      async (url, call) => {
        expect((await run(providerAt(url))).failure?.code).toBe('provider_error')
        await (await call).closed
      },
    )
  })

  test('[PR1] beforehand: there is no call', async () => {
    let calls = 0
    await withServer(
      () => {
        calls += 1
      },
      async (url) => expect((await run(providerAt(url), ask(), AbortSignal.abort())).parts).toEqual([]),
    )
    expect(calls).toBe(0)
  })
})
