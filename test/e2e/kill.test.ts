import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getJson, hubFacts, trigger } from '../support/client-http.ts'
import { polled } from '../support/client-inbox.ts'
import { LogReader, type Seen } from '../support/client-reader.ts'
import { WsClient } from '../support/client-ws.ts'
import { embedded, type Server, startServer } from '../support/server.ts'
import { killAndCompare } from '../support/server-kills.ts'

/** `FRESHET_SOAK=1` adds what takes minutes. */
const SOAK = process.env['FRESHET_SOAK'] === '1'

let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: { PROVIDERS: embedded({ main: 'tokens_per_second=150&tokens=450&first_token_ms=20' }) },
  })
})
afterAll(() => server.stop())

const users = ['ada', 'bob', 'cleo']

describe('SIGKILL in the middle of streams', () => {
  it('[GE6][LG3][RS1] nothing that a client saw is gone, nothing comes twice, every request ends once', async () => {
    const figures = await killAndCompare(server, { rounds: 4, seed: 20_261_120, users, requests: 2, mostEvents: 2500 })
    console.info('4 kills:', JSON.stringify(figures))
    expect(figures.interrupted).toBeGreaterThan(0)
  })

  it('[GE6][RS1] with no client left, the alarm alone ends the request; the `eventsource` package comes back by itself', async () => {
    // Who reads the figures is told of requests that begin, too.
    await getJson(`${server.url}/api/streaming/stats`)
    // What nobody comes back for: asking its hub would wake it, so only the monitor is asked, which it reports to.
    const lost = await WsClient.open(`${server.url}/ws/ai-stream?user_id=lost`)
    lost.send({ type: 'ai_request', prompt: 'nobody waits', request_id: 'lost', config: { timeout: 2.5 } })
    await lost.until(({ event_type }) => event_type === 'chunk')

    const source = new EventSource(`${server.url}/sse/ai-stream?user_id=faithful`)
    const seen: string[] = []
    const connected = new Promise((resolve) => source.addEventListener('connection', resolve))
    for (const type of ['stream_start', 'chunk', 'progress', 'stream_complete', 'resync', 'stream_error']) {
      source.addEventListener(type, ({ lastEventId, data }) =>
        seen.push(`${lastEventId} ${JSON.parse(data).chunk ?? type}`),
      )
    }
    await connected
    const request = await trigger(server.url, { prompt: 'I shall be back', user_id: 'faithful' })
    const failed = new Promise<Record<string, unknown>>((resolve) => {
      source.addEventListener('stream_error', ({ data }) => resolve(JSON.parse(data)))
    })
    await new Promise((resolve) => source.addEventListener('chunk', () => seen.length >= 6 && resolve(null)))

    const active = async () => (await getJson(`${server.url}/health`)).body['active_streams']
    await polled(active, (count) => count === 2, 3000)
    await server.kill9Workerd()
    await server.restart()
    expect(await failed).toMatchObject({ error_type: 'interrupted', request_id: request })
    source.close()
    const { epoch } = await hubFacts(server.url, 'faithful')
    const reader = await LogReader.open('sse', server.url, 'faithful', `${epoch}-0`)
    await reader.untilEnded([request])
    reader.cut()
    const words = ({ id, type, body }: Seen) =>
      `${id} ${JSON.parse(body).chunk ?? (type === 'error' ? 'stream_error' : type)}`
    expect(seen).toEqual(reader.seen.map(words))

    await polled(active, (count) => count === 0, 8000)
    const came = Date.now() / 1000
    const begin = String(lost.events[0]?.data['cursor'])
    const late = await WsClient.open(`${server.url}/ws/ai-stream?user_id=lost&last_event_id=${begin}`)
    const end = await late.until(({ event_type }) => event_type === 'error')
    late.cut()
    expect(end.data).toMatchObject({ error_type: 'interrupted', request_id: 'lost' })
    expect(end.timestamp).toBeLessThan(came)
  })
})

describe.runIf(SOAK)('soak', () => {
  it('[GE6][LG3] 40 kills', { timeout: 900_000 }, async () => {
    const figures = await killAndCompare(server, {
      rounds: 40,
      seed: 7,
      users: ['dan', 'eve', 'fay'],
      requests: 3,
      mostEvents: 4000,
    })
    console.info('40 kills:', JSON.stringify(figures))
  })

  it('[GE6] the watchdog alarm ends within 30 s what has a long deadline', { timeout: 120_000 }, async () => {
    await trigger(server.url, { prompt: 'long', user_id: 'watched', request_id: 'long', config: { timeout: 300 } })
    const began = Date.now()
    const active = async () => (await getJson(`${server.url}/health`)).body['active_streams']
    await polled(active, (count) => count === 1, 3000)
    await server.kill9Workerd()
    await server.restart()
    await polled(active, (count) => count === 0, 40_000)
    expect(Date.now() - began).toBeLessThan(32_000)
    const { body } = await getJson(`${server.url}/api/requests/long?user_id=watched`)
    expect(body['status']).toBe('error')
    console.info('watchdog:', Date.now() - began, 'ms after the start')
  })
})
