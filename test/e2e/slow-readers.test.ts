import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hubFacts, postJson } from '../support/client-http.ts'
import { polled } from '../support/client-inbox.ts'
import { isEnd, LogReader, type Seen, type Transport } from '../support/client-reader.ts'
import { embedded, type Server, startServer } from '../support/server.ts'

/** `FRESHET_SOAK=1` adds what takes minutes. */
const SOAK = process.env['FRESHET_SOAK'] === '1'
/** A start repeats its prompt, so 250 requests are a stream of 50 MB: far more than the buffers on the way take. */
const REQUESTS = 250
/** Nothing that a WebSocket could compress away. */
const longPrompt = () => randomBytes(149_990).toString('base64')
/** Before the measured ones, so that the heap has its size. */
const WARM_UP = 60
/**
 * Ten readers may hold 1.5 MiB each; the rest is garbage that the collector has not given back (up to 150 MB seen).
 * Without a bound they hold all of it, ten times 50 MB.
 */
const BOUND_MB = 250
/** At a time; the service allows 8. */
const LANES = 4

let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: { PROVIDERS: embedded({ main: 'tokens_per_second=0&tokens=1' }), SSE_HEARTBEAT_S: '2' },
  })
})
afterAll(() => server.stop())

/** Many short requests with long prompts, one after another in each lane. @returns their ids */
async function flood(user: string, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  const lane = async () => {
    while (ids.length < count) {
      const id = `${user}-${crypto.randomUUID()}`
      ids.push(id)
      const body = { prompt: longPrompt(), user_id: user, request_id: id }
      const { status } = await postJson(`${server.url}/api/sse/trigger-stream?wait=true`, body)
      expect(status).toBe(200)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return ids
}
const open = (transport: Transport, user: string) => LogReader.open(transport, server.url, user, null)
const plain = (events: readonly Seen[]) => events.map(({ id, body }) => `${id} ${body}`)

/** Lets long events flow to healthy readers beside those that do not read. */
async function floodPast(user: string, dead: { transport: Transport; count: number }) {
  const healthy = { sse: await open('sse', user), ws: await open('ws', user) }
  const readers = Object.values(healthy)
  const untilEnded = (ids: readonly string[]) => Promise.all(readers.map((reader) => reader.untilEnded(ids)))
  // Some of it without the dead: what the log and the healthy readers cost is not theirs.
  await untilEnded(await flood(user, WARM_UP))

  const asleep = await Promise.all(Array.from({ length: dead.count }, () => open(dead.transport, user)))
  for (const reader of asleep) reader.pause()
  const from = { sse: healthy.sse.seen.length, ws: healthy.ws.seen.length }
  const before = server.memory().now
  let most = before
  const gauge = setInterval(() => {
    most = Math.max(most, server.memory().now)
  }, 100)
  const began = Date.now()
  const ids = await flood(user, REQUESTS)
  await untilEnded(ids)
  clearInterval(gauge)
  most = Math.max(most, server.memory().now)

  const seen = { sse: healthy.sse.seen.slice(from.sse), ws: healthy.ws.seen.slice(from.ws) }
  // WebSocket envelopes carry the server's time; SSE events were stamped when they came.
  const sentAt = new Map(seen.ws.map(({ id, at }) => [id, at]))
  const figures = {
    dead: `${dead.count} ${dead.transport}`,
    beforeMB: Math.round(before),
    grownMB: Math.round(most - before),
    latestMs: Math.round(Math.max(...seen.sse.map(({ id, at }) => at - (sentAt.get(id) ?? at)))),
    tookMs: Date.now() - began,
    deadTook: Math.max(...asleep.map((reader) => reader.seen.length)),
  }
  return { ids, readers, asleep, seen, figures }
}

describe('readers that do not read', () => {
  for (const dead of [
    { transport: 'sse', count: 10 },
    { transport: 'ws', count: 10 },
  ] as const) {
    it(`[FO3][FO4][SB4] ${dead.count} dead ${dead.transport} readers cost bounded memory and delay nobody`, async () => {
      const { ids, readers, asleep, seen, figures } = await floodPast(`dead-${dead.transport}`, dead)
      console.info(JSON.stringify(figures))
      expect(seen.sse.filter(isEnd)).toHaveLength(REQUESTS)
      expect(seen.ws.filter(isEnd)).toHaveLength(REQUESTS)
      // They had taken next to nothing while the others got it all.
      expect(figures.deadTook).toBeLessThan(seen.sse.length / 2)
      expect(figures.latestMs).toBeLessThan(2000)

      // Whoever begins to read again gets all of it, once, in order.
      const [woken] = asleep
      woken?.resume()
      await woken?.untilEnded(ids)
      expect(plain(woken?.seen ?? [])).toEqual(plain(seen[dead.transport]))
      for (const reader of [...readers, ...asleep]) reader.cut()
      expect(figures.grownMB).toBeLessThan(BOUND_MB)
    })
  }
})

describe.runIf(SOAK)('soak', () => {
  for (const transport of ['sse', 'ws'] as const) {
    it(`[FO3][SB4] dead ${transport} readers are cut off after 30 s and can resume`, { timeout: 120_000 }, async () => {
      const user = `cut-${transport}`
      const { ids, readers, asleep, seen } = await floodPast(user, { transport, count: 3 })
      const began = Date.now()
      const connections = async () => (await hubFacts(server.url, user)).connections
      await polled(connections, (count) => count === readers.length, 45_000)
      console.info(transport, 'cut off', Date.now() - began, 'ms after the last event')
      const [first] = asleep
      first?.resume()
      await first?.end
      const known = new Set(first?.seen.filter(isEnd).map(({ requestId }) => requestId))
      const back = await LogReader.open(transport, server.url, user, first?.cursor ?? null)
      await back.untilEnded(ids.filter((id) => !known.has(id)))
      expect(plain([...(first?.seen ?? []), ...back.seen])).toEqual(plain(seen[transport]))
      for (const reader of [...readers, ...asleep, back]) reader.cut()
    })
  }
})
