import { expect, test } from 'vitest'
import { call, debug, Socket, Stream, wholeLog } from '../workers/support.ts'
import { kill, OVER_HTTP, overSocket, type Start, settled, stateOf } from './starts.ts'

/** RATE_LIMIT_PER_MINUTE of this project. */
const LIMIT = 24

const dialects = Object.keys(OVER_HTTP)

async function begun(user: string): Promise<number> {
  return (await wholeLog(user)).filter(({ type }) => type === 'stream_start').length
}

/** A start in a dialect; the last of them stands for the socket. */
function start(user: string, socket: Socket, n: number): Promise<Start> {
  const begin = OVER_HTTP[dialects[n % (dialects.length + 1)] ?? '']
  const asked = { prompt: `Number ${n} of ${user}`, id: `${user}-${n}` }
  return begin === undefined ? overSocket(socket, asked) : begin(user, asked)
}

function many(user: string, socket: Socket, from: number, count: number): Promise<readonly Start[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => start(user, socket, from + i)))
}

/** Uses a user's minute up. */
async function useUp(user: string, count = LIMIT): Promise<void> {
  const starts = Array.from({ length: count }, (_, i) => OVER_HTTP['d2']?.(user, { prompt: `Used ${i}`, id: `u-${i}` }))
  for (const one of await Promise.all(starts)) expect(one).toMatchObject({ began: true })
}

/** That a refusal tells all that it should, where its dialect's clients read it. */
function checkRefusal({ dialect, status, headers, text }: Start): void {
  if (dialect === 'd1') {
    const limits = [{ name: 'generations', quota: LIMIT, windowS: 60, remaining: 0, resetAt: expect.any(Number) }]
    expect(JSON.parse(text)).toMatchObject({ id: null, request_id: null, data: { error_type: 'rate_limited', limits } })
    return
  }
  expect({ dialect, status }).toEqual({ dialect, status: dialect === 'd5' ? 200 : 429 })
  const wait = Number(headers.get('retry-after'))
  expect(wait).toBeGreaterThan(30)
  expect(wait).toBeLessThanOrEqual(60)
  const agents = dialect === 'd5' ? [', "todo-agent";q=20;w=60', /, "todo-agent";r=\d+;t=\d+/.source] : ['', '']
  expect(headers.get('ratelimit-policy')).toBe(`"generations";q=${LIMIT};w=60${agents[0]}`)
  expect(headers.get('ratelimit')).toMatch(new RegExp(`^"generations";r=0;t=${wait}${agents[1]}$`))
  const isOpenAi = dialect.startsWith('d6')
  if (dialect === 'd5') expect(text).toMatch(/^event: rate_limit_exceeded\ndata: \{"message":/)
  else if (isOpenAi) {
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'rate_limited', type: 'rate_limit_error' } })
  } else expect(JSON.parse(text)).toMatchObject({ code: 'rate_limited', status: 429 })
}

test('[RL1] of starts at once over all dialects exactly the limit begins; the others are told, and leave nothing', async () => {
  const user = 'mixed'
  const socket = await Socket.open(`user_id=${user}`)
  const starts = await many(user, socket, 0, LIMIT + 40)
  const refused = starts.filter(({ began }) => !began)
  expect(refused).toHaveLength(40)
  // Prompts over the socket that is there may all come first.
  expect(new Set(refused.map(({ dialect }) => dialect)).size).toBeGreaterThanOrEqual(dialects.length - 1)
  for (const one of refused) checkRefusal(one)
  await settled(user)
  expect(await begun(user)).toBe(LIMIT)
  const { sessions } = await (await call(`/sessions?user_id=${user}&limit=50`)).json<{ sessions: unknown[] }>()
  const made = starts.filter(({ began, dialect }) => began && ['d4', 'd5', 'd7'].includes(dialect))
  expect(sessions).toHaveLength(made.length)
  expect((await stateOf(user)).totals).toEqual({ requests: LIMIT, conversations: made.length })
  socket.close()
})

test('[RL1] a hub that dies in between lets in no more: the window is in the rows of what began', async () => {
  const user = 'killed'
  let from = 0
  for (const [count, let_in] of [
    [10, 10],
    [9, 9],
    [30, 5],
    [9, 0],
  ] as const) {
    const socket = await Socket.open(`user_id=${user}`)
    const starts = await many(user, socket, from, count)
    expect(starts.filter(({ began }) => began)).toHaveLength(let_in)
    from += count
    await kill(user)
  }
  await settled(user)
  expect(await begun(user)).toBe(LIMIT)
})

