import { beforeAll, expect, test } from 'vitest'
import { connected, ended } from './chat-support.ts'
import { begun, bodyOf, complete, generations, passed, post, RETRY, read, stream, textOf } from './openai-support.ts'
import { call, Stream } from './support.ts'

const PACED = { model: 'paced' }
/** Longer than a request that was just begun is its caller's; OpenAI's clients wait at least 375 ms. */
const UNTIL_RETRY_MS = 300

// The first call of a file loads the Worker, which takes its time; tests of retries should not.
beforeAll(() => complete(bodyOf('Hello')))

/** A call whose caller goes while it waits. Resolves when it has gone; the answer is still being written. */
async function torn(user: string, body: string): Promise<string> {
  const abort = new AbortController()
  const watcher = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  const lost = post(body, { user, signal: abort.signal })
  await watcher.until((all) => all.some(({ type }) => type === 'chunk'))
  abort.abort()
  await expect(lost).rejects.toThrow()
  const id = String(watcher.all.find(({ type }) => type === 'stream_start')?.data['request_id'])
  watcher.close()
  await watcher.over()
  return id
}

test('[GE11][OA15] a stream that was torn and is retried goes on: the same answer, from its start, run once', async () => {
  const user = 'torn-stream'
  const first = await stream('Once', PACED, { user })
  const id = await begun(first)
  first.close()
  await connected(user, 0)
  await passed(user, UNTIL_RETRY_MS)
  const second = await stream('Once', PACED, { user, headers: RETRY })
  await second.over()
  expect(await begun(second)).toBe(id)
  expect(textOf(second)).toBe((await read(await call(`/v1/chat/completions/${id}?user_id=${user}`))).text)
  expect(await generations(user)).toBe(1)
})

test('[GE11][OA15] a call that waited, was torn and is retried gets the answer that was begun', async () => {
  const user = 'torn-call'
  const id = await torn(user, bodyOf('Once', PACED))
  await passed(user, UNTIL_RETRY_MS)
  const answer = await complete(bodyOf('Once', PACED), { user, headers: RETRY })
  expect(answer.requestId).toBe(id)
  expect(answer.text.length).toBeGreaterThan(100)
  expect(await generations(user)).toBe(1)
})

test('[GE11][OA15] an answer that ended while nobody was there is for the retry', async () => {
  const user = 'unseen'
  const id = await torn(user, bodyOf('Once', PACED))
  expect(await ended(user, id)).toBe('complete')
  expect((await complete(bodyOf('Once', PACED), { user, headers: RETRY })).requestId).toBe(id)
  expect(await generations(user)).toBe(1)
})

test('[OA15] a call that is no retry is a new answer, also when one with the same words was left', async () => {
  const user = 'anew'
  const id = await torn(user, bodyOf('Once', PACED))
  await passed(user, UNTIL_RETRY_MS)
  for (const headers of [{}, { 'x-stainless-retry-count': '0' }, { 'x-stainless-retry-count': 'x' }]) {
    expect((await complete(bodyOf('Once', PACED), { user, headers })).requestId).not.toBe(id)
  }
  expect(await generations(user)).toBe(4)
})

test('[OA15] the same call several times at once is as many answers, streamed or not', async () => {
  const user = 'parallel'
  const body = bodyOf('Each', PACED)
  const [calls, streams] = await Promise.all([
    Promise.all([0, 1, 2].map(() => complete(body, { user }))),
    Promise.all([0, 1, 2].map(() => stream('Each', PACED, { user }))),
  ])
  for (const one of streams) await one.over()
  const ids = [...calls.map(({ id }) => id), ...(await Promise.all(streams.map(begun)))]
  expect(new Set(ids).size).toBe(6)
  expect(await generations(user)).toBe(6)
})

test('[OA15] a call that was refused is begun by its retry, though others with the same words run or were told', async () => {
  const user = 'refused'
  const body = bodyOf('Each', PACED)
  const watcher = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  const others = [0, 1, 2, 3, 4, 5, 6, 7].map(() => complete(body, { user }))
  await watcher.until((all) => all.filter(({ type }) => type === 'stream_start').length === 8)
  watcher.close()
  const refused = await post(body, { user })
  expect(refused.status).toBe(429)
  const ids = (await Promise.all(others)).map(({ id }) => id)
  expect(ids).not.toContain((await complete(body, { user, headers: RETRY })).id)
  expect(await generations(user)).toBe(9)
})

test('[GE11][OA15] two that are torn at once and retried at once get an answer each, and nothing is run again', async () => {
  const user = 'both-torn'
  await Promise.all([torn(user, bodyOf('Both', PACED)), torn(user, bodyOf('Both', PACED))])
  await passed(user, UNTIL_RETRY_MS)
  const again = await Promise.all([0, 1].map(() => complete(bodyOf('Both', PACED), { user, headers: RETRY })))
  expect(new Set(again.map(({ requestId }) => requestId)).size).toBe(2)
  expect(await generations(user)).toBe(2)
})

test('[OA15] a retry of anything else joins nothing', async () => {
  const user = 'otherwise'
  const id = await torn(user, bodyOf('Once', PACED))
  await passed(user, UNTIL_RETRY_MS)
  for (const body of [
    bodyOf('Twice', PACED),
    bodyOf('Once', { ...PACED, temperature: 1 }),
    bodyOf('Once', { ...PACED, conversation_id: 'c-1' }),
    bodyOf('Once', { ...PACED, metadata: { take: '2' } }),
  ]) {
    expect((await complete(body, { user, headers: RETRY })).requestId).not.toBe(id)
  }
  expect((await complete(bodyOf('Once', PACED), { user, headers: RETRY })).requestId).toBe(id)
})
