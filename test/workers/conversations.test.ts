import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { SCHEMA_VERSION } from '../../src/hub/schema.ts'
import { aNewUser, ask, chat, ended, headersOf, ofType, requestOf, said, textOf, turn } from './chat-support.ts'
import { call, debug, Socket, Stream, seqOf, wholeLog } from './support.ts'

const hubOf = (user: string) => env.SESSION_HUB.getByName(`user:${user}`)

/** Everything that a user's hub holds, as text: all rows of all tables. */
function dump(user: string): Promise<string> {
  return runInDurableObject(hubOf(user), (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
    expect(tables.length).toBeGreaterThan(6)
    return JSON.stringify(tables.map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()]))
  })
}

function sessionOf(stream: Stream): string {
  return String(ofType(stream.all, 'session_info')[0]?.data['session_id'])
}

async function messagesOf(user: string | null, id: string): Promise<readonly Record<string, unknown>[]> {
  const { status, body } = await ask('GET', `/sessions/${id}`, user)
  expect(status).toBe(200)
  if (!Array.isArray(body['messages'])) throw new Error('no messages')
  expect(body['message_count']).toBe(body['messages'].length)
  return body['messages']
}

async function listOf(user: string, query = '') {
  const { body } = await ask('GET', `/sessions?${query}`, user)
  const { sessions, next } = body
  if (!Array.isArray(sessions) || !(typeof next === 'string' || next === null)) throw new Error('no list')
  return { ids: sessions.map((one: Record<string, unknown>) => String(one['session_id'])), next, sessions }
}

test('[CV1] D4: a message makes a conversation; the events are those of the contract, in its order', async () => {
  const user = 'd4'
  const stream = await said(user, { message: 'Hello there' })
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  // `data:` only: nobody has to listen for names.
  expect(stream.all.every(({ type }) => type === 'message')).toBe(true)
  const types = stream.all.map(({ data }) => data['type'])
  expect(types.filter((type, i) => type !== types[i - 1])).toEqual(['session_info', 'status', 'chunk', 'complete'])
  const id = sessionOf(stream)
  expect(stream.all[0]?.data).toMatchObject({ session_id: id, model: 'freshet-embedded-1' })
  expect(stream.all[1]?.data).toMatchObject({ message: expect.any(String), context_messages: 0 })
  const chunks = ofType(stream.all, 'chunk').map(({ data }) => data)
  expect(chunks.map(({ is_final }) => is_final).indexOf(true)).toBe(chunks.length - 1)
  expect(stream.all.at(-1)?.data).toMatchObject({
    total_chunks: chunks.at(-1)?.['chunk_number'],
    processing_time: expect.any(Number),
    message_count: 2,
  })
  const read = await ask('GET', `/sessions/${id}`, user)
  expect(read.body).toMatchObject({
    session_id: id,
    model: 'freshet-embedded-1',
    title: 'Hello there',
    message_count: 2,
  })
  expect(await messagesOf(user, id)).toEqual([
    {
      role: 'user',
      content: 'Hello there',
      timestamp: expect.any(String),
      status: 'complete',
      request_id: requestOf(stream),
    },
    {
      role: 'assistant',
      content: textOf(stream.all),
      timestamp: expect.any(String),
      status: 'complete',
      request_id: requestOf(stream),
    },
  ])
  for (const time of [read.body['created_at'], read.body['updated_at']]) {
    expect(new Date(String(time)).toISOString()).toBe(time)
  }
})

test('[CV3] the model is given what was said before, and the status says how much', async () => {
  const user = 'd4-turns'
  const first = await said(user, { message: 'Hello there' })
  const session_id = sessionOf(first)
  expect(textOf(first.all)).not.toContain('earlier turn')
  for (const [i, message] of ['And then?', 'And after that?'].entries()) {
    const next = await said(user, { message, session_id })
    expect(sessionOf(next)).toBe(session_id)
    expect(ofType(next.all, 'status')[0]?.data).toMatchObject({ context_messages: 2 * (i + 1), dropped_messages: 0 })
    expect(textOf(next.all)).toContain(`the ${2 * (i + 1)} earlier turns`)
    expect(next.all.at(-1)?.data).toMatchObject({ message_count: 2 * (i + 2) })
  }
  // Another conversation knows nothing of it.
  const other = await said(user, { message: 'And then?' })
  expect(textOf(other.all)).not.toContain('earlier turn')
})