test('[RL1][GE6] what a dead hub left running counts too', async () => {
  const user = 'killed-running'
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  const ids = Array.from({ length: LIMIT }, (_, i) => `r-${i}`)
  await Promise.all(ids.map((id) => overSocket(socket, { prompt: id, id })))
  await kill(user)
  const again = await Socket.open(`user_id=${user}`)
  expect(await overSocket(again, { prompt: 'One more', id: 'more' })).toMatchObject({ began: false })
  expect((await settled(user)).active_requests).toBe(0)
  again.close()
})

test('[RL1] duplicates count nothing, and are answered when the minute is used up', async () => {
  const user = 'duplicates'
  await useUp(user, LIMIT - 1)
  const asked = { prompt: 'Used 3', id: 'u-3' }
  const socket = await Socket.open(`user_id=${user}`)
  for (const round of [1, 2]) {
    const http = dialects.filter((name) => name !== 'd5').map((name) => OVER_HTTP[name]?.(user, asked))
    for (const one of await Promise.all(http)) expect(one).toMatchObject({ began: true, status: 200 })
    expect(await overSocket(socket, asked)).toMatchObject({ began: true })
    if (round === 1) expect(await OVER_HTTP['d4']?.(user, { prompt: 'The last' })).toMatchObject({ began: true })
    else expect(await OVER_HTTP['d4']?.(user, { prompt: 'One too many' })).toMatchObject({ began: false })
  }
  expect(await begun(user)).toBe(LIMIT)
  socket.close()
})

test('[RL1][GE11] a retry that joins what it repeats counts nothing either', async () => {
  const user = 'joins'
  await useUp(user, LIMIT - 1)
  const query = new URLSearchParams({ user_id: user, message: 'Torn', agent: 'assistant', model: 'endless' })
  const first = await Stream.open(`/api/chat/stream?${query}`)
  await first.until((all) => all.length > 2)
  first.close()
  for (
    let live = 2;
    live > 0;
    live = (await (await call(`/debug/hub?user_id=${user}`)).json<{ connections: number }>()).connections
  );
  const retry = await Stream.open(`/api/chat/stream?${query}`)
  await retry.until((all) => all.length > 2)
  expect(retry.all[0]?.data['request_id']).toBe(first.all[0]?.data['request_id'])
  expect(await begun(user)).toBe(LIMIT)
  await call(`/api/requests/${String(retry.all[0]?.data['request_id'])}/cancel?user_id=${user}`, { method: 'POST' })
  await retry.over()
})

test('[RL1] a refused start writes no row, makes no conversation and no event, whatever it names', async () => {
  const user = 'refused'
  await useUp(user)
  const socket = await Socket.open(`user_id=${user}`)
  const before = await settled(user)
  for (const [name, begin] of Object.entries(OVER_HTTP)) {
    const session = `session-of-${name.replaceAll(' ', '-')}`
    checkRefusal(await begin(user, { prompt: 'No', session }))
    checkRefusal(await begin(user, { prompt: 'No', session, id: `id-of-${session}` }))
    expect({ name, ...(await stateOf(user)) }).toEqual({ name, ...before })
    expect((await call(`/sessions/${session}?user_id=${user}`)).status).toBe(404)
    expect((await call(`/api/requests/id-of-${session}?user_id=${user}`)).status).toBe(404)
  }
  checkRefusal(await overSocket(socket, { prompt: 'No', id: 'no', session: 'session-of-d1' }))
  expect(await stateOf(user)).toEqual(before)
  socket.close()
})

test('[RL1] another user has a window of its own', async () => {
  await useUp('one-of-two')
  const starts = await Promise.all([
    OVER_HTTP['d4']?.('one-of-two', { prompt: 'No' }),
    OVER_HTTP['d4']?.('two-of-two', { prompt: 'Yes' }),
  ])
  expect(starts.map((one) => one?.began)).toEqual([false, true])
})

test('[RL1] a refused start costs nothing: no row is written for it', async () => {
  const user = 'refused-rows'
  await useUp(user)
  const before = await debug(user)
  for (let i = 0; i < 10; i++) {
    expect(await OVER_HTTP['d2']?.(user, { prompt: 'Used 0', id: `refused-${i}` })).toMatchObject({ began: false })
  }
  expect((await debug(user)).rows_written).toBe(before.rows_written)
})
