import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { call, debug, Socket, seqOf, wholeLog } from '../workers/support.ts'
import { aUser, codeOf, post } from './asking.ts'

const AGENT = '/api/todos/agent-create/stream'
const LIMIT = 6

/** Runs a statement in a hub's storage; one that is about to start anew is asked again. */
async function sql(user: string, statement: string): Promise<void> {
  const exec = () =>
    runInDurableObject(env.SESSION_HUB.getByName(`user:${user}`), (_, { storage }) => {
      storage.sql.exec(statement)
    })
  for (;;) {
    try {
      return await exec()
    } catch (error) {
      if (!String(error).includes('the hub starts anew')) throw error
    }
  }
}

/** Makes the storage refuse a statement until the trigger is gone, as one that is full does. */
const broken = (when: string): string =>
  `CREATE TRIGGER broken BEFORE ${when} BEGIN SELECT RAISE(ABORT, 'the storage is full'); END`
const MENDED = 'DROP TRIGGER broken'

const agent = (user: string, i: number) => post(AGENT, { messages: [{ role: 'user', content: `Number ${i}` }] }, user)

test('[LG8] a start over HTTP that cannot be stored is answered, and counts nothing: the hub starts anew from what is stored', async () => {
  const user = aUser()
  expect(await post('/sessions/new', '', user)).toBeNull()
  const { instance_id } = await debug(user)
  await sql(user, broken('INSERT ON requests'))
  expect(await agent(user, 0)).toBe('internal')
  await sql(user, MENDED)
  expect((await debug(user)).instance_id).not.toBe(instance_id)
  // All of the minute is there yet, and no more than that.
  for (let i = 1; i <= LIMIT; i++) expect({ i, code: await agent(user, i) }).toEqual({ i, code: null })
  expect(await agent(user, LIMIT + 1)).toBe('rate_limit_exceeded')
})

test('[LG8][LG1] after an end that could not be stored, by a cancel over HTTP, the log goes on without a gap', async () => {
  const user = aUser()
  const socket = await Socket.open(`user_id=${user}&model_preference=endless`)
  socket.say({ type: 'ai_request', prompt: 'One', request_id: `${user}-1` })
  await socket.until((all) => all.some(({ event_type }) => event_type === 'chunk'))
  await sql(user, broken("UPDATE ON requests WHEN new.status = 'cancelled'"))
  const answer = await call(`/api/requests/${user}-1/cancel`, { method: 'POST', headers: { 'x-user-id': user } })
  expect(await codeOf(answer)).toBe('internal')
  await sql(user, MENDED)
  expect(await post('/api/sse/trigger-stream?wait=true', { prompt: 'Two' }, user)).toBeNull()
  const log = await wholeLog(user)
  expect(log.map(({ id }) => seqOf(id))).toEqual(log.map((_, i) => i + 1))
  const ends = log.filter(({ type }) => /^(stream_end|error)$/.test(type)).map(({ data }) => data['error_type'] ?? null)
  // What ran was ended by the next instance.
  expect(ends).toEqual(['interrupted', null])
  socket.close()
})

test('[LG8] whatever is asked while the hub is about to start anew leaves no trace', async () => {
  const user = aUser()
  expect(await post('/sessions/new', '', user)).toBeNull()
  await sql(user, broken('INSERT ON requests'))
  const codes = await Promise.all(
    Array.from({ length: 4 }, (_, i) => post('/api/sse/trigger-stream', { prompt: `Number ${i}` }, user)),
  )
  expect(codes).toEqual(['internal', 'internal', 'internal', 'internal'])
  await sql(user, MENDED)
  expect(await post('/api/sse/trigger-stream?wait=true', { prompt: 'At last' }, user)).toBeNull()
  const log = await wholeLog(user)
  expect(log.map(({ id }) => seqOf(id))).toEqual(log.map((_, i) => i + 1))
  expect(log.filter(({ type }) => type === 'stream_start')).toHaveLength(1)
})