test('[CV3] what does not fit is left out, the oldest first, and the status says so', async () => {
  const user = 'd4-long'
  const session_id = 'long-one'
  for (const word of ['alpha', 'beta', 'gamma']) await said(user, { message: `${word} `.repeat(5000), session_id })
  const stream = await said(user, { message: 'What did I say?', session_id })
  const status = ofType(stream.all, 'status')[0]?.data
  expect(Number(status?.['dropped_messages'])).toBeGreaterThan(0)
  expect(Number(status?.['dropped_messages']) + Number(status?.['context_messages'])).toBe(6)
  expect(status?.['message']).toContain('left out')
  // It is left out for the model only.
  expect(await messagesOf(user, session_id)).toHaveLength(8)
})

test('[CV2] what was cancelled, timed out or interrupted is kept with its text so far and how it ended', async () => {
  const user = 'd4-ends'
  const cancelled = await turn(user, { message: 'Never ending', session_id: 'cut', model: 'endless' })
  await cancelled.until((all) => ofType(all, 'chunk').length > 1)
  await ask('POST', `/api/requests/${requestOf(cancelled)}/cancel`, user)
  await cancelled.over()
  expect(cancelled.all.at(-1)?.data).toMatchObject({ type: 'complete', status: 'cancelled', message_count: 2 })
  expect(await messagesOf(user, 'cut')).toMatchObject([
    { role: 'user', content: 'Never ending', status: 'cancelled' },
    { role: 'assistant', content: textOf(cancelled.all), status: 'cancelled' },
  ])

  const socket = await Socket.open(`user_id=${user}&model_preference=endless&conversation_id=late`)
  socket.say({ type: 'ai_request', prompt: 'Too long', request_id: 'late-1', config: { timeout: 0.5 } })
  await socket.end('late-1')
  expect(await messagesOf(user, 'late')).toMatchObject([{ content: 'Too long', status: 'error' }, { status: 'error' }])
  socket.close()

  const dead = await turn(user, { message: 'Struck down', session_id: 'dead', model: 'endless' })
  await dead.until((all) => ofType(all, 'chunk').length > 2)
  const had = textOf(dead.all)
  await runInDurableObject(hubOf(user), (_, state) => state.abort('as a kill does')).catch(() => undefined)
  await dead.over()
  expect(dead.all.at(-1)?.data).toMatchObject({ type: 'error', code: 'interrupted', session_id: 'dead' })
  const [asked, answered] = await messagesOf(user, 'dead')
  expect(asked).toMatchObject({ content: 'Struck down', status: 'error' })
  expect(answered?.['status']).toBe('error')
  expect(String(answered?.['content']).startsWith(had)).toBe(true)
})

test('[CV1] the list is in pages of any size, newest first, each conversation once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(8), { maxLength: 2 }),
      async (count, limit, used) => {
        const user = aNewUser('pages')
        const made: string[] = []
        for (let i = 0; i < count; i++) {
          const { body } = await ask('POST', '/sessions/new', user, { title: `Number ${i}` })
          made.push(String(body['session_id']))
        }
        for (const i of used) {
          const session_id = made[i]
          if (session_id !== undefined) await said(user, { message: 'Hello', session_id })
        }
        const whole = await listOf(user)
        expect(whole.ids.toSorted()).toEqual(made.toSorted())
        expect(whole.next).toBeNull()
        const times = whole.sessions.map(({ updated_at }) => String(updated_at))
        expect(times).toEqual(times.toSorted().toReversed())
        const paged: string[] = []
        for (let next: string | null = ''; next !== null; ) {
          const page = await listOf(user, `limit=${limit}${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`)
          expect(page.ids.length).toBeLessThanOrEqual(limit)
          paged.push(...page.ids)
          next = page.next
        }
        expect(paged).toEqual(whole.ids)
      },
    ),
    { numRuns: 8 },
  )
})

