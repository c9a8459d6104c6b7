import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { ask, closing, KEY, PROMPT, run, SAID, sse, withServer } from '../helpers.ts'
import { message } from './frames.ts'
import { KINDS, kindAt } from './kinds.ts'

/** Nobody writes to the log here, the SDKs included (PR3). */
let logs: readonly MockInstance[] = []
beforeEach(() => {
  logs = (['debug', 'log', 'info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))
})
afterEach(() => {
  for (const log of logs) expect(log).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})

/** A server's answer that is over at once. */
function answering(...pieces: readonly Uint8Array[]) {
  return (response: ServerResponse): void => {
    sse(response, Buffer.concat(pieces))
    response.end()
  }
}

describe.each(KINDS)('$kind', (kind) => {
  const { wire } = kind
  const whole = [wire.begin, wire.text('a'), wire.text('b'), wire.end]

  test('[PR1] [PR3] asks where it should, with its key in its header and nowhere else', async () => {
    const seen: { url: string | undefined; key: unknown; others: string }[] = []
    await withServer(
      (response, request, body) => {
        const { [kind.keyHeader?.[0] ?? '']: key, ...headers } = request.headers
        seen.push({ url: request.url, key, others: JSON.stringify([headers, body, request.url]) })
        expect(body).toContain(PROMPT)
        answering(...whole)(response)
      },
      async (url) => {
        const { text, parts, failure } = await run(kindAt(kind, url))
        expect(failure).toBeNull()
        expect(text).toBe('ab')
        expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { input_tokens: 3, output_tokens: 2 } })
      },
    )
    expect(seen).toEqual([{ url: kind.called, key: kind.keyHeader?.[1], others: expect.not.stringContaining(KEY) }])
  })

  test('[PR1] bytes may be cut anywhere', async () => {
    const bytes = Buffer.concat(whole)
    await withServer(
      (response) => {
        sse(response)
        for (const byte of bytes) response.write(Uint8Array.of(byte))
        response.end()
      },
      async (url) => expect(await run(kindAt(kind, url))).toMatchObject({ text: 'ab', failure: null }),
    )
  })

  const started = [wire.begin, wire.text('a')]
  test.each([
    ['ends without a finish', started, 'a', 'provider_cut'],
    ['is empty', [], '', 'provider_cut'],
    ['ends after its beginning', [wire.begin], '', 'provider_cut'],
    ['stops inside an event', [...started, wire.text('b').slice(0, -9)], 'a', 'provider_cut'],
    ['holds an error', [...started, wire.error(SAID), wire.end], 'a', 'provider_error'],
    ['is one error', [wire.error(SAID)], '', 'provider_error'],
    ['holds what nobody can read', [...started, wire.garbage(SAID), wire.end], null, 'provider_error'],
    ['is what nobody can read', [wire.garbage(SAID)], '', 'provider_error'],
    ['has an event of 3 MB', [...started, wire.huge], null, 'provider_error'],
  ])('[GE10] [PR3] a stream that %s', async (_, pieces, text, code) => {
    await withServer(answering(...pieces), async (url) => {
      const outcome = await run(kindAt(kind, url))
      expect(outcome.failure?.code).toBe(code)
      if (text !== null) expect(outcome.text).toBe(text)
      expect(outcome.parts.filter(({ type }) => type !== 'text' && type !== 'alive')).toEqual([])
    })
  })

  test('[PR3] a redirect is not followed', async () => {
    let calls = 0
    await withServer(
      (response) => {
        calls += 1
        response.writeHead(307, { location: '/elsewhere' }).end()
      },
      async (url) =>
        expect((await run(kindAt(kind, url))).failure).toMatchObject({ code: 'provider_error', status: 307 }),
    )
    expect(calls).toBe(1)
  })

  test('[PR1] [PR3] a refused connection is an error worth another try', async () => {
    let closed = ''
    await withServer(
      () => undefined,
      async (url) => {
        closed = url
      },
    )
    const failure = { code: 'provider_error', retryable: true, status: null }
    expect((await run(kindAt(kind, closed))).failure).toMatchObject(failure)
  })

  test('[PR1] a stall ends when it is aborted, and the upstream socket is closed', async () => {
    await upstream(
      (response) => sse(response, Buffer.concat(started)),
      async (url, call) => {
        const abort = new AbortController()
        const parts = kindAt(kind, url).stream(ask(), abort.signal)[Symbol.asyncIterator]()
        expect((await parts.next()).value).toEqual({ type: 'text', text: 'a' })
        const waiting = parts.next()
        abort.abort()
        expect(await waiting).toEqual({ done: true, value: undefined })
        await (await call).closed
      },
    )
  })

  test.each([
    ['headers', () => undefined],
    ['the first event', (response: ServerResponse) => sse(response)],
  ])('[PR1] an abort before %s closes it too', async (_, begin) => {
    await upstream(begin, async (url, call) => {
      const abort = new AbortController()
      const first = kindAt(kind, url).stream(ask(), abort.signal)[Symbol.asyncIterator]().next()
      const { closed } = await call
      abort.abort()
      expect(await first).toEqual({ done: true, value: undefined })
      await closed
    })
  })

  test('[PR1] a failure in the stream closes it too', async () => {
    await upstream(
      (response) => sse(response, Buffer.concat([...started, wire.garbage(SAID)])),
      async (url, call) => {
        expect((await run(kindAt(kind, url))).failure?.code).toBe('provider_error')
        await (await call).closed
      },
    )
  })

  test('[PR1] an answer so far is given back, with the word to go on from it', async () => {
    const bodies: string[] = []
    await withServer(
      (response, _request, body) => {
        bodies.push(body)
        answering(...whole)(response)
      },
      async (url) => expect((await run(kindAt(kind, url), { ...ask(), prefix: 'It flows' })).text).toBe('ab'),
    )
    const [body = ''] = bodies
    const order = [PROMPT, 'It flows', 'Continue it exactly where it stops'].map((part) => body.indexOf(part))
    expect(order.every((at) => at > 0)).toBe(true)
    expect(order.toSorted((a, b) => a - b)).toEqual(order)
  })
})

