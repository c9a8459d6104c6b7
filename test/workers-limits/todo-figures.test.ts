import { afterEach, expect, test, vi } from 'vitest'
import { call, trigger } from '../workers/support.ts'
import { aUser } from './asking.ts'

/** AGENT_RATE_LIMIT_PER_MINUTE, AGENT_MONTHLY_QUOTA and RATE_LIMIT_PER_MINUTE of this project. */
const MINUTES = 6
const MONTHS = 8
const ALL = 40
const NOON = Date.UTC(2027, 4, 20, 12)

afterEach(() => void vi.useRealTimers())

function clock(at: number): void {
  if (vi.isFakeTimers()) vi.setSystemTime(at)
  else vi.useFakeTimers({ toFake: ['Date'], now: at })
}

let asked = 0

/** What the agent answers: its first event's name and data, with what its headers say. */
async function ask(user: string) {
  asked += 1
  const body = JSON.stringify({ messages: [{ role: 'user', content: `Hello ${asked}` }] })
  const init = { method: 'POST', headers: { 'x-user-id': user }, body }
  const response = await call('/api/todos/agent-create/stream', init)
  const [, event, data] = /event: (.*)\ndata: (.*)\n/.exec(await response.text()) ?? []
  const figures: Record<string, unknown> = JSON.parse(data ?? 'null')
  return { event, figures, headers: response.headers }
}

async function begins(user: string, times: number, stepMs = 0): Promise<void> {
  for (let i = 0; i < times; i++) {
    expect((await ask(user)).event).toBe('session_initialized')
    clock(Date.now() + stepMs)
  }
}

test('[RL1] in the middle of a window: the date is when the oldest start leaves it, and holds to the millisecond', async () => {
  const user = aUser()
  clock(NOON)
  await begins(user, MINUTES, 5000)
  const reset = NOON + 60_000
  const { event, figures, headers } = await ask(user)
  expect(event).toBe('rate_limit_exceeded')
  expect(figures).toEqual({
    message: `At most ${MINUTES} requests a minute. Wait until the reset, then ask again.`,
    current_usage: MINUTES,
    monthly_limit: MONTHS,
    remaining_quota: MONTHS - MINUTES,
    reset_date: new Date(reset).toISOString(),
  })
  expect(headers.get('retry-after')).toBe('30')
  expect(headers.get('ratelimit-policy')).toBe(`"generations";q=${ALL};w=60, "todo-agent";q=${MINUTES};w=60`)
  expect(headers.get('ratelimit')).toBe(`"generations";r=${ALL - MINUTES};t=30, "todo-agent";r=0;t=30`)
  clock(reset - 1)
  expect((await ask(user)).figures['reset_date']).toBe(new Date(reset).toISOString())
  clock(reset)
  await begins(user, 1)
  // The next one leaves five seconds later.
  expect((await ask(user)).figures['reset_date']).toBe(new Date(reset + 5000).toISOString())
})

test('[RL1] where the minute of all dialects is used up, the date is that one’s; the agent’s month is as it was', async () => {
  const user = aUser()
  clock(NOON)
  await begins(user, 1)
  clock(NOON + 20_000)
  for (let i = 1; i < ALL; i++) await trigger(user, `Number ${i}`, { request_id: `r-${i}` }).then(() => waited(user, i))
  const { event, figures } = await ask(user)
  expect(event).toBe('rate_limit_exceeded')
  expect(figures).toMatchObject({
    current_usage: 1,
    remaining_quota: MONTHS - 1,
    reset_date: new Date(NOON + 60_000).toISOString(),
  })
})

test('[RL1] of two windows that are full the date is the later one’s', async () => {
  const user = aUser()
  clock(NOON)
  for (let i = 0; i < ALL - MINUTES; i++)
    await trigger(user, `Number ${i}`, { request_id: `r-${i}` }).then(() => waited(user, i))
  clock(NOON + 15_000)
  await begins(user, MINUTES)
  const { figures, headers } = await ask(user)
  expect(figures['reset_date']).toBe(new Date(NOON + 75_000).toISOString())
  expect(headers.get('retry-after')).toBe('60')
})

test('[RL2] when the month is used up too, the minute’s date comes first and the month’s after it', async () => {
  const user = aUser()
  clock(NOON)
  await begins(user, MONTHS - MINUTES)
  clock(NOON + 120_000)
  await begins(user, MINUTES)
  const minute = await ask(user)
  expect(minute.figures).toMatchObject({ remaining_quota: 0, reset_date: new Date(NOON + 180_000).toISOString() })
  clock(NOON + 180_000)
  const month = await ask(user)
  expect(month.figures).toMatchObject({ current_usage: MONTHS, remaining_quota: 0, reset_date: '2027-06-01' })
  expect(month.headers.get('retry-after')).toBe(String((Date.UTC(2027, 5, 1) - NOON - 180_000) / 1000))
})

/** Resolves when a request of a test is over. */
async function waited(user: string, n: number): Promise<void> {
  for (;;) {
    const response = await call(`/api/requests/r-${n}?user_id=${user}`)
    if ((await response.json<{ status: string }>()).status !== 'running') return
  }
}
