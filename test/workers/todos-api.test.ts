import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { app } from '../../src/edge/app.ts'
import { endpointsOf } from '../../src/edge/endpoint.ts'
import { aNewUser } from './chat-support.ts'
import { debug } from './support.ts'
import { listed, made, rest, says, type TodoOnWire, ZONE } from './todo-support.ts'

const hubOf = (user: string) => env.SESSION_HUB.getByName(`user:${user}`)

/** What the document tells of an answer. */
function told(method: string, path: string, status: number) {
  const route = endpointsOf(app.routes).endpoints.find((one) => one.method === method && one.path === path)
  return route?.responses[status]?.content?.['application/json']?.schema
}

test('[TR7][DO3] a todo is made, read, changed and deleted; each answer is what the document tells', async () => {
  const user = 'rest'
  const draft = {
    item: ' Buy milk ',
    start_time: '1 July 2027 at 2pm',
    end_time: '2 hours',
    importance: 'high',
    tags: ['#home', 'Home'],
  }
  const created = await rest('POST', '/api/todos', user, { ...draft, time_zone: ZONE })
  expect(created.status).toBe(201)
  expect(created.body).toEqual({
    todo_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    item: 'Buy milk',
    start_time: '2027-07-01T14:00:00-04:00',
    end_time: '2027-07-01T16:00:00-04:00',
    importance: 'high',
    tags: ['home'],
    status: 'pending',
    created_at: expect.stringMatching(/Z$/),
    updated_at: created.body['created_at'],
  })
  expect(told('post', '/api/todos', 201)?.parse(created.body)).toEqual(created.body)
  const path = `/api/todos/${String(created.body['todo_id'])}`
  expect(created.headers.get('location')).toBe(path)
  const read = await rest('GET', path, user)
  expect([read.status, read.body]).toEqual([200, created.body])
  expect(told('get', '/api/todos/{todo_id}', 200)?.parse(read.body)).toEqual(read.body)

  // Moved without a word about its end, it keeps its length; a day alone keeps the time of day.
  const moved = await rest('PATCH', path, user, { start_time: '24 December 2027', add_tags: ['gift'], time_zone: ZONE })
  expect([moved.status, moved.body]).toMatchObject([
    200,
    {
      start_time: '2027-12-24T14:00:00-05:00',
      end_time: '2027-12-24T16:00:00-05:00',
      tags: ['home', 'gift'],
      item: 'Buy milk',
    },
  ])
  expect(told('patch', '/api/todos/{todo_id}', 200)?.parse(moved.body)).toEqual(moved.body)
  const done = await rest('PATCH', path, user, { status: 'completed', end_time: null, item: 'Bought milk', tags: [] })
  expect(done.body).toEqual({
    ...moved.body,
    status: 'completed',
    end_time: null,
    item: 'Bought milk',
    tags: [],
    updated_at: expect.any(String),
  })
  expect((await rest('PATCH', path, user, {})).body).toEqual(done.body)
  const list = await rest('GET', '/api/todos', user)
  expect([list.status, list.body]).toEqual([200, { todos: [done.body] }])
  expect(told('get', '/api/todos', 200)?.parse(list.body)).toEqual(list.body)

  const gone = await rest('DELETE', path, user)
  expect([gone.status, gone.body]).toEqual([200, { deleted: done.body }])
  expect(told('delete', '/api/todos/{todo_id}', 200)?.parse(gone.body)).toEqual(gone.body)
  for (const method of ['GET', 'DELETE']) {
    expect([method, await rest(method, path, user)]).toMatchObject([
      method,
      { status: 404, body: { code: 'todo_not_found' } },
    ])
  }
  expect((await rest('PATCH', path, user, { status: 'pending' })).status).toBe(404)
  expect(await listed(user)).toEqual([])
})