test('[CV1][CV4] new, rename, clear and delete; a title is the first words until one is given', async () => {
  const user = 'd4-desk'
  const made = await ask('POST', '/sessions/new', user)
  const id = String(made.body['session_id'])
  expect(made).toMatchObject({ status: 200, body: { model: 'freshet-embedded-1', message_count: 0, title: '' } })
  expect(made.body['created_at']).toBe(made.body['updated_at'])
  await said(user, { message: 'Tell me of rivers', session_id: id })
  expect((await listOf(user)).sessions[0]).toMatchObject({ title: 'Tell me of rivers', message_count: 2 })
  const renamed = await ask('PATCH', `/sessions/${id}`, user, { title: ' Rivers ' })
  expect(renamed).toMatchObject({ status: 200, body: { session_id: id, title: 'Rivers', message_count: 2 } })
  expect((await ask('PATCH', `/sessions/${id}`, user, { title: '  ' })).body).toMatchObject({ code: 'bad_request' })
  const cleared = await ask('POST', `/sessions/${id}/clear`, user)
  expect(cleared).toMatchObject({ status: 200, body: { session_id: id, status: 'cleared' } })
  expect(await messagesOf(user, id)).toEqual([])
  expect((await ask('GET', `/sessions/${id}`, user)).body).toMatchObject({ title: 'Rivers' })
  // The same words in it are a new question.
  const again = await said(user, { message: 'Tell me of rivers', session_id: id })
  expect(ofType(again.all, 'status')[0]?.data).toMatchObject({ context_messages: 0 })
  expect(await ask('DELETE', `/sessions/${id}`, user)).toMatchObject({ status: 200, body: { status: 'deleted' } })
  expect((await listOf(user)).ids).toEqual([])
  expect((await ask('DELETE', `/sessions/${id}`, user)).status).toBe(404)
})

test("[CV1] another's conversation is as unknown as one that never was", async () => {
  const mine = sessionOf(await said('owner', { message: 'Mine alone' }))
  const nameless = String((await ask('POST', '/sessions/new', null)).body['session_id'])
  for (const id of [mine, nameless, 'never-was']) {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['POST', '/clear', undefined],
      ['PATCH', '', { title: 'Stolen' }],
    ] as const) {
      const { status, body: problem } = await ask(method, `/sessions/${id}${path}`, 'stranger', body)
      expect([method, id, status, problem['code']]).toEqual([method, id, 404, 'conversation_not_found'])
      expect(problem['detail']).toBe('There is no conversation with this id.')
    }
  }
  expect(await messagesOf('owner', mine)).toHaveLength(2)
  expect((await ask('GET', `/sessions/${nameless}`, null)).status).toBe(200)
  await said(null, { message: 'Hello', session_id: nameless })
  expect(await messagesOf(null, nameless)).toHaveLength(2)
  expect((await ask('GET', '/sessions', null)).body).toEqual({ sessions: [], next: null })
})

