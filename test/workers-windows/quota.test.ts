import { afterEach, expect, test, vi } from 'vitest'
import { resetDate } from '../../src/core/quota.ts'
import { call, Socket, Stream, wholeLog } from '../workers/support.ts'
import { kill, OVER_HTTP, type Start, settled, stateOf } from './starts.ts'

/** AGENT_MONTHLY_QUOTA of this project. */
const QUOTA = 12
const PATH = '/api/todos/agent-create/stream'

afterEach(() => void vi.useRealTimers())

function bodyOf(prompt: string, more: object = {}): string {
  return JSON.stringify({ messages: [{ role: 'user', content: prompt }], ...more })
}

let asked = 0

async function ask(user: string, more: object = {}): Promise<Start> {
  asked += 1
  const start = await OVER_HTTP['d5']?.(user, { prompt: `Say hello ${asked}` }, more)
  if (start === undefined) throw new Error('there is a D5')
  return start
}

/** Asks, and goes on reading. */
function begin(user: string, model: string): Promise<Stream> {
  asked += 1
  const init = { method: 'POST', body: bodyOf(`Say hello ${asked}`, { model }) }
  return Stream.open(PATH, { 'x-user-id': user }, init)
}

function many(count: number, work: () => Promise<Start>): Promise<readonly Start[]> {
  return Promise.all(Array.from({ length: count }, work))
}

/** What the `rate_limit_exceeded` of a refusal tells; it must be the only event. */
function figuresOf({ status, text }: Start): Record<string, unknown> {
  expect(status).toBe(200)
  const [, data] = /^event: rate_limit_exceeded\ndata: (.*)\n\n$/.exec(text) ?? []
  const figures: Record<string, unknown> = JSON.parse(data ?? 'null')
  return figures
}

const usedUp = (now: number) => ({
  message: `The month's ${QUOTA} requests of the todo agent are used up. They begin anew on ${resetDate(now)}.`,
  current_usage: QUOTA,
  monthly_limit: QUOTA,
  remaining_quota: 0,
  reset_date: resetDate(now),
})

test('[RL2] of 50 starts at once with 10 left exactly 10 begin; the others are told the month’s figures', async () => {
  const user = 'ten-left'
  for (const one of await many(2, () => ask(user))) expect(one.began).toBe(true)
  const starts = await many(50, () => ask(user))
  const refused = starts.filter(({ began }) => !began)
  expect(refused).toHaveLength(40)
  for (const one of refused) {
    expect(figuresOf(one)).toEqual(usedUp(Date.now()))
    const wait = (Date.parse(resetDate(Date.now())) - Date.now()) / 1000
    expect(Math.abs(Number(one.headers.get('retry-after')) - wait)).toBeLessThan(10)
    expect(one.headers.get('ratelimit-policy')).toContain(`"todo-agent-month";q=${QUOTA}`)
  }
  await settled(user)
  const log = await wholeLog(user)
  expect(log.filter(({ type }) => type === 'stream_start')).toHaveLength(QUOTA)
})

test('[RL2] the month is the agent’s, by whichever dialect it is asked; others are free', async () => {
  const user = 'by-others'
  for (const one of await many(QUOTA, () => ask(user))) expect(one.began).toBe(true)
  const before = await settled(user)
  const message = { message: 'Hello', agent: 'todo' }
  const parts = [{ type: 'text', text: 'Hello' }]
  for (const [path, body] of [
    ['/api/chat/message', message],
    ['/chat/stream', message],
    ['/v1/chat/completions', { model: 'freshet/todo', messages: [{ role: 'user', content: 'Hello' }] }],
    ['/api/chat', { id: 'a-chat-of-the-agent', agent: 'todo', messages: [{ id: 'm', role: 'user', parts }] }],
  ] as const) {
    const response = await call(path, { method: 'POST', headers: { 'x-user-id': user }, body: JSON.stringify(body) })
    expect(response.status).toBe(429)
    expect(response.headers.get('ratelimit')).toMatch(/"todo-agent-month";r=0;t=\d+$/)
    expect(await response.text()).toContain('"code":"quota_exceeded"')
  }
  expect(await stateOf(user)).toEqual(before)
  expect(await OVER_HTTP['d4']?.(user, { prompt: 'Hello' })).toMatchObject({ began: true })
})