test('[TR7] a todo needs nothing but an item: it is at the next full hour or in the morning, of medium importance', async () => {
  const todo = await made('rest-least', { item: 'Breathe' })
  expect(todo).toMatchObject({ item: 'Breathe', end_time: null, importance: 'medium', tags: [], status: 'pending' })
  const [start, created] = [Date.parse(todo.start_time), Date.parse(todo.created_at)]
  expect(start).toBeGreaterThanOrEqual(created)
  expect(start - created).toBeLessThanOrEqual(15 * 3_600_000)
  expect(new Date(start).getUTCHours()).toBeGreaterThanOrEqual(9)
  expect(new Date(start).getUTCHours()).toBeLessThanOrEqual(18)
  const empty = { item: 'Breathe out', start_time: null, importance: null, tags: null }
  expect(await made('rest-least', empty)).toMatchObject({ importance: 'medium', tags: [] })
})

test('[TR6] times are read and told in the zone of the body, the query or the header; without one told as written', async () => {
  const user = 'rest-zones'
  const words = { item: 'x', start_time: '2027-07-01T14:00' }
  const from = async (body: object, path = '/api/todos', headers = {}) =>
    (await rest('POST', path, user, { ...words, ...body }, headers)).body['start_time']
  const header = { 'x-time-zone': 'Asia/Tokyo' }
  const query = '/api/todos?time_zone=Asia/Kolkata'
  expect(await from({ time_zone: ZONE }, query, header)).toBe('2027-07-01T14:00:00-04:00')
  expect(await from({ time_zone: null }, query, header)).toBe('2027-07-01T14:00:00+05:30')
  expect(await from({}, '/api/todos', header)).toBe('2027-07-01T14:00:00+09:00')
  expect(await from({})).toBe('2027-07-01T14:00:00+00:00')
  expect(await from({ start_time: '2027-07-01T14:00:00-07:00' })).toBe('2027-07-01T21:00:00+00:00')
  const starts = async (more: string, headers = {}) => {
    const { body } = await rest('GET', `/api/todos${more}`, user, undefined, headers)
    return told('get', '/api/todos', 200)?.parse(body)
  }
  const told_ = (times: readonly string[]) => ({
    todos: times.map((start_time) => expect.objectContaining({ start_time })),
  })
  expect(await starts('')).toEqual(
    told_([
      '2027-07-01T14:00:00+09:00',
      '2027-07-01T14:00:00+05:30',
      '2027-07-01T14:00:00+00:00',
      '2027-07-01T14:00:00-04:00',
      '2027-07-01T21:00:00+00:00',
    ]),
  )
  const inTokyo = told_(['14:00', '17:30', '23:00'].map((time) => `2027-07-01T${time}:00+09:00`))
  expect(await starts('?time_zone=Asia/Tokyo&from=2027-07-01')).toEqual(inTokyo)
  expect(await starts('?from=2027-07-01', header)).toEqual(inTokyo)
})

test('[TR7] filters: each alone, and all together, in words too', async () => {
  const user = 'rest-filters'
  const items = [
    { item: 'Buy milk', start_time: '2027-07-01T09:00', importance: 'low', tags: ['Shop'] },
    {
      item: 'Buy a present',
      start_time: '2027-07-02T09:00',
      end_time: '2027-07-03T12:00',
      importance: 'high',
      tags: ['shop', 'bob'],
    },
    { item: 'Call mom', start_time: '2027-07-05T09:00', tags: ['family'] },
  ]
  const ids: string[] = []
  for (const item of items) ids.push((await made(user, item)).todo_id)
  await rest('PATCH', `/api/todos/${ids[0]}`, user, { status: 'completed' })
  const cases: readonly [string, readonly number[]][] = [
    ['', [0, 1, 2]],
    ['?status=completed', [0]],
    ['?status=pending', [1, 2]],
    ['?importance=high', [1]],
    ['?tag=SHOP', [0, 1]],
    ['?tag=%23bob', [1]],
    ['?query=buy', [0, 1]],
    ['?query=the+present+to+buy', [1]],
    ['?query=family', [2]],
    ['?query=nothing', []],
    ['?from=2027-07-03&to=2027-07-05', [1, 2]],
    ['?from=2027-07-03', [1]],
    ['?from=July+1+2027', [0]],
    ['?to=July+2+2027', [0, 1]],
    ['?from=2027-07-03T12:00', [2]],
    ['?tag=shop&status=pending&query=present&importance=high', [1]],
    ['?tag=shop&status=pending&importance=low', []],
  ]
  for (const [query, found] of cases) {
    expect([query, (await listed(user, query)).map(({ todo_id }) => todo_id)]).toEqual([
      query,
      found.map((i) => ids[i]),
    ])
  }
  for (const query of [
    '?status=done',
    '?importance=urgent',
    '?from=whenever',
    '?from=2027-07-03&to=2027-07-01',
    '?tag=',
  ]) {
    expect([query, (await rest('GET', `/api/todos${query}`, user)).body]).toMatchObject([
      query,
      { code: 'bad_request' },
    ])
  }
})

