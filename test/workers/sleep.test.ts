import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { call, debug, Socket, Stream, trigger, wholeLog } from './support.ts'

const hubOf = (user: string) => env.SESSION_HUB.getByName(`user:${user}`)

/**
 * Makes a hub's past older, as waiting would; up to an event, or all of it. The hub wakes anew, and its alarm is then due.
 */
async function age(user: string, ms: number, upTo = Number.MAX_SAFE_INTEGER): Promise<void> {
  await runInDurableObject(hubOf(user), (_, state) => {
    for (const table of ['log_0', 'log_1']) {
      state.storage.sql.exec(`UPDATE ${table} SET at = at - ? WHERE last_seq <= ?`, ms, upTo)
    }
    state.storage.sql.exec('UPDATE requests SET started_at = started_at - ?1, deadline = deadline - ?1', ms)
    state.storage.sql.exec('UPDATE hub SET created_at = created_at - ?', ms)
    state.storage.sql.exec('UPDATE ledger SET at = at - ?', ms)
    state.storage.sql.exec('UPDATE cache SET created_at = created_at - ?', ms)
  })
  await evictDurableObject(hubOf(user))
  await debug(user)
  await runDurableObjectAlarm(hubOf(user))
}

test('[HB1][HB2] the hub sleeps while an SSE and a WebSocket client stay; the next event wakes it and reaches both', async () => {
  const user = 'sleeper'
  const socket = await Socket.open(`user_id=${user}&model_preference=paced`)
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  socket.say({ type: 'update_preferences', preferences: { tone: 'calm' } })
  await socket.until((all) => all.some(({ data }) => 'preferences' in data))
  const before = await debug(user)
  await evictDurableObject(hubOf(user))
  await stream.until((all) => all.filter(({ type }) => type === 'heartbeat').length > 1)
  await trigger(user, 'Wake up')
  await Promise.all([socket.end(), stream.end()])
  const after = await debug(user)
  expect(after.instance_id).not.toBe(before.instance_id)
  expect(after.epoch).toBe(before.epoch)
  expect(after.connections).toBe(2)
  // The dialects differ in `metadata` and in every second `progress`; all else both have, under the same ids.
  const shared = (seen: readonly { id: string | null; type: string }[]) =>
    seen.filter(({ type }) => type !== 'metadata' && type !== 'progress').map(({ id }) => id)
  expect(shared(stream.logged)).toEqual(shared(socket.logged))
  // What a connection was told before the sleep still holds.
  socket.say({ type: 'update_preferences', preferences: { pace: 'slow' } })
  await socket.until((all) => all.filter(({ data }) => 'preferences' in data).length === 2)
  expect(socket.events.at(-1)?.data['preferences']).toEqual({
    language: 'en',
    model_preference: 'paced',
    tone: 'calm',
    pace: 'slow',
  })
  socket.close()
  stream.close()
})

test('[CM2] the text frame ping is answered without waking the hub', async () => {
  const user = 'autoping'
  const response = await call(`/ws/ai-stream?user_id=${user}`, { headers: { upgrade: 'websocket' } })
  const socket = response.webSocket
  if (socket === null) throw new Error('no socket')
  const pong = new Promise<string>((resolve) => {
    socket.addEventListener('message', ({ data }) => data === 'pong' && resolve(String(data)))
  })
  socket.accept()
  const { instance_id } = await debug(user)
  await evictDurableObject(hubOf(user))
  socket.send('ping')
  expect(await pong).toBe('pong')
  expect((await debug(user)).instance_id).not.toBe(instance_id)
  socket.close()
})

test('[GE6][SC1] with no client at all, the watchdog alarm alone ends what a dead hub left running', async () => {
  const user = 'watchdog'
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  socket.say({ type: 'ai_request', prompt: 'One', request_id: 'w-1' })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  const alarm = await runInDurableObject(hubOf(user), (_, state) => state.storage.getAlarm())
  expect(alarm).not.toBeNull()
  expect((alarm ?? 0) - Date.now()).toBeLessThanOrEqual(30_000)
  await runInDurableObject(hubOf(user), (_, state) => state.abort('as a kill does')).catch(() => undefined)
  expect(await runDurableObjectAlarm(hubOf(user))).toBe(true)
  const rows = await runInDurableObject(hubOf(user), (_, state) =>
    state.storage.sql
      .exec("SELECT status, (SELECT count(*) FROM log_0 WHERE body LIKE '%interrupted%') n FROM requests")
      .toArray(),
  )
  expect(rows).toEqual([{ status: 'error', n: 1 }])
})

