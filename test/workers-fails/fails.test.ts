import { expect, test, vi } from 'vitest'
import { expectFailure } from '../workers/failing-provider.ts'
import { call } from '../workers/support.ts'

test('[GE8][GE1] a provider that fails, with nobody to take over, ends the request with provider_error, after its text, once', () =>
  expectFailure('fails', 'provider_error'))

test('[MO5] a provider that fails again and again makes the service degraded, by name', async () => {
  const health = async () => (await call('/health')).json<{ status: string; degraded: string[] }>()
  for (let i = 0; i < 4; i++) {
    const body = JSON.stringify({ prompt: `Fail ${i}`, user_id: `failing-${i}` })
    await (await call('/api/sse/trigger-stream?wait=true', { method: 'POST', body })).text()
  }
  // Hubs tell the monitor behind the answer.
  await vi.waitFor(async () => {
    expect(await health()).toMatchObject({ status: 'degraded', degraded: ['provider fails'] })
  }, 10_000)
})
