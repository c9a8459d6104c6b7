import { expect, test } from 'vitest'
import { debug, type Seen, Socket, Stream, seqOf, trigger, wholeLog } from './support.ts'

const OPS = (user: string) => `/sse/ai-stream?user_id=${user}&subscriptions=ai_response,progress_update,error_alert`

/** Fields that both dialects carry for the events they both have. */
function common(events: readonly Seen[]): readonly unknown[] {
  return events
    .filter(({ type }) => type !== 'metadata' && type !== 'progress')
    .map(({ id, data }) => ({ id, chunk: data['chunk'] ?? null, request: data['request_id'] }))
}

async function answered(user: string): Promise<readonly Seen[]> {
  const first = await trigger(user, 'Explain how rivers freeze and thaw, in some detail')
  const reader = await Socket.open(`user_id=${user}&last_event_id=0-0`)
  await reader.until((all) =>
    all.some(
      ({ event_type, data }) =>
        event_type === 'stream_end' || (event_type === 'resync' && String(JSON.stringify(data)).includes(first)),
    ),
  )
  reader.close()
  await trigger(user, 'And a second answer, as tokens', { stream_config: { granularity: 'token' } })
  const more = await Stream.open(OPS(user), { 'last-event-id': `${(await debug(user)).epoch}-0` })
  await more.until((all) => all.filter(({ type }) => type === 'stream_complete').length === 2)
  more.close()
  return wholeLog(user)
}

test('[RS1][LG1] cut at every event over WebSocket, the resume gives the rest of the log, once, in order', async () => {
  const user = 'cut-ws'
  const log = await answered(user)
  expect(log.length).toBeGreaterThan(20)
  const { last_seq } = await debug(user)
  for (const [i, { id }] of log.entries()) {
    const reader = await Socket.open(`user_id=${user}&last_event_id=${id}`)
    const rest = log.slice(i + 1)
    if (rest.length > 0) await reader.until((all) => all.some((event) => seqOf(event.id) === last_seq))
    expect(reader.logged).toEqual(rest)
    reader.close()
    await reader.over()
  }
})

test('[RS1] cut at every event over SSE, the resume gives the rest of the log, once, in order', async () => {
  const user = 'cut-sse'
  await answered(user)
  const { epoch } = await debug(user)
  const whole = await Stream.open(OPS(user), { 'last-event-id': `${epoch}-0` })
  await whole.until((all) => all.filter(({ type }) => type === 'stream_complete').length === 2)
  const log = whole.logged
  whole.close()
  const name = ({ id, type, data }: Seen) => ({ id, type, data: { ...data, client_id: null } })
  for (const [i, { id }] of log.entries()) {
    const reader = await Stream.open(OPS(user), { 'last-event-id': id ?? '' })
    const rest = log.slice(i + 1)
    if (rest.length > 0) await reader.until((all) => all.some((event) => event.id === rest.at(-1)?.id))
    expect(reader.logged.map(name)).toEqual(rest.map(name))
    reader.close()
  }
})

test('[RS5] cut in one transport and resumed in the other, at every event, nothing is lost or repeated', async () => {
  const user = 'cut-cross'
  const log = await answered(user)
  const { last_seq } = await debug(user)
  for (const [i, { id }] of log.entries()) {
    if (i === log.length - 1) continue
    const stream = await Stream.open(`${OPS(user)}&last_event_id=${id}`)
    await stream.until((all) => all.some((event) => seqOf(event.id) === last_seq))
    expect(common([...log.slice(0, i + 1), ...stream.logged])).toEqual(common(log))
    stream.close()
  }
  const whole = await Stream.open(OPS(user), { 'last-event-id': `${log[0]?.id?.split('-')[0]}-0` })
  await whole.until((all) => all.some((event) => seqOf(event.id) === last_seq))
  for (const [i, { id }] of whole.logged.entries()) {
    if (i === whole.logged.length - 1) continue
    const socket = await Socket.open(`user_id=${user}&last_event_id=${id}`)
    await socket.until((all) => all.some((event) => seqOf(event.id) === last_seq))
    expect(common([...whole.logged.slice(0, i + 1), ...socket.logged])).toEqual(common(log))
    socket.close()
    await socket.over()
  }
  whole.close()
})

test('[RS1][RS4] a reader that is cut and resumed again and again while the answer is written has it whole', async () => {
  const user = 'cut-live'
  const first = await Socket.open(`user_id=${user}&model_preference=paced`)
  first.say({
    type: 'ai_request',
    prompt: 'A long one, please',
    request_id: 'live-1',
    stream_config: { granularity: 'token' },
  })
  await first.until((all) => all.some(({ id }) => id !== null))
  const seen: Seen[] = []
  let cursor = `${(await debug(user)).epoch}-0`
  for (let turn = 0; seen.at(-1)?.type !== 'stream_end' && seen.at(-1)?.type !== 'stream_complete'; turn++) {
    const reader =
      turn % 2 === 0
        ? await Socket.open(`user_id=${user}&last_event_id=${cursor}`)
        : await Stream.open(`${OPS(user)}&last_event_id=${cursor}`)
    await reader.until(
      () => reader.logged.length > turn % 7 || /^stream_(end|complete)$/.test(reader.logged.at(-1)?.type ?? ''),
    )
    const got = reader.logged.slice(0, 1 + (turn % 7))
    seen.push(...got)
    cursor = seen.at(-1)?.id ?? cursor
    reader.close()
  }
  await first.end()
  expect(common(seen)).toEqual(common(await wholeLog(user)))
  first.close()
})

