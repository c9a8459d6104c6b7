import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { call, debug, Socket, Stream, wholeLog } from '../workers/support.ts'
import { ask, ledgerOf, metadataOf, textOf } from './support.ts'

test('[CA1][CA3][MN2] a repeated prompt comes from the cache: a stream, no call, no bill, and what it saved', async () => {
  const user = 'cache'
  const first = await ask(user, 'good', 'c-1')
  expect(first.logged.at(-1)?.data).toMatchObject({ cache_hit: false, cost: expect.any(Number) })
  const text = textOf(first)
  const again = await ask(user, 'good', 'c-2')
  expect(textOf(again)).toBe(text)
  expect(again.logged.at(-1)?.data).toMatchObject({ cache_hit: true, cost: 0, provider_used: 'good' })
  expect(again.logged.filter(({ type }) => type === 'chunk').length).toBeGreaterThan(1)
  expect(metadataOf(again)).toMatchObject({ cache_hit: true })
  expect(await ledgerOf(user)).toHaveLength(1)
  const stats = await Stream.open(`/sse/ai-stream?user_id=${user}&subscriptions=cost_update,cache_stats`)
  await stream(stats)
  const cost = stats.all.find(({ type }) => type === 'cost_update')?.data
  expect(Number(cost?.['cache_savings'])).toBeGreaterThan(0)
  for (const one of [first, again]) one.close()
  stats.close()
})

async function stream(stats: Stream): Promise<void> {
  await stats.until((all) => ['cost_update', 'cache_update'].every((name) => all.some(({ type }) => type === name)))
}

test('[CA4] cache off neither reads nor keeps; refresh asks anew and keeps', async () => {
  const user = 'cache-modes'
  const modes = ['off', 'on', 'refresh', 'on']
  const hits: unknown[] = []
  for (const [i, cache] of modes.entries()) {
    const socket = await ask(user, 'good', `m-${i}`, { stream_config: { cache } })
    hits.push(socket.logged.at(-1)?.data['cache_hit'])
    socket.close()
  }
  expect(hits).toEqual([false, false, false, true])
  expect(await ledgerOf(user)).toHaveLength(3)
})

test('[CA1] one user never gets what another one was answered', async () => {
  for (const user of ['cache-a', 'cache-b']) (await ask(user, 'good', 'r')).close()
  expect(await ledgerOf('cache-b')).toHaveLength(1)
})

test('[MN2] a cancelled answer is billed by an estimate, marked as one', async () => {
  const user = 'cancelled'
  const socket = await Socket.open(`user_id=${user}&model_preference=paced`)
  socket.say({ type: 'ai_request', prompt: 'Long', request_id: 'r' })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'chunk').length > 3)
  socket.say({ type: 'cancel_request', request_id: 'r' })
  await socket.end('r')
  const [row, ...more] = await ledgerOf(user)
  expect(more).toEqual([])
  // What was sent is the prompt alone, however much of the answer there was.
  expect(row).toMatchObject({ provider: 'paced', outcome: 'cancelled', estimated: 1, input_tokens: 1 })
  expect(row?.output_tokens).toBeGreaterThan(0)
  socket.close()
})

test('[MN1][MN2] an answer whose hub dies is billed once, by an estimate; resumes and replays bill nothing', async () => {
  const user = 'died'
  const socket = await Socket.open(`user_id=${user}&model_preference=paced`)
  socket.say({ type: 'ai_request', prompt: 'Long', request_id: 'r' })
  await socket.until((all) => all.filter(({ event_type }) => event_type === 'chunk').length > 3)
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub, (_, state) => state.abort('as a deploy does')).catch(() => undefined)
  await wholeLog(user)
  await wholeLog(user)
  expect(await ledgerOf(user)).toMatchObject([{ provider: 'paced', outcome: 'interrupted', estimated: 1 }])
})

test('[MN5] a request that would exceed its cost_limit is refused with what it would have cost, and leaves no trace', async () => {
  const user = 'dear'
  const response = await call('/api/sse/trigger-stream', {
    method: 'POST',
    headers: { 'x-user-id': user },
    body: JSON.stringify({ prompt: 'What flows?', config: { cost_limit: 0.0001 } }),
  })
  expect(response.status).toBe(402)
  const problem = await response.json<{ code: string; detail: string }>()
  expect(problem).toMatchObject({ code: 'cost_limit_exceeded', detail: expect.stringMatching(/\$0\.000\d+/) })
  expect(await debug(user)).toMatchObject({ last_seq: 0 })
  const socket = await Socket.open(`user_id=${user}`)
  socket.say({ type: 'ai_request', prompt: 'What flows?', request_id: 'r', config: { cost_limit: 0.0001 } })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'error'))
  expect(socket.events.at(-1)).toMatchObject({ id: null, data: { error_type: 'cost_limit_exceeded' } })
  socket.close()
})

test('[MN1] a request adds at most five rows for choice, ledger and cache', async () => {
  const user = 'rows'
  const warm = await ask(user, 'good', 'w')
  const before = await debug(user)
  warm.say({ type: 'ai_request', prompt: 'Count the rows', request_id: 'r' })
  await warm.end('r')
  const rows = (await debug(user)).rows_written - before.rows_written
  // Request, start, first chunk, end with the rest, request's end, totals: six without them.
  expect(rows).toBeLessThanOrEqual(6 + 5)
  warm.close()
})
