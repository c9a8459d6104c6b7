import { afterAll, beforeAll, expect, it } from 'vitest'
import { getJson, postJson } from '../support/client-http.ts'
import { WsClient } from '../support/client-ws.ts'
import { type Server, startServer } from '../support/server.ts'

let server: Server
beforeAll(async () => {
  server = await startServer({ vars: { MAX_CONNECTIONS_PER_USER: 'abc' } })
})
afterAll(() => server.stop())

it('[CF1] a senseless variable stops the service at the first request with a sentence that names it', async () => {
  for (const answer of [
    await getJson(`${server.url}/sse/ai-stream`),
    await getJson(`${server.url}/health`),
    await postJson(`${server.url}/api/sse/trigger-stream`, { prompt: 'x' }),
  ]) {
    expect(answer).toMatchObject({ status: 500, body: { code: 'config_invalid', status: 500 } })
    expect(answer.type).toMatch(/^application\/problem\+json/)
    expect(answer.body['detail']).toContain('MAX_CONNECTIONS_PER_USER')
    expect(answer.body['detail']).not.toContain('abc')
  }
  const client = new WsClient(`${server.url}/ws/ai-stream`)
  expect(await client.inbox.end).toMatch(/^1011/)
})
