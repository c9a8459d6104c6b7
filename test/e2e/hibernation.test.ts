import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getJson, hubFacts, postJson, trigger } from '../support/client-http.ts'
import { polled } from '../support/client-inbox.ts'
import { LogReader } from '../support/client-reader.ts'
import { SseClient } from '../support/client-sse.ts'
import { WsClient } from '../support/client-ws.ts'
import { embedded, type Server, startServer } from '../support/server.ts'

const HEARTBEAT_S = 2
/** The platform evicts an object after 10 s of quiet; nothing tells when it has, and asking would wake it. */
const QUIET_MS = 12_000

let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: {
      PROVIDERS: embedded({
        main: 'tokens_per_second=100&tokens=400&first_token_ms=50',
        slow: 'tokens_per_second=4&tokens=56&first_token_ms=50',
      }),
      SSE_HEARTBEAT_S: String(HEARTBEAT_S),
    },
  })
})
afterAll(() => server.stop())

// All at once: each has a user, so a hub, of its own.
describe.concurrent('a hub', () => {
  it('[HB1][HB2] sleeps while its clients stay connected, and wakes for the next event', async () => {
    const sse = await SseClient.open(`${server.url}/sse/ai-stream?user_id=sleeper`)
    const ws = await WsClient.open(`${server.url}/ws/ai-stream?user_id=sleeper`)
    await sse.until(({ event }) => event === 'connection')
    const before = await hubFacts(server.url, 'sleeper')
    expect(before.connections).toBe(2)

    // The one wait of the suite: polling is no way to see it sleep, since every question wakes it.
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    // A bare `ping` is answered by the platform, over a socket that outlives the hub.
    ws.send('ping')
    await ws.bare.until(({ text }) => text === 'pong')

    const request = await trigger(server.url, { prompt: 'wake up', user_id: 'sleeper' })
    await sse.until(({ event, data }) => event === 'chunk' && data['request_id'] === request)
    await ws.until(({ event_type, request_id }) => event_type === 'chunk' && request_id === request)
    const after = await hubFacts(server.url, 'sleeper')
    expect(after.instance_id).not.toBe(before.instance_id)
    expect(after).toMatchObject({ epoch: before.epoch, connections: 2 })
    await sse.until(({ event }) => event === 'stream_complete')
    await ws.until(({ event_type }) => event_type === 'stream_end')
    expect(sse.events.filter(({ event }) => event === 'connection')).toHaveLength(1)
    expect(ws.inbox.ended).toBeNull()

    const quiet = sse.events.slice(
      0,
      sse.events.findIndex(({ event }) => event === 'stream_start'),
    )
    const beats = quiet.filter(({ event }) => event === 'heartbeat')
    expect(beats.length).toBeGreaterThanOrEqual(Math.floor(QUIET_MS / 1000 / HEARTBEAT_S) - 1)
    const gaps = beats.slice(1).map(({ at }, i) => at - (beats[i]?.at ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(HEARTBEAT_S * 1000 + 1000)
    sse.cut()
    ws.cut()
  })

  it('[HB2] what slept has its preferences and its filter still', async () => {
    const ws = await WsClient.open(`${server.url}/ws/ai-stream?user_id=dreamer&conversation_id=mine&language=fr`)
    ws.send({ type: 'update_preferences', preferences: { theme: 'dark' } })
    await ws.until(({ data }) => 'preferences' in data)
    const before = await hubFacts(server.url, 'dreamer')
    // As above: to ask whether it sleeps is to wake it.
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    await trigger(server.url, { prompt: 'not for it', user_id: 'dreamer', conversation_id: 'other' })
    await trigger(server.url, { prompt: 'for it', user_id: 'dreamer', conversation_id: 'mine', request_id: 'seen' })
    await ws.until(({ event_type }) => event_type === 'stream_end')
    expect(new Set(ws.events.flatMap(({ request_id }) => request_id ?? []))).toEqual(new Set(['seen']))
    const from = ws.events.length
    ws.send({ type: 'update_preferences', preferences: { size: 2 } })
    const status = await ws.until(({ data }) => 'preferences' in data, from)
    expect(status.data['preferences']).toEqual({ language: 'fr', theme: 'dark', size: 2 })
    expect((await hubFacts(server.url, 'dreamer')).instance_id).not.toBe(before.instance_id)
    ws.cut()
  })

  it('[HB3] stays while it generates, watched or not', async () => {
    const begin = async (user: string) => {
      const ws = await WsClient.open(`${server.url}/ws/ai-stream?user_id=${user}&model_preference=slow`)
      ws.send({ type: 'ai_request', prompt: 'take your time', request_id: user })
      await ws.until(({ event_type }) => event_type === 'chunk')
      return { ws, before: await hubFacts(server.url, user) }
    }
    const watched = await begin('waker')
    const left = await begin('left-alone')
    left.ws.cut()
    const end = await watched.ws.until(({ event_type }) => event_type === 'stream_end')
    expect(end.data['duration']).toBeGreaterThan(12)
    expect((await hubFacts(server.url, 'waker')).instance_id).toBe(watched.before.instance_id)
    watched.ws.cut()
    // [GE2] And what nobody watched came to its end in the same instance.
    const status = async () =>
      (await getJson(`${server.url}/api/requests/left-alone?user_id=left-alone`)).body['status']
    await polled(status, (word) => word === 'complete', 5000)
    const after = await hubFacts(server.url, 'left-alone')
    expect(after).toMatchObject({ instance_id: left.before.instance_id, connections: 0 })
  })

  it('[SB3] sees within one heartbeat that an SSE client has left', async () => {
    const stay = await SseClient.open(`${server.url}/sse/ai-stream?user_id=leaver`)
    const leave = await SseClient.open(`${server.url}/sse/ai-stream?user_id=leaver`)
    await leave.until(({ event }) => event === 'heartbeat')
    const connections = async () => (await hubFacts(server.url, 'leaver')).connections
    expect(await connections()).toBe(2)
    leave.cut()
    // One heartbeat on the Worker's own port (measured: 2.03 s); wrangler's proxy in front of it takes one more.
    await polled(connections, (count) => count === 1, 2 * HEARTBEAT_S * 1000 + 700)
    await trigger(server.url, { prompt: 'still there?', user_id: 'leaver' })
    await stay.until(({ event }) => event === 'chunk')
    stay.cut()
  })

  it('[GA2][GA7] an answer of 400 tokens over 4 s writes at most 60 rows watched and 12 unwatched', async () => {
    const rowsOf = async (user: string, reader: LogReader | null) => {
      const before = await hubFacts(server.url, user)
      const answer = await postJson(`${server.url}/api/sse/trigger-stream?wait=true`, {
        prompt: 'count',
        user_id: user,
      })
      expect(answer.body).toMatchObject({ outcome: 'complete' })
      reader?.cut()
      return (await hubFacts(server.url, user)).rows_written - before.rows_written
    }
    const reader = await LogReader.open('sse', server.url, 'counted', null)
    const [watched, unwatched] = await Promise.all([rowsOf('counted', reader), rowsOf('uncounted', null)])
    expect(watched).toBeLessThanOrEqual(60)
    expect(watched).toBeGreaterThan(30)
    expect(unwatched).toBeLessThanOrEqual(12)
    // 40 pieces in 4 s: nothing waited longer than the 100 ms that a watched delta may wait, but for late timers.
    const chunks = reader.seen.filter(({ type }) => type === 'chunk')
    const gaps = chunks.slice(1).map(({ at }, i) => at - (chunks[i]?.at ?? 0))
    expect(gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]).toBeLessThan(120)
  })
})