test.each(['delete', 'clear'])('[CV6] %s takes every word out of the hub; numbers and cursors stay', async (how) => {
  const user = `gone-${how}`
  const secret = 'xylophone'
  const kept = await said(user, { message: 'I stay: accordion', session_id: 'stays' })
  const first = await said(user, { message: `Play the ${secret}`, session_id: 'goes' })
  const second = await chat(user, { message: `My ${secret} and I sleep badly`, session_id: 'goes' })
  await second.over()
  await ask('PATCH', '/sessions/goes', user, { title: `About my ${secret}` })
  // The answers quote it.
  for (const { all } of [first, second]) expect(textOf(all)).toContain(secret)
  const before = await dump(user)
  for (const table of ['exchanges', 'log_0', 'cache', 'conversations']) {
    expect(before).toMatch(new RegExp(`\\["${table}",[^\\n]*?${secret}`))
  }
  const { last_seq, epoch } = await debug(user)
  if (how === 'delete') await ask('DELETE', '/sessions/goes', user)
  else {
    await ask('PATCH', '/sessions/goes', user, { title: 'Silence' })
    await ask('POST', '/sessions/goes/clear', user)
  }
  const after = await dump(user)
  expect(after).not.toContain(secret)
  expect(after).toContain('accordion')
  expect((await debug(user)).last_seq).toBe(last_seq)
  // Whoever was in the middle of it is told that there is nothing more; the rest of the log is as it was.
  for (const { id } of [...first.all, ...second.all]) {
    if (id === null) continue
    for (const path of ['/chat/stream', '/api/chat/stream']) {
      expect((await call(path, { headers: headersOf(user, id) })).status).toBe(204)
    }
  }
  expect((await call(`/chat/stream?request_id=${requestOf(first)}`, { headers: headersOf(user) })).status).toBe(204)
  const log = await Socket.open(`user_id=${user}&last_event_id=${epoch}-0`)
  await log.until((all) => all.some(({ event_type }) => event_type === 'stream_end'))
  expect(new Set(log.logged.flatMap(({ data }) => data['request_id'] ?? []))).toEqual(new Set([requestOf(kept)]))
  log.close()
  await evictDurableObject(hubOf(user))
  expect(seqOf((await said(user, { message: 'And on' })).all.at(-1)?.id ?? null)).toBeGreaterThan(last_seq)
})

test('[CV6] what runs in a deleted conversation is cancelled, and leaves nothing', async () => {
  const user = 'gone-running'
  const stream = await turn(user, { message: 'Play the xylophone', session_id: 'goes', model: 'endless' })
  await stream.until((all) => ofType(all, 'chunk').length > 2)
  const other = await Socket.open(`user_id=${user}`)
  await ask('DELETE', '/sessions/goes', user)
  await stream.over()
  expect(stream.all.at(-1)?.data).toMatchObject({ type: 'complete', status: 'cancelled' })
  expect(await ended(user, requestOf(stream))).toBe('cancelled')
  const hub = await hubOf(user).debug()
  expect(hub.active_requests).toBe(0)
  expect(await dump(user)).not.toContain('xylophone')
  expect((await call('/chat/stream', { headers: headersOf(user, stream.all.at(-1)?.id) })).status).toBe(204)
  await other.until((all) => all.some(({ event_type }) => event_type === 'conversation_changed'))
  other.close()
})

/** Makes conversations older, as waiting would; the hub wakes anew. */
async function age(user: string, days: number, id: string): Promise<void> {
  await runInDurableObject(hubOf(user), (_, { storage }) => {
    const ms = days * 86_400_000
    storage.sql.exec('UPDATE conversations SET created_at = created_at - ? WHERE conversation_id = ?', ms, id)
    storage.sql.exec('UPDATE exchanges SET at = at - ? WHERE conversation_id = ?', ms, id)
    // The log's events of it too, each of which is as old as its row.
    const rows = storage.sql
      .exec<{ at: number; last_seq: number; body: string }>('SELECT * FROM log_0 WHERE instr(body, ?)', `"${id}"`)
      .toArray()
    for (const { at, last_seq, body } of rows) {
      const older = body.replaceAll(/"at":[0-9]+/g, `"at":${at - ms}`)
      storage.sql.exec('UPDATE log_0 SET at = ?, body = ? WHERE last_seq = ?', at - ms, older, last_seq)
    }
  })
  await evictDurableObject(hubOf(user))
  await debug(user)
}

