import { expect, test } from 'vitest'
import { randomFrom } from '../support/client-random.ts'
import { Actor } from './isolation-actor.ts'
import { CALLS, closeAll, type Open } from './isolation-calls.ts'
import { call, debug, wholeLog } from './support.ts'

/** Calls that a user makes at a time. */
const LANES = 3

/** Makes so many calls, one after another in each lane. */
async function live(actor: Actor, calls: number): Promise<void> {
  const opens: Open[] = []
  const lane = async (): Promise<void> => {
    const open: Open = { sockets: [], streams: [] }
    opens.push(open)
    while (actor.calls < calls) await actor.pick(CALLS)(actor, open)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  // What still comes is waited for before the readers go.
  while (
    actor.name !== null &&
    (await (await call(hubOf(actor))).json<{ active_requests: number }>()).active_requests > 0
  );
  for (const open of opens) closeAll(actor, open)
}

function hubOf({ name }: Actor): string {
  return `/debug/hub?user_id=${encodeURIComponent(name ?? '')}`
}

/** All that is kept of a user, read by that user. */
async function readAll(actor: Actor): Promise<void> {
  const { text } = await actor.http('sessions', 'GET', '/sessions?limit=50')
  const { sessions }: { sessions: { session_id: string }[] } = JSON.parse(text)
  for (const { session_id } of sessions) await actor.http('session', 'GET', `/sessions/${session_id}`)
  await actor.http('todos', 'GET', '/api/todos')
  if (actor.name === null) return
  // Whoever reads a log to its end must be told its last event, which one of a deleted conversation is not.
  await actor.http('trigger', 'POST', '/api/sse/trigger-stream?wait=true', { body: { prompt: actor.words() } })
  for (const event of await wholeLog(encodeURIComponent(actor.name))) actor.hear(JSON.stringify(event), 'the log')
}

function total(actor: Actor, pattern: RegExp): number {
  return [...actor.counts].filter(([key]) => pattern.test(key)).reduce((sum, [, count]) => sum + count, 0)
}

/** Kinds of call that never worked: what was refused always would prove nothing. */
function unworked(actor: Actor): readonly string[] {
  const kinds = new Set([...actor.counts.keys()].map((key) => key.replace(/ \d+$/, '')))
  return [...kinds].filter((kind) => {
    const status = kind === 'used ticket' ? '401' : '[12]\\d\\d'
    return total(actor, new RegExp(`^${kind} ${status}$`)) === 0
  })
}

/** Goes on until every kind of call has worked: which ids are still good is chance. At last once with todos of its own. */
async function liveOn(actor: Actor): Promise<void> {
  for (let i = 0; i < 20 && unworked(actor).length > 0; i++) await live(actor, actor.calls + 50)
  // A todo lives shortly among so many calls that delete: one is made, read, changed and deleted in this order.
  const body = { item: actor.words(), tags: [actor.secret] }
  const { todo_id }: { todo_id: string } = JSON.parse(
    (await actor.http('new todo', 'POST', '/api/todos', { body })).text,
  )
  await actor.http('todo', 'GET', `/api/todos/${todo_id}`)
  await actor.http('change todo', 'PATCH', `/api/todos/${todo_id}`, { body: { item: actor.words() } })
  await actor.http('delete todo', 'DELETE', `/api/todos/${todo_id}`)
}

test('[ID2][CV1][RS1] of two users with a thousand random calls each, neither sees a byte of the other’s', {
  timeout: 60_000,
}, async () => {
  const seed = 20_261_120
  const ann = new Actor('ann', randomFrom(seed))
  const bob = new Actor('bob', randomFrom(seed + 1))
  ann.meets(bob)
  bob.meets(ann)
  await Promise.all([live(ann, 1000), live(bob, 1000)])
  await Promise.all([liveOn(ann), liveOn(bob)])
  await Promise.all([readAll(ann), readAll(bob)])
  expect([...ann.leaks, ...bob.leaks]).toEqual([])
  expect(ann.sharedWith(bob)).toEqual([])
  for (const actor of [ann, bob]) {
    // It was worth searching: every call worked now and then, was tried with the other's ids, and answered with own words.
    expect(total(actor, / 5\d\d$/)).toBe(0)
    expect(actor.tried).toBeGreaterThan(300)
    expect(actor.ownSecrets).toBeGreaterThan(200)
    expect(total(actor, / 404$/)).toBeGreaterThan(50)
    expect(unworked(actor)).toEqual([])
    expect((await debug(encodeURIComponent(actor.name ?? ''))).last_seq).toBeGreaterThan(300)
  }
})

test('[ID2][ID6] a caller without a name who tries the ids of two users sees nothing of theirs', {
  timeout: 60_000,
}, async () => {
  const ann = new Actor('nan', randomFrom(1))
  const stranger = new Actor('xen', randomFrom(2), false)
  stranger.meets(ann)
  await live(ann, 150)
  const before = await debug(encodeURIComponent(ann.name ?? ''))
  await live(stranger, 300)
  expect(stranger.leaks).toEqual([])
  expect(stranger.tried).toBeGreaterThan(100)
  expect(stranger.sharedWith(ann)).toEqual([])
  const after = await debug(encodeURIComponent(ann.name ?? ''))
  expect([after.last_seq, after.rows_written]).toEqual([before.last_seq, before.rows_written])
})

test('[ID1] the search would find it: a caller under the other’s name is a leak', async () => {
  const ann = new Actor('ada', randomFrom(3))
  const thief = new Actor('eve', randomFrom(4))
  thief.meets(ann)
  const { text } = await ann.http('new session', 'POST', '/sessions/new', { body: { title: ann.secret } })
  const { session_id }: { session_id: string } = JSON.parse(text)
  await thief.http('session', 'GET', `/sessions/${session_id}`)
  expect(thief.leaks).toEqual([])
  await thief.http('session', 'GET', `/sessions/${session_id}`, { headers: { 'x-user-id': ann.name ?? '' } })
  expect(thief.leaks).toHaveLength(1)
  expect(thief.sharedWith(ann)).toEqual([session_id])
})
