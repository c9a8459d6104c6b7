import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { parseClientFrame } from '../../src/core/client-frames.ts'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { type Input, spoiledCall, spoiledJson } from './malformed-inputs.ts'
import { idle, inTime, isRefused, outcomeOf, readAsJson, type State, stateOf } from './malformed-support.ts'
import { config, runs, TARGETS, type Target } from './malformed-targets.ts'
import { call, Socket } from './support.ts'

/** Which inputs; how many, each target says. */
const SEED = { seed: 20_261_120, endOnFailure: true }

const logged: unknown[] = []
beforeEach(() => {
  logged.length = 0
  vi.spyOn(console, 'error').mockImplementation((line) => void logged.push(line))
  vi.spyOn(console, 'info').mockImplementation(() => undefined)
})
afterEach(() => void vi.restoreAllMocks())

/** No fault of ours has been logged. */
function expectNoFault(told: string): void {
  expect({ told, logged }).toEqual({ told, logged: [] })
}

const refusalSchema = z.union([
  z.object({ code: z.enum(ERROR_CODES), status: z.number(), detail: z.string() }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
])

/** The target's call as it should be. */
function plainOf({ method, path, query = {}, body, headers = {} }: Target): Input {
  const address = `${path.replaceAll(/[{}]/g, '')}?${new URLSearchParams(query).toString()}`
  return { method, path: address, headers, body: body === undefined ? null : JSON.stringify(body) }
}

/** Makes the conversation that some of the targets name. */
const FIRST: Input = {
  method: 'POST',
  path: '/chat/stream',
  headers: {},
  body: JSON.stringify({ message: 'Hello', session_id: 's-1' }),
}

/** True of a call whose body its schema alone says that it must be refused: nothing else of it was changed. */
function mustBeRefused({ method, takes }: Target, input: Input): boolean {
  if (takes === undefined || input.method !== method || input.headers['last-event-id'] !== undefined) return false
  return !takes(readAsJson(input))
}

test('[ER3] a fault of ours would be seen: what a hub logs is logged here', async () => {
  await runInDurableObject(env.SESSION_HUB.getByName('user:logs'), () => console.error('a fault'))
  expect(logged).toEqual(['a fault'])
})

test.each(TARGETS)(
  '[ER2][ER3] $name: nonsense is refused or taken, never a fault of ours, and what is refused changes nothing',
  { timeout: 60_000 },
  async (target) => {
    const { name: user, isEndless = false } = target
    await outcomeOf(user, FIRST, false)
    let refusals = 0
    /** What is there, where the last call changed nothing. */
    let known: State | null = null
    const property = fc.asyncProperty(spoiledCall(target), async (spoiled) => {
      const input: Input = { ...spoiled, headers: { ...target.headers, ...spoiled.headers } }
      const told = JSON.stringify(input).slice(0, 500)
      const before: State =
        known ??
        (await inTime(
          `before ${told}`,
          idle(user).then(() => stateOf(user)),
        ))
      const { status, text } = await inTime(told, outcomeOf(user, input, isEndless))
      const refused = isRefused(status, text)
      known = refused ? await stateOf(user) : null
      expectNoFault(told)
      expect({ told, status, isOurs: status >= 500 }).toEqual({ told, status, isOurs: false })
      if (status >= 400 && input.method !== 'HEAD') {
        expect({ told, error: refusalSchema.safeParse(JSON.parse(text)).error }).toEqual({ told, error: undefined })
      }
      if (mustBeRefused(target, input)) expect({ told, refused }).toEqual({ told, refused: true })
      if (!refused) return
      refusals += 1
      expect({ told, ...known }).toEqual({ told, ...before })
    })
    await fc.assert(property, { ...SEED, numRuns: target.times })
    // It was worth trying: some of it was refused, and what is right is still answered.
    expect(refusals).toBeGreaterThan(5)
    await outcomeOf(user, FIRST, false)
    await idle(user)
    const { status } = await outcomeOf(user, plainOf(target), isEndless)
    expect({ user, status }).toEqual({ user, status: target.status ?? expect.toSatisfy((n) => n < 300) })
    expectNoFault('the right one')
  },
)

test('[ID1] a user’s name of half a surrogate pair is refused: two of them would be one hub’s', async () => {
  for (const name of ['\ud800', 'a\udfff']) {
    const response = await call('/sessions/new', { method: 'POST', body: JSON.stringify({ user_id: name }) })
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { code: 'invalid_user_id' },
    })
  }
})

const FRAMES: readonly object[] = [
  {
    type: 'ai_request',
    prompt: 'Hello',
    config,
    stream_config: { granularity: 'token' },
    conversation_id: 'c',
    request_id: null,
  },
  { type: 'cancel_request', request_id: 'r-1' },
  { type: 'update_preferences', preferences: { language: 'de', more: { a: [1] } } },
  { type: 'ping', timestamp: 1 },
]

test.each(FRAMES)(
  '[CM1][ER3] D1 frames like $type: nonsense gets one error event and changes nothing, the connection lives',
  { timeout: 60_000 },
  async (frame) => {
    const user = `D1 ${JSON.stringify(frame).slice(9, 20)}`.replaceAll(/[^\w]/g, '-')
    const socket = await Socket.open(`user_id=${user}`)
    await socket.until((all) => all.length > 0)
    let refusals = 0
    const frameArb = fc.oneof(
      { weight: 20, arbitrary: spoiledJson(frame) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }) },
    )
    const property = fc.asyncProperty(frameArb, async (sent) => {
      await inTime('the time between', idle(user, 1))
      const before = await stateOf(user)
      const from = socket.events.length
      const pongs = socket.bare.length
      const told = JSON.stringify(sent).slice(0, 400)
      const text = typeof sent === 'string' ? sent.toWellFormed() : null
      socket.socket.send(sent)
      socket.say({ type: 'ping', timestamp: 'after' })
      const isPing = text !== null && runs(parseClientFrame)(text) && parseClientFrame(text).type === 'ping'
      await inTime(
        told,
        socket.until(() => socket.bare.length >= pongs + (isPing ? 2 : 1)),
      )
      const errors = socket.events.slice(from).filter(({ event_type, id }) => event_type === 'error' && id === null)
      for (const { data } of errors)
        expect(ERROR_CODES.filter((code) => code !== 'internal')).toContain(data['error_type'])
      expectNoFault(told)
      if (text === null || !runs(parseClientFrame)(text))
        expect({ told, errors: errors.length }).toEqual({ told, errors: 1 })
      if (errors.length > 0) {
        refusals += 1
        expect({ told, ...(await stateOf(user)) }).toEqual({ told, ...before })
      }
    })
    await fc.assert(property, { ...SEED, numRuns: 100 })
    expect(refusals).toBeGreaterThan(20)
    socket.say({ type: 'ai_request', prompt: 'Still there?', request_id: 'last' })
    await socket.end('last')
    socket.close()
  },
)