test('[CV5][SC1] one that nobody used for its time is deleted by the alarm alone; its last use counts', async () => {
  const user = 'unused'
  await said(user, { message: 'The old xylophone', session_id: 'old' })
  await said(user, { message: 'The young accordion', session_id: 'young' })
  await age(user, 89, 'old')
  await age(user, 89, 'young')
  await runDurableObjectAlarm(hubOf(user))
  expect((await listOf(user)).ids.toSorted()).toEqual(['old', 'young'])
  await said(user, { message: 'Still here', session_id: 'young' })
  await age(user, 2, 'old')
  // The alarm is due at once: it does not wait for a segment of the log to expire.
  while ((await listOf(user)).ids.length > 1);
  expect((await listOf(user)).ids).toEqual(['young'])
  const all = await dump(user)
  expect(all).not.toContain('xylophone')
  expect(all).toContain('accordion')
})

/** Tables and rows as version 1 of the schema made and filled them. */
const V1 = [
  `CREATE TABLE hub (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, epoch TEXT NOT NULL,
    private_key TEXT, user_id TEXT NOT NULL, created_at INTEGER NOT NULL, young INTEGER NOT NULL,
    base_seq INTEGER NOT NULL, totals TEXT NOT NULL)`,
  `CREATE TABLE requests (request_id TEXT PRIMARY KEY, conversation_id TEXT, target TEXT, start_seq INTEGER NOT NULL,
    started_at INTEGER NOT NULL, deadline INTEGER NOT NULL, status TEXT NOT NULL, ended_at INTEGER, chars INTEGER
  ) WITHOUT ROWID`,
  `CREATE TABLE ledger (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, request_id TEXT NOT NULL, provider TEXT NOT NULL,
    model TEXT NOT NULL, outcome TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cost REAL NOT NULL, estimated INTEGER NOT NULL)`,
  `CREATE TABLE cache (key TEXT PRIMARY KEY, body TEXT NOT NULL, chars INTEGER NOT NULL, created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL) WITHOUT ROWID`,
  'CREATE TABLE log_0 (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL)',
  'CREATE TABLE log_1 (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL)',
]

test('[CV9] a hub of version 1 of the schema wakes, keeps its log and its requests, and has conversations', async () => {
  const user = 'from-v1'
  const now = Date.now()
  const event = (request_id: string, type: string, data: object) => {
    return { at: now, request_id, conversation_id: null, target: null, type, data: { request_id, ...data } }
  }
  const start = { prompt: 'Before', prompt_length: 6, estimated_duration: 2 }
  const rows = [
    [event('old-1', 'stream_start', start)],
    [event('old-1', 'chunk', { chunk: 'It was.', chunk_number: 1, accumulated_length: 7 })],
    [
      event('old-1', 'stream_end', {
        total_chunks: 1,
        total_length: 7,
        duration: 1,
        provider_used: 'embedded',
        cache_hit: false,
        finish_reason: 'stop',
        usage: { input_tokens: 1, output_tokens: 1 },
        cost: 0,
        cost_estimated: false,
      }),
    ],
    [event('old-2', 'stream_start', { ...start, prompt: 'Left running' })],
  ]
  await runInDurableObject(hubOf(user), (_, { storage: { sql } }) => {
    for (const statement of V1) sql.exec(statement)
    const totals = JSON.stringify({ requests: 2, completed: 1 })
    sql.exec('INSERT INTO hub VALUES (1, 1, ?, NULL, ?, ?, 0, 0, ?)', 'nold', user, now, totals)
    const insert = 'INSERT INTO requests VALUES (?, NULL, NULL, ?, ?, ?, ?, ?, ?)'
    sql.exec(insert, 'old-1', 1, now, now + 30_000, 'complete', now, 7)
    sql.exec(insert, 'old-2', 4, now, now + 30_000, 'running', null, null)
    for (const [i, events] of rows.entries()) {
      sql.exec('INSERT INTO log_0 VALUES (?, ?, ?, ?)', i + 1, i + 1, now, JSON.stringify(events))
    }
  })
  await evictDurableObject(hubOf(user))
  expect(await debug(user)).toMatchObject({ epoch: 'nold', first_seq: 1, last_seq: 5 })
  expect(await ended(user, 'old-2')).toBe('error')
  // Its rows do not say where a request ended; the log does.
  const watched = await Stream.open('/chat/stream?request_id=old-1', headersOf(user))
  await watched.over()
  expect(textOf(watched.all)).toBe('It was.')
  for (const [n, status] of [
    [1, 200],
    [2, 200],
    [3, 204],
  ] as const) {
    const response = await call('/chat/stream', { headers: headersOf(user, `nold-${n}`) })
    expect([n, response.status]).toEqual([n, status])
    await response.text()
  }
  const stream = await said(user, { message: 'And now?' })
  expect(await messagesOf(user, sessionOf(stream))).toHaveLength(2)
  const versions = await runInDurableObject(hubOf(user), (_, { storage }) =>
    storage.sql.exec('SELECT version FROM hub').toArray(),
  )
  expect(versions).toEqual([{ version: SCHEMA_VERSION }])
})

