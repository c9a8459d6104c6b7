import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { debug, Socket, Stream } from '../workers/support.ts'
import { ask, ledgerOf } from './support.ts'

const healthSchema = z.record(z.string(), z.object({ state: z.string(), samples: z.number() }))

/** A provider's health as the dashboard sees it. */
async function healthOf(name: string) {
  const stream = await Stream.open(
    `/sse/ai-stream?user_id=blame-${name}-${Math.random()}&subscriptions=provider_health`,
  )
  await stream.until((all) => all.some(({ type }) => type === 'health_update'))
  const update = stream.all.find(({ type }) => type === 'health_update')
  stream.close()
  return healthSchema.parse(update?.data['providers'])[name]
}

test('[HE1] a provider that says nothing until the request’s time is over has failed, and the next user is spared it', async () => {
  expect(await healthOf('slow')).toMatchObject({ state: 'closed', samples: 0 })
  for (let i = 0; i < 3; i++) {
    const socket = await Socket.open(`user_id=hang-${i}&model_preference=slow`)
    socket.say({ type: 'ai_request', prompt: 'What flows?', request_id: 'r', config: { timeout: 0.2 } })
    await socket.end('r')
    socket.close()
    await socket.over()
  }
  expect(await healthOf('slow')).toMatchObject({ state: 'open' })
})

test('[MN3] what a hub that dies had settled is counted when it wakes, once', async () => {
  const user = 'died-counting'
  ;(await ask(user, 'good', 'before')).close()
  const paced = await Socket.open(`user_id=${user}&model_preference=paced`)
  paced.say({ type: 'ai_request', prompt: 'Long', request_id: 'r', stream_config: { cache: 'off' } })
  await paced.until(
    (all) => all.filter(({ event_type, request_id }) => event_type === 'chunk' && request_id === 'r').length > 2,
  )
  const hub = () => env.SESSION_HUB.getByName(`user:${user}`)
  await runInDurableObject(hub(), (_, state) => state.abort('as a deploy does')).catch(() => undefined)
  await debug(user)
  const rows = await ledgerOf(user)
  const totals = await runInDurableObject(hub(), (_, state) =>
    JSON.parse(String(state.storage.sql.exec('SELECT totals FROM hub').one()['totals'])),
  )
  const { requests, completed, failed, spending } = z
    .object({
      requests: z.number(),
      completed: z.number(),
      failed: z.number(),
      spending: z.record(z.string(), z.record(z.string(), z.object({ cost: z.number() }))),
    })
    .parse(totals)
  expect({ requests, completed, failed }).toEqual({ requests: 2, completed: 1, failed: 1 })
  const spent = Object.values(spending).flatMap((models) => Object.values(models).map(({ cost }) => cost))
  expect(spent.reduce((a, b) => a + b, 0)).toBeCloseTo(
    rows.reduce((sum, { cost }) => sum + cost, 0),
    9,
  )
})
