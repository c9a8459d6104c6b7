import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postJson } from '../support/client-http.ts'
import { SseClient } from '../support/client-sse.ts'
import { WsClient } from '../support/client-ws.ts'
import { type Server, startServer } from '../support/server.ts'

const KEY = 'sk-KEYMARK'
const PROMPT = 'PROMPTMARK'

/** A raw provider: what it was asked, and when each call's connection closed. */
let provider: HttpServer
let behave: (response: ServerResponse) => void
let calls: { authorization: string; body: string; closed: Promise<number> }[] = []
let freshet: Server

const delta = (content: string) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content } }] })}\n\n`

beforeAll(async () => {
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const closed = new Promise<number>((resolve) => response.on('close', () => resolve(performance.now())))
    let body = ''
    for await (const piece of request) body += String(piece)
    calls.push({ authorization: request.headers.authorization ?? '', body, closed })
    behave(response)
  }
  provider = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const address = provider.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  freshet = await startServer({
    vars: {
      PROVIDERS: JSON.stringify([
        {
          name: 'raw-llm',
          kind: 'openai-compatible',
          model: 'm-1',
          base_url: `http://127.0.0.1:${address.port}/v1`,
        },
      ]),
      RAW_LLM_API_KEY: KEY,
    },
  })
})

afterAll(async () => {
  await freshet.stop()
  provider.closeAllConnections()
  provider.close()
})

test('[GE4] a cancel from another device closes the connection to the provider at once', async () => {
  calls = []
  behave = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => response.write(delta('drip ')), 20)
    response.on('close', () => clearInterval(timer))
  }
  const watcher = await SseClient.open(`${freshet.url}/sse/ai-stream?user_id=upstream`)
  const asker = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=upstream`)
  asker.send({ type: 'ai_request', prompt: PROMPT, request_id: 'up-1' })
  await watcher.until(({ event }) => event === 'chunk')
  const at = performance.now()
  await postJson(`${freshet.url}/api/requests/up-1/cancel?user_id=upstream`, {})
  const closedAt = await calls[0]?.closed
  expect((closedAt ?? Number.POSITIVE_INFINITY) - at).toBeLessThan(500)
  await asker.until(({ event_type }) => event_type === 'stream_end')
  expect(calls).toHaveLength(1)
  expect(calls[0]).toMatchObject({ authorization: `Bearer ${KEY}` })
  watcher.cut()
  asker.cut()
})

test('[GE2] when every client leaves, the call to the provider goes on to its end', async () => {
  calls = []
  let finish: () => void = () => undefined
  behave = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(delta('first '))
    finish = () => {
      response.write(delta('last'))
      response.end(
        `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
      )
    }
  }
  const asker = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=left`)
  asker.send({ type: 'ai_request', prompt: PROMPT, request_id: 'left-1' })
  const first = await asker.until(({ event_type }) => event_type === 'chunk')
  asker.cut()
  finish()
  const later = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=left&last_event_id=${first.id}`)
  const end = await later.until(({ event_type }) => event_type === 'stream_end' || event_type === 'error')
  expect(end).toMatchObject({ event_type: 'stream_end', data: { total_length: 10, provider_used: 'raw-llm' } })
  later.cut()
})

test.each([
  ['a 429', 'provider_rate_limited', (r: ServerResponse) => r.writeHead(429, { 'retry-after': '7' }).end('SAIDMARK')],
  ['a 500', 'provider_error', (r: ServerResponse) => r.writeHead(500).end('SAIDMARK')],
  [
    'a cut',
    'provider_cut',
    (r: ServerResponse) => r.writeHead(200, { 'content-type': 'text/event-stream' }).end(delta('half')),
  ],
  [
    'garbage',
    'provider_error',
    (r: ServerResponse) => r.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {SAIDMARK\n\n'),
  ],
  [
    'a reset',
    'provider_cut',
    (r: ServerResponse) => {
      r.writeHead(200, { 'content-type': 'text/event-stream' })
      r.write(delta('half'), () => r.destroy())
    },
  ],
])(
  '[GE8][PR3] %s of the provider is %s for the client; nothing of what it said, the key or the prompt gets out',
  async (_, code, fault) => {
    calls = []
    behave = fault
    const user = `fault-${code}-${performance.now()}`
    const client = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=${user}`)
    client.send({ type: 'ai_request', prompt: PROMPT, request_id: 'f-1' })
    const end = await client.until(
      ({ event_type, id }) => id !== null && (event_type === 'error' || event_type === 'stream_end'),
    )
    expect(end).toMatchObject({ event_type: 'error', data: { error_type: code, request_id: 'f-1' } })
    expect(JSON.stringify(end)).not.toMatch(/SAIDMARK|KEYMARK|PROMPTMARK/)
    expect(freshet.output).not.toMatch(/SAIDMARK|PROMPTMARK/)
    client.cut()
  },
)