test('[MO4] /stats and scope=all count the conversations of all users, in pages, without a word of them', async () => {
  const stats = async () => (await ask('GET', '/stats', null)).body
  const before = await stats()
  for (const key of ['uptime_seconds', 'active_streams', 'avg_response_time']) {
    expect(before[key]).toBeGreaterThanOrEqual(0)
  }
  const ids: string[] = []
  for (const user of ['all-a', 'all-b']) {
    ids.push(sessionOf(await said(user, { message: 'The xylophone is mine' })))
    ids.push(String((await ask('POST', '/sessions/new', user, { title: 'A xylophone' })).body['session_id']))
  }
  const cut = await turn('all-b', { message: 'Stopped', model: 'endless' })
  await cut.until((all) => ofType(all, 'chunk').length > 1)
  ids.push(sessionOf(cut))
  await ask('POST', `/api/requests/${requestOf(cut)}/cancel`, 'all-b')
  await cut.over()
  const pages = async (limit: number) => {
    const found: Record<string, unknown>[] = []
    for (let next: string | null = ''; next !== null; ) {
      const query = `scope=all&limit=${limit}${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`
      const page = await listOf('operator', query)
      found.push(...page.sessions)
      next = page.next
    }
    return found
  }
  let all = await pages(50)
  while (!ids.every((id) => all.some(({ session_id }) => session_id === id))) all = await pages(50)
  expect(await pages(3)).toEqual(all)
  expect(JSON.stringify(all)).not.toContain('xylophone')
  const mine = all.find(({ session_id }) => session_id === ids[0])
  expect(mine).toMatchObject({ user_id: 'all-a', message_count: 2, model: 'freshet-embedded-1' })
  const times = all.map(({ updated_at }) => String(updated_at))
  expect(times).toEqual(times.toSorted().toReversed())
  let after = await stats()
  while (Number(after['total_requests']) < Number(before['total_requests']) + 3) after = await stats()
  expect(after).toMatchObject({
    successful_requests: Number(before['successful_requests']) + 2,
    failed_requests: before['failed_requests'],
    total_sessions_created: Number(before['total_sessions_created']) + 5,
    active_sessions: Number(before['active_sessions']) + 5,
    model: 'freshet-embedded-1',
  })
  expect(Number(after['uptime_seconds'])).toBeGreaterThan(Number(before['uptime_seconds']))
  // Deleted ones are gone from it; one that slept through is still told of.
  await ask('DELETE', `/sessions/${ids[0]}`, 'all-a')
  await evictDurableObject(hubOf('all-a'))
  await said('all-a', { message: 'And on', session_id: 'another' })
  while (!all.some(({ session_id }) => session_id === 'another')) all = await pages(50)
  const shown = all.filter(({ user_id }) => user_id === 'all-a').map(({ session_id }) => session_id)
  expect(shown).toEqual(['another', ids[1]])
})

