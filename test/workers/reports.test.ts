import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { reportOf } from '../support/reports.ts'
import { call } from './support.ts'

const rowSchema = z.object({ report: z.object({ serial: z.number(), totals: z.object({ requests: z.number() }) }) })

/** The monitor's row of a hub; its serial counts the hub's reports. */
async function rowOf(hub: string) {
  const value = await runInDurableObject(env.MONITOR.getByName('monitor'), (_, state) =>
    state.storage.sql.exec('SELECT value FROM rows WHERE key = ?', hub).toArray().at(0),
  )
  return value === undefined
    ? null
    : rowSchema.parse(JSON.parse(z.object({ value: z.string() }).parse(value).value)).report
}

test('[MO1] a short request costs the monitor at most one call', async () => {
  for (let i = 0; i < 10; i++) {
    const response = await call('/api/sse/trigger-stream?wait=true', {
      method: 'POST',
      headers: { 'x-user-id': 'reports' },
      body: JSON.stringify({ prompt: `Number ${i}` }),
    })
    expect(response.status).toBe(200)
  }
  // The last report is sent after the answer: the next call of the hub comes behind it.
  await call('/debug/hub?user_id=reports')
  let row = await rowOf('user:reports')
  while ((row?.totals.requests ?? 0) < 10) row = await rowOf('user:reports')
  expect(row?.serial).toBeLessThanOrEqual(10)
})

test('[MO2] a probe of the service’s health is nobody who reads the statistics', async () => {
  const monitor = env.MONITOR.getByName('probed')
  const watched = async () => (await monitor.report(reportOf('probed'))).watched
  expect(await monitor.live()).toEqual({ active_streams: 0, active_connections: 0, down: [] })
  expect(await watched()).toBe(false)
  await monitor.streaming()
  expect(await watched()).toBe(true)
})