test('[LG4][RS2] expired events go with their segment; an older cursor gets a resync; ids go on', async () => {
  const user = 'retention'
  const old = await Socket.open(`user_id=${user}`)
  const first = await trigger(user, 'Old')
  await old.end(first)
  const cursor = old.logged[0]?.id
  const aged = (await debug(user)).last_seq
  await old.end(await trigger(user, 'Young'))
  const { last_seq, epoch } = await debug(user)
  await age(user, 25 * 3_600_000, aged)
  // The segment holds a young event too, so all of it is kept, and new events go to the other one.
  expect((await debug(user)).first_seq).toBe(1)
  const second = await trigger(user, 'New')
  await old.end(second)
  await age(user, 25 * 3_600_000, last_seq)
  expect(await debug(user)).toMatchObject({ epoch, first_seq: last_seq + 1 })
  const late = await Socket.open(`user_id=${user}&last_event_id=${cursor}`)
  await late.until((all) => all.length > 1)
  expect(late.all[1]).toMatchObject({
    event_type: 'resync',
    data: { reason: 'expired', first_id: `${epoch}-${last_seq + 1}` },
  })
  expect((await call(`/api/requests/${first}?user_id=${user}`)).status).toBe(404)
  expect((await call(`/api/requests/${second}?user_id=${user}`)).status).toBe(200)
  old.close()
  late.close()
})

test('[SC3][CU3] a hub that holds nothing any more wipes itself; old cursors then get a resync', async () => {
  const user = 'wiped'
  const socket = await Socket.open(`user_id=${user}`)
  await socket.end(await trigger(user, 'Old'))
  const cursor = socket.logged.at(-1)?.id
  socket.close()
  await socket.over()
  const before = await debug(user)
  // The bill outlives the log: what it is for can still be asked.
  await age(user, 25 * 3_600_000)
  const kept = await runInDurableObject(hubOf(user), (_, state) =>
    state.storage.sql.exec('SELECT (SELECT count(*) FROM ledger) ledger, (SELECT count(*) FROM cache) cache').one(),
  )
  expect(kept).toEqual({ ledger: 1, cache: 0 })
  await age(user, 90 * 24 * 3_600_000)
  const tables = await runInDurableObject(hubOf(user), (_, state) =>
    state.storage.sql.exec("SELECT count(*) n FROM sqlite_master WHERE name = 'hub'").one(),
  )
  expect(tables).toEqual({ n: 0 })
  expect(await runInDurableObject(hubOf(user), (_, state) => state.storage.getAlarm())).toBeNull()
  const late = await Socket.open(`user_id=${user}&last_event_id=${cursor}`)
  await late.until((all) => all.length > 1)
  expect(late.all[1]).toMatchObject({ event_type: 'resync', data: { reason: 'other_epoch', messages: [] } })
  expect((await debug(user)).epoch).not.toBe(before.epoch)
  late.close()
})

test('[SC3][ID8] a ticket that is still good keeps a hub that holds nothing else from wiping itself', async () => {
  const user = 'ticketed'
  const ticket = async () => {
    const answer = await call('/api/tickets', { method: 'POST', headers: { 'x-user-id': user } })
    return (await answer.json<{ ticket: string }>()).ticket
  }
  const tables = () =>
    runInDurableObject(hubOf(user), (_, { storage }) => storage.sql.exec('SELECT count(*) n FROM sqlite_master').one())
  const first = await ticket()
  await ticket()
  await age(user, 25 * 3_600_000)
  expect(await tables()).not.toEqual({ n: 0 })
  expect((await call(`/sessions?user_id=${user}&ticket=${first}`)).status).toBe(200)
  // The other one's time is over too.
  await runInDurableObject(hubOf(user), (_, { storage }) => {
    storage.sql.exec('UPDATE tickets SET ends_at = ends_at - 60000')
  })
  await age(user, 0)
  // The platform may have come with the alarm itself, and be at it yet.
  await vi.waitFor(async () => expect(await tables()).toEqual({ n: 0 }))
})

