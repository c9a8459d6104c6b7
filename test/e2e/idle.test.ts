import { afterAll, beforeAll, expect, test } from 'vitest'
import { WsClient } from '../support/client-ws.ts'
import { embedded, type Server, startServer } from '../support/server.ts'

let freshet: Server
beforeAll(async () => {
  freshet = await startServer({
    vars: {
      IDLE_TIMEOUT_S: '1',
      PROVIDERS: embedded({ slow: 'tokens_per_second=10&first_token_ms=0&tokens=30' }),
    },
  })
})
afterAll(() => freshet.stop())

test('[SC1] a silent WebSocket is closed after IDLE_TIMEOUT_S, but not while it waits for an answer that takes longer', async () => {
  const silent = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=silent`)
  const waiting = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=waiting`)
  const began = performance.now()
  waiting.send({ type: 'ai_request', prompt: 'Take your time', request_id: 'r' })
  expect(await silent.inbox.end).toMatch(/^1001/)
  const closed = performance.now() - began
  expect(closed).toBeGreaterThan(500)
  await waiting.until(({ event_type }) => event_type === 'stream_end')
  expect(performance.now() - began).toBeGreaterThan(2500)
  expect(await waiting.inbox.end).toMatch(/^1001/)
})