test('[TR7] what cannot be kept is refused with a sentence, and nothing changes', async () => {
  const user = 'rest-wrong'
  const { todo_id } = await made(user, { item: 'Stay', start_time: '2027-07-01T09:00' })
  const before = await listed(user)
  const rows = (await debug(user)).rows_written
  const bad: readonly [object, RegExp][] = [
    [{ item: '' }, /^`item`/],
    [{ item: 'x'.repeat(501) }, /^`item`/],
    [{ item: 'x', start_time: 'when pigs fly' }, /not understood as a time/],
    [{ item: 'x', start_time: '2027-02-30' }, /not understood as a time/],
    [{ item: 'x', start_time: '2027-07-02T10:00', end_time: '2027-07-02T09:00Z' }, /cannot end before it begins/],
    [{ item: 'x', importance: 'urgent' }, /^`importance`/],
    [{ item: 'x', tags: 'home' }, /^`tags`/],
    [{ item: 'x', tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, /^`tags`/],
    [{ item: 'x', status: 7, add_tags: [''] }, /^`(status|add_tags)/],
  ]
  for (const [body, words] of bad) {
    const isChange = 'status' in body
    const answer = isChange
      ? await rest('PATCH', `/api/todos/${todo_id}`, user, body)
      : await rest('POST', '/api/todos', user, body)
    expect([body, answer.status, answer.body]).toMatchObject([
      body,
      400,
      { code: 'bad_request', detail: expect.stringMatching(words) },
    ])
  }
  expect((await rest('POST', '/api/todos', user, {})).body).toMatchObject({ code: 'bad_request' })
  expect((await rest('GET', '/api/todos/not%20an%20id', user)).body).toMatchObject({ code: 'bad_request' })
  expect((await rest('PUT', `/api/todos/${todo_id}`, user, {})).status).toBe(405)
  expect(await listed(user)).toEqual(before)
  expect((await debug(user)).rows_written).toBe(rows)
})

test('[TR8] another user’s todo is a 404, by its id and for whatever is done with it', async () => {
  const { todo_id } = await made('rest-ann', { item: 'Hers alone' })
  const path = `/api/todos/${todo_id}`
  for (const user of ['rest-bob', 'never-was', null]) {
    for (const [method, body] of [['GET'], ['PATCH', { status: 'completed' }], ['DELETE']] as const) {
      const answer = await rest(method, path, user, body)
      expect([user, method, answer.status, answer.body]).toMatchObject([user, method, 404, { code: 'todo_not_found' }])
      expect(JSON.stringify(answer.body)).not.toContain('Hers')
    }
    expect(await listed(user)).toEqual([])
  }
  expect(await listed('rest-ann')).toMatchObject([{ item: 'Hers alone', status: 'pending' }])
})

test('[TR8][ID2] without a name, a todo is in a private hub that its id leads back to', async () => {
  const mine = await made(null, { item: 'Mine' })
  const path = `/api/todos/${mine.todo_id}`
  expect(mine.todo_id).toMatch(/^p[0-9a-f]{32}-/)
  expect((await rest('GET', path, null)).body).toEqual(mine)
  expect((await rest('PATCH', path, null, { status: 'completed' })).body).toMatchObject({ status: 'completed' })
  expect(await listed(null)).toEqual([])
  expect((await rest('GET', path, 'somebody')).status).toBe(404)
  // A second one beside it, by the session that both are in.
  const session_id = 'my-own-session-of-todos'
  await made(null, { item: 'Buy milk', session_id })
  await made(null, { item: 'Call mom', session_id })
  expect(await listed(null, `?session_id=${session_id}`)).toHaveLength(2)
  await says(null, 'mark buy milk as done', { session_id })
  expect(await listed(null, `?session_id=${session_id}&status=completed`)).toMatchObject([{ item: 'Buy milk' }])
  expect((await rest('DELETE', path, null)).status).toBe(200)
  expect((await rest('GET', path, null)).status).toBe(404)
})

test('[TD4] a todo costs one row when it is made, changed or deleted, and none when it is read', async () => {
  const user = 'rest-rows'
  await made(user, { item: 'First' })
  const cost = async <T>(work: () => Promise<T>): Promise<number> => {
    const before = (await debug(user)).rows_written
    await work()
    return (await debug(user)).rows_written - before
  }
  let todo: TodoOnWire | null = null
  expect(await cost(async () => (todo = await made(user, { item: 'Second', tags: ['a', 'b'] })))).toBe(1)
  const path = `/api/todos/${String(todo?.['todo_id'])}`
  expect(await cost(() => rest('PATCH', path, user, { status: 'completed' }))).toBe(1)
  expect(await cost(() => rest('PATCH', path, user, { status: 'completed' }))).toBe(0)
  expect(await cost(() => listed(user, '?query=second'))).toBe(0)
  expect(await cost(() => rest('DELETE', path, user))).toBe(1)
  expect(await cost(() => rest('DELETE', path, user))).toBe(0)
})

test('[TR9][SC3] a hub is not wiped while it keeps a todo, and is once the last one is deleted', async () => {
  const user = 'rest-kept'
  const { todo_id } = await made(user, { item: 'Renew the passport', start_time: '2031-01-01' })
  const age = async (): Promise<void> => {
    await runInDurableObject(hubOf(user), (_, { storage }) => {
      storage.sql.exec('UPDATE hub SET created_at = created_at - ?', 200 * 86_400_000)
    })
    await evictDurableObject(hubOf(user))
    await debug(user)
    await runDurableObjectAlarm(hubOf(user))
  }
  await age()
  expect(await listed(user)).toMatchObject([{ todo_id }])
  await evictDurableObject(hubOf(user))
  expect(await listed(user)).toMatchObject([{ todo_id }])
  await rest('DELETE', `/api/todos/${todo_id}`, user)
  // The alarm is due at once.
  await runDurableObjectAlarm(hubOf(user))
  const hubs = async () =>
    runInDurableObject(hubOf(user), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'hub'").toArray(),
    )
  while ((await hubs()).length > 0);
  expect(await listed(user)).toEqual([])
})

test('[TR7] 2000 todos are kept, the next one is refused, and reading them all is one answer', async () => {
  const user = 'rest-many'
  await made(user, { item: 'The first', start_time: '2027-01-01' })
  await runInDurableObject(hubOf(user), (_, { storage }) => {
    const [{ body } = {}] = storage.sql.exec<{ body: string }>('SELECT body FROM todos').toArray()
    for (let i = 1; i < 2000; i++) {
      const todo: unknown = { ...JSON.parse(body ?? ''), todo_id: `t-${i}`, item: `x${'é'.repeat(498)}` }
      storage.sql.exec('INSERT INTO todos VALUES (?, ?)', `t-${i}`, JSON.stringify(todo))
    }
  })
  const refused = await rest('POST', '/api/todos', user, { item: 'One more' })
  expect([refused.status, refused.body]).toMatchObject([409, { code: 'too_many_todos' }])
  expect(await listed(user)).toHaveLength(2000)
  await rest('DELETE', '/api/todos/t-7', user)
  expect((await rest('POST', '/api/todos', user, { item: 'One more' })).status).toBe(201)
})

test('[TR7] whatever is in an item and its tags comes back as it was', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((item) => item.trim() !== '')
  await fc.assert(
    fc.asyncProperty(text, fc.array(text, { maxLength: 3 }), async (item, tags) => {
      const user = aNewUser('rest-any')
      const todo = await made(user, { item, tags: tags.map((tag) => `t${tag}`) })
      expect(todo.item).toBe(item.trim())
      expect(await listed(user)).toEqual([todo])
      expect((await rest('GET', `/api/todos/${todo.todo_id}`, user)).body).toEqual(todo)
    }),
    { numRuns: 20 },
  )
})