test('[MO4] of one user the newest conversations in use are told, a bounded number', async () => {
  const user = 'many'
  const ids: string[] = []
  for (let i = 0; i < LIMITS.activeConversations + 3; i++) {
    ids.push(String((await ask('POST', '/sessions/new', user)).body['session_id']))
  }
  const newest = ids.slice(3).toReversed()
  let shown: string[] = []
  while (shown[0] !== newest[0]) {
    shown = []
    for (let next: string | null = ''; next !== null; ) {
      const page = await listOf('operator', `scope=all${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`)
      shown.push(...page.sessions.filter(({ user_id }) => user_id === user).map(({ session_id }) => String(session_id)))
      next = page.next
    }
  }
  expect(new Set(shown)).toEqual(new Set(newest))
})

test('[LO1][PR3] the log has a line at the start, by chunks and at the end of each stream of D4, and no word of it', async () => {
  const lines: Record<string, unknown>[] = []
  const spy = vi.spyOn(console, 'info').mockImplementation((line) => void lines.push(line))
  const stream = await turn('lines', { message: 'Play the xylophone', model: 'paced', session_id: 'lines-1' })
  await stream.until((all) => ofType(all, 'chunk').length > 1)
  expect(lines).toMatchObject([
    { message: 'stream started', dialect: 'd4', session_id: 'lines-1', message_chars: 18, active_streams: 1 },
  ])
  await stream.over()
  const own = lines.splice(0)
  expect(own.slice(1, -1).map(({ message, chunks }) => [message, chunks])).toEqual(
    own.slice(1, -1).map((_, i) => ['stream goes on', (i + 1) * 10]),
  )
  const end = own.at(-1)
  expect(end).toMatchObject({
    message: 'stream ended',
    session_id: 'lines-1',
    request_id: requestOf(stream),
    status: 'complete',
    active_streams: 0,
  })
  expect(Number(end?.['chunks'])).toBeGreaterThan(2)
  expect(Number(end?.['seconds'])).toBeGreaterThan(0.3)
  const left = await turn(null, { message: 'Play the xylophone', model: 'endless' })
  await left.until((all) => ofType(all, 'chunk').length > 1)
  left.close()
  await vi.waitUntil(() => lines.at(-1)?.['message'] === 'stream ended', { interval: 10 })
  spy.mockRestore()
  expect(lines.at(-1)).toMatchObject({ message: 'stream ended', status: 'left', active_streams: 0 })
  const said = JSON.stringify([...own, ...lines])
  expect(said).not.toContain('xylophone')
  // A nameless caller's id is the key to its hub.
  expect(said).not.toContain(sessionOf(left).slice(0, 33))
  await ask('POST', `/api/requests/${requestOf(left)}/cancel`, null)
})

test('[CV2] a log that is read anew has what the conversation has', async () => {
  const user = 'd4-log'
  const stream = await said(user, { message: 'Word for word', session_id: 'words' })
  const log = await wholeLog(user)
  const text = log.flatMap(({ type, data }) => (type === 'chunk' ? [String(data['chunk'])] : [])).join('')
  expect((await messagesOf(user, 'words'))[1]?.['content']).toBe(text)
  expect(textOf(stream.all)).toBe(text)
})

test('[MO4][CV8] a conversation whose first answer dies with its hub was made all the same', async () => {
  const user = 'made-and-died'
  const made = async () =>
    (await (await call('/stats')).json<{ total_sessions_created: number }>()).total_sessions_created
  await ask('GET', '/sessions', user)
  const before = await made()
  const stream = await turn(user, { message: 'Never ending', model: 'endless', session_id: 'dies' })
  await stream.until((all) => ofType(all, 'chunk').length > 1)
  await runInDurableObject(hubOf(user), (_, state) => state.abort('as a kill does')).catch(() => undefined)
  stream.close()
  await ask('GET', '/sessions/dies', user)
  await vi.waitFor(async () => expect(await made()).toBe(before + 1), 5000)
  expect((await ask('GET', '/sessions?limit=1&next=9999999999999_x', user)).status).toBe(200)
})