describe('a provider that thinks', () => {
  const sseEvent = (event: unknown): Uint8Array => Buffer.from(`data: ${JSON.stringify(event)}\n\n`)

  test.each([
    ['anthropic', sseEvent({ type: 'ping' })],
    ['google', sseEvent({ candidates: [{ content: { parts: [{ text: SAID, thought: true }] } }] })],
    ['openai-compatible', sseEvent({ choices: [{ delta: { reasoning_content: SAID } }] })],
    [
      'amazon-bedrock',
      message('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: SAID } } }),
    ],
  ])('[PR1] %s: is alive, and what it thinks is not shown', async (name, thought) => {
    const kind = KINDS.find((one) => one.kind === name)
    if (kind === undefined) throw new Error(name)
    await withServer(answering(kind.wire.begin, thought, kind.wire.end), async (url) => {
      const { parts, failure } = await run(kindAt(kind, url))
      expect(failure).toBeNull()
      expect(parts[0]).toEqual({ type: 'alive' })
      expect(JSON.stringify(parts)).not.toContain(SAID)
    })
  })
})

// The mock cannot: it ends Gemini's tool calls in a reason that the real service has not.
test.each(['google', 'google-vertex'])('[PR1] a tool call of %s comes whole, before the finish', async (name) => {
  const kind = KINDS.find((one) => one.kind === name)
  if (kind === undefined) throw new Error(name)
  const parts = [{ functionCall: { id: 'call_1', name: 'get_level', args: { river: 'Inn' } } }]
  const event = JSON.stringify({ candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }] })
  await withServer(answering(Buffer.from(`data: ${event}\n\n`)), async (url) => {
    expect((await run(kindAt(kind, url))).parts.filter(({ type }) => type !== 'alive')).toEqual([
      { type: 'tool_call', id: 'call_1', name: 'get_level', arguments: '{"river":"Inn"}' },
      { type: 'finish', reason: 'tool_calls', usage: { input_tokens: null, output_tokens: null } },
    ])
  })
})

describe('an error inside a 200', () => {
  const bedrock = KINDS.filter(({ kind }) => kind === 'amazon-bedrock')
  const anthropic = KINDS.filter(({ kind }) => kind === 'anthropic')
  const sseError = (error: unknown): Uint8Array => Buffer.from(`data: ${JSON.stringify(error)}\n\n`)

  test.each([
    [bedrock, [message('throttlingException', { message: SAID }, 'exception')], 'provider_rate_limited', 429, true],
    [bedrock, [message('validationException', { message: SAID }, 'exception')], 'provider_error', 400, false],
    [
      anthropic,
      [sseError({ type: 'error', error: { type: 'rate_limit_error', message: SAID } })],
      'provider_rate_limited',
      429,
      true,
    ],
    [
      anthropic,
      [sseError({ type: 'error', error: { type: 'overloaded_error', message: SAID } })],
      'provider_error',
      529,
      true,
    ],
  ] as const)(
    '[PR1] [PR3] case %#: it has the code that its status would have',
    async (cases, pieces, code, status, retryable) => {
      for (const kind of cases) {
        await withServer(answering(...pieces), async (url) => {
          expect((await run(kindAt(kind, url))).failure).toMatchObject({ code, status, retryable })
        })
      }
      expect(cases).toHaveLength(1)
    },
  )
})

/** The one call that `use` makes, and a promise of its socket's end. */
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