test('[RL2] a duplicate counts nothing', async () => {
  const user = 'again'
  for (const one of await many(QUOTA - 1, () => ask(user))) expect(one.began).toBe(true)
  for (let i = 0; i < 3; i++) {
    expect((await OVER_HTTP['d5']?.(user, { prompt: 'The last', id: 'the-last' }))?.began).toBe(true)
  }
  expect(figuresOf(await ask(user))['current_usage']).toBe(QUOTA)
})

test('[RL2][GE6] what a dead hub left without a word is given back; what had spoken counts', async () => {
  const user = 'dead'
  const silent = await Promise.all(Array.from({ length: 6 }, () => begin(user, 'slow')))
  for (const stream of silent) await stream.until((all) => all.some(({ type }) => type === 'agent_updated'))
  const spoken = await Promise.all(Array.from({ length: 6 }, () => begin(user, 'endless')))
  for (const stream of spoken) await stream.until((all) => all.some(({ type }) => type === 'message_delta'))
  expect(figuresOf(await ask(user))).toEqual(usedUp(Date.now()))
  await kill(user)
  for (const stream of [...silent, ...spoken]) await stream.over()
  const starts = await many(9, () => ask(user))
  expect(starts.filter(({ began }) => began)).toHaveLength(6)
})

test('[RL2] a cancelled one counts, and so does one that is running', async () => {
  const user = 'cancelled'
  const streams = await Promise.all(Array.from({ length: QUOTA }, () => begin(user, 'slow')))
  for (const stream of streams) await stream.until((all) => all.some(({ type }) => type === 'session_initialized'))
  expect(figuresOf(await ask(user))['remaining_quota']).toBe(0)
  for (const { all } of streams) {
    const id = String(all[0]?.data['request_id'])
    expect((await call(`/api/requests/${id}/cancel?user_id=${user}`, { method: 'POST' })).status).toBe(200)
  }
  expect(figuresOf(await ask(user))['current_usage']).toBe(QUOTA)
})

test('[RL1][RL2] the window goes on with the time, and the month begins anew with the next', async () => {
  const user = 'time'
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 31, 23, 57) })
  for (const one of await many(QUOTA, () => ask(user))) expect(one.began).toBe(true)
  await settled(user)
  expect(figuresOf(await ask(user))).toEqual(usedUp(Date.UTC(2027, 0, 31)))
  vi.setSystemTime(Date.UTC(2027, 0, 31, 23, 59, 59))
  expect(figuresOf(await ask(user))).toMatchObject({ reset_date: '2027-02-01' })
  vi.setSystemTime(Date.UTC(2027, 1, 1, 0, 0, 1))
  for (const one of await many(QUOTA, () => ask(user))) expect(one.began).toBe(true)
  // Of the minute's 24, 12 are used: by February's.
  for (let i = 0; i < 12; i++) expect(await OVER_HTTP['d2']?.(user, { prompt: `${i}` })).toMatchObject({ began: true })
  expect(await OVER_HTTP['d2']?.(user, { prompt: 'Too many' })).toMatchObject({ status: 429 })
  vi.setSystemTime(Date.UTC(2027, 1, 1, 0, 1, 2))
  expect(await OVER_HTTP['d2']?.(user, { prompt: 'Later' })).toMatchObject({ began: true })
  const socket = await Socket.open(`user_id=${user}`)
  socket.say({ type: 'ai_request', prompt: 'Later too', request_id: 'later' })
  await socket.end('later')
  socket.close()
})