test('[RS2][RS3][RS7] any other cursor gets a resync with the present state, and then live', async () => {
  const user = 'resync'
  await trigger(user, 'Hello there', { request_id: 'before' })
  const wait = await Stream.open(OPS(user), { 'last-event-id': `${(await debug(user)).epoch}-0` })
  await wait.end()
  wait.close()
  const { epoch, last_seq } = await debug(user)
  const cases = {
    '0-0': 'other_epoch',
    [`${epoch}-${last_seq + 1}`]: 'ahead',
    nonsense: 'not_a_cursor',
    [`${epoch}-1e3`]: 'not_a_cursor',
  }
  for (const [cursor, reason] of Object.entries(cases)) {
    const socket = await Socket.open(`user_id=${user}&last_event_id=${cursor}`)
    await socket.until((all) => all.length >= 2)
    const [status, resync] = socket.all
    expect(status?.event_type).toBe('connection_status')
    expect(resync).toMatchObject({
      event_type: 'resync',
      id: `${epoch}-${last_seq}`,
      data: { reason, from_id: `${epoch}-${last_seq}`, first_id: `${epoch}-1`, running: [], omitted: 0 },
    })
    expect(resync?.data['messages']).toMatchObject([
      { role: 'user', content: 'Hello there', request_id: 'before' },
      { role: 'assistant', status: 'complete' },
    ])
    socket.close()
    const stream = await Stream.open(OPS(user), { 'last-event-id': cursor })
    await stream.until((all) => all.length >= 2)
    expect(stream.all[1]).toMatchObject({ type: 'resync', id: `${epoch}-${last_seq}`, data: { reason } })
    stream.close()
  }
})

test('[CU2] an empty Last-Event-ID is none, and the header wins over the query', async () => {
  const user = 'header-wins'
  await trigger(user, 'Hello')
  const { epoch } = await debug(user)
  const both = await Stream.open(`${OPS(user)}&last_event_id=0-0`, { 'last-event-id': `${epoch}-0` })
  await both.end()
  expect(both.all.some(({ type }) => type === 'resync')).toBe(false)
  expect(both.logged[0]?.id).toBe(`${epoch}-1`)
  both.close()
  const empty = await Stream.open(OPS(user), { 'last-event-id': '' })
  await empty.until((all) => all.length > 0)
  expect(empty.all[0]).toMatchObject({ type: 'connection', id: `${epoch}-${(await debug(user)).last_seq}` })
  empty.close()
})

test('[RS6] who comes without a cursor in the middle of an answer gets a snapshot that the next chunk fits on', async () => {
  const user = 'snapshot'
  const writer = await Socket.open(`user_id=${user}&model_preference=paced`)
  writer.say({
    type: 'ai_request',
    prompt: 'Tell me about ice',
    request_id: 'mid',
    stream_config: { granularity: 'token' },
  })
  await writer.until((all) => all.filter(({ event_type }) => event_type === 'token').length > 3)
  const late = await Socket.open(`user_id=${user}`)
  await late.end('mid')
  await writer.end('mid')
  const textOf = (events: readonly { data: Record<string, unknown> }[]) =>
    events.map(({ data }) => (typeof data['chunk'] === 'string' ? data['chunk'] : '')).join('')
  expect(textOf(late.events)).toBe(textOf(writer.logged))
  const [, start, snapshot] = late.events
  expect(start).toMatchObject({ event_type: 'stream_start', id: null, metadata: { snapshot: true } })
  expect(snapshot).toMatchObject({ event_type: 'chunk', id: null, metadata: { snapshot: true } })
  writer.close()
  late.close()
})

test('[RS1][RS4][RS5] a live stream cut at every single event and resumed in the other transport is whole', async () => {
  const user = 'cut-every'
  const writer = await Socket.open(`user_id=${user}&model_preference=paced`)
  const cursor = `${(await debug(user)).epoch}-0`
  const url = (from: string) => `user_id=${user}&last_event_id=${from}`
  /** 80 tokens and the events around them. */
  const cuts = Array.from({ length: 84 }, (_, i) => i + 1)
  const open = (kind: 'ws' | 'sse', from: string) =>
    kind === 'ws' ? Socket.open(url(from)) : Stream.open(`${OPS(user)}&last_event_id=${from}`)
  const ended = (seen: readonly Seen[]) => seen.some(({ type }) => type === 'stream_end' || type === 'stream_complete')
  const readers = cuts.map(async (cut) => {
    const [one, other] = cut % 2 === 0 ? (['ws', 'sse'] as const) : (['sse', 'ws'] as const)
    const before = await open(one, cursor)
    await before.until(() => before.logged.length >= cut || ended(before.logged))
    const seen = before.logged.slice(0, cut)
    before.close()
    if (ended(seen)) return seen
    const after = await open(other, seen.at(-1)?.id ?? cursor)
    await after.until(() => ended(after.logged))
    seen.push(...after.logged)
    after.close()
    return seen
  })
  writer.say({ type: 'ai_request', prompt: 'Flow', request_id: 'every', stream_config: { granularity: 'token' } })
  await writer.end('every')
  const log = common(await wholeLog(user))
  expect(log.length).toBeGreaterThan(80)
  for (const seen of await Promise.all(readers)) expect(common(seen)).toEqual(log)
  writer.close()
})