test('[SC1] a WebSocket that was silent for IDLE_TIMEOUT_S is closed by the alarm; an SSE reader is not', async () => {
  const user = 'idle'
  const socket = await Socket.open(`user_id=${user}`)
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  await stream.until((all) => all.length > 0)
  await runInDurableObject(hubOf(user), (_, state) => {
    for (const ws of state.getWebSockets()) {
      const stored: unknown = ws.deserializeAttachment()
      if (typeof stored === 'object') ws.serializeAttachment({ ...stored, active_at: Date.now() - 3_600_001 })
    }
  })
  await evictDurableObject(hubOf(user))
  await runDurableObjectAlarm(hubOf(user))
  await socket.over()
  expect(socket.closed).toMatchObject({ code: 1001 })
  expect((await debug(user)).connections).toBe(1)
  stream.close()
})

test('[HB2] a socket whose attachment is not ours is told to come again', async () => {
  const user = 'deployed'
  const socket = await Socket.open(`user_id=${user}`)
  await socket.until((all) => all.length > 0)
  await runInDurableObject(hubOf(user), (_, state) => {
    for (const ws of state.getWebSockets()) ws.serializeAttachment({ v: 999 })
  })
  await evictDurableObject(hubOf(user))
  await debug(user)
  await socket.over()
  expect(socket.closed).toMatchObject({ code: 1012 })
})

test('[SB5] when the object restarts under an SSE reader, the bridge attaches again and nothing is missed', async () => {
  const user = 'deploy'
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  const writer = await Socket.open(`user_id=${user}&model_preference=endless`)
  writer.say({ type: 'ai_request', prompt: 'One', request_id: 's-1' })
  await stream.until((all) => all.filter(({ type }) => type === 'chunk').length > 2)
  await runInDurableObject(hubOf(user), (_, state) => state.abort('as a deploy does')).catch(() => undefined)
  await stream.end()
  expect(stream.all.filter(({ type }) => type === 'connection')).toHaveLength(1)
  const ids = (await wholeLog(user)).filter(({ type }) => type !== 'metadata').map(({ id }) => id)
  const seen = stream.logged.filter(({ type, data }) => type !== 'progress' || Number(data['chunks_sent']) % 10 === 0)
  expect(seen.map(({ id }) => id)).toEqual(ids)
  stream.close()
})

test('[GA7] an answer of 80 tokens over 0.8 s writes few rows, and an idle hub none', async () => {
  const user = 'rows'
  const socket = await Socket.open(`user_id=${user}&model_preference=paced`)
  const before = await debug(user)
  socket.say({ type: 'ai_request', prompt: 'Count', request_id: 'rows-1' })
  await socket.end('rows-1')
  const after = await debug(user)
  // Flushes every 90 ms, the start, the request's two rows and the totals.
  expect(after.rows_written - before.rows_written).toBeLessThanOrEqual(Math.ceil(2000 / 90) + 4)
  expect((await debug(user)).rows_written).toBe(after.rows_written)
  socket.close()
})

test('[SC4] system_status comes at once, then by the alarm on its grid, without an id, and the hub sleeps between', async () => {
  const user = 'status'
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}&subscriptions=system_status`)
  await stream.until((all) => all.some(({ type }) => type === 'status_update'))
  const first = stream.all.find(({ type }) => type === 'status_update')
  expect(first).toMatchObject({
    id: null,
    data: {
      timestamp: expect.any(Number),
      service_metrics: {
        total_requests: expect.any(Number),
        cache_hit_rate: 0,
        avg_response_time: expect.any(Number),
        error_rate: expect.any(Number),
      },
      health_summary: expect.any(Object),
      queue_status: expect.any(Object),
    },
  })
  const alarm = await runInDurableObject(hubOf(user), (_, state) => state.storage.getAlarm())
  expect((alarm ?? 1) % 30_000).toBe(0)
  expect((alarm ?? 0) - Date.now()).toBeLessThanOrEqual(30_000)
  await evictDurableObject(hubOf(user))
  // As if it were that time: the alarm of the platform says what it was set for.
  await runInDurableObject(hubOf(user), (instance, state) => {
    const real = Date.now
    Date.now = () => alarm ?? 0
    return instance.alarm({ isRetry: false, retryCount: 0, scheduledTime: alarm ?? 0 }).finally(() => {
      Date.now = real
      void state
    })
  })
  await stream.until((all) => all.filter(({ type }) => type === 'status_update').length === 2)
  stream.close()
})
