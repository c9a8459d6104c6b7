import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { SseClient } from '../support/client-sse.ts'
import { WsClient } from '../support/client-ws.ts'
import { type Server, startServer } from '../support/server.ts'

const REQUESTS = 500
const USERS = 20
/** Dollars per million tokens, different for each, so that a sum by provider tells whose tokens they were. */
const PRICES = { flaky: { input: 1, output: 3 }, slow: { input: 2, output: 5 }, steady: { input: 7, output: 11 } }
type Name = keyof typeof PRICES
const NAMES: readonly Name[] = ['flaky', 'slow', 'steady']
const USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 }
const COST = (name: Name) =>
  (USAGE.prompt_tokens * PRICES[name].input + USAGE.completion_tokens * PRICES[name].output) / 1e6

const mocks: Record<Name, LLMock> = {
  flaky: new LLMock({ port: 0, host: '127.0.0.1' }),
  slow: new LLMock({ port: 0, host: '127.0.0.1' }),
  steady: new LLMock({ port: 0, host: '127.0.0.1' }),
}
let freshet: Server

/** The same numbers at every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

beforeAll(async () => {
  const random = seeded(7)
  const answer = { content: 'Water finds its way.', usage: USAGE }
  let flakyCalls = 0
  mocks.flaky.on({ userMessage: 'ask' }, () => {
    flakyCalls += 1
    // Bad at first, so that the breaker has something to do, and then well enough to close it.
    const failing = flakyCalls < 10 ? random() < 0.8 : random() < 0.05
    return failing ? { error: { message: 'SAIDMARK' }, status: 500 } : answer
  })
  mocks.slow.on({ userMessage: 'ask' }, answer, { latency: 40 })
  mocks.steady.on({ userMessage: 'ask' }, answer)
  for (const mock of Object.values(mocks)) await mock.start()
  freshet = await startServer({
    vars: {
      PROVIDERS: JSON.stringify(
        NAMES.map((name) => ({
          name,
          kind: 'openai-compatible',
          model: `${name}-1`,
          base_url: `${mocks[name].url}/v1`,
          price: PRICES[name],
        })),
      ),
    },
  })
})

afterAll(async () => {
  await freshet.stop()
  for (const mock of Object.values(mocks)) await mock.stop()
})

const statesSchema = z.record(z.string(), z.object({ state: z.string() }))

/** What the periodic channels say at once on connecting. */
let watchers = 0
async function told(event: string, channel: string): Promise<Readonly<Record<string, unknown>>> {
  watchers += 1
  // A new user each time: that a silent reader has left is seen at the next comment, and connections are counted.
  const url = `${freshet.url}/sse/ai-stream?user_id=watcher-${watchers}&subscriptions=${channel}`
  const reader = await SseClient.open(url)
  const update = await reader.until((one) => one.event === event)
  reader.cut()
  return update.data
}

async function stateOfFlaky(): Promise<string> {
  const { providers } = await told('health_update', 'provider_health')
  return statesSchema.parse(providers)['flaky']?.state ?? 'closed'
}

test('[HE3][FB1][MN1][MN3] 500 requests over a failing, a slow and a good provider', async () => {
  const states: string[] = []
  const ends: string[] = []
  let asked = 0
  let done = false
  const watching = (async () => {
    while (!done) {
      const state = await stateOfFlaky()
      if (states.at(-1) !== state) states.push(state)
    }
  })()
  await Promise.all(
    Array.from({ length: USERS }, async (_, u) => {
      const client = await WsClient.open(`${freshet.url}/ws/ai-stream?user_id=user-${u}`)
      // Each user asks one after the other, so that the breaker's times pass while there is still something to ask.
      while (asked < REQUESTS || !states.includes('open') || states.at(-1) !== 'closed') {
        asked += 1
        const id = `u${u}-${asked}`
        if (asked > 20 * REQUESTS) break
        client.send({
          type: 'ai_request',
          prompt: `ask ${id}`,
          request_id: id,
          config: { routing_strategy: 'round_robin' },
          stream_config: { cache: 'off' },
        })
        const isEnd = ({ event_type, request_id }: { event_type: string; request_id: string | null }) =>
          request_id === id && (event_type === 'stream_end' || event_type === 'error')
        await client.until(isEnd)
      }
      for (const { event_type, request_id, data } of client.events) {
        if (event_type === 'stream_end') ends.push(String(request_id))
        if (event_type === 'error') throw new Error(`${request_id}: ${String(data['error_type'])}`)
      }
      client.cut()
    }),
  )
  done = true
  await watching
  // Every request has one end, and it is a good one: there was always somebody to fall back to.
  expect(ends.length).toBe(asked)
  expect(new Set(ends).size).toBe(asked)
  expect(asked).toBeGreaterThanOrEqual(REQUESTS)
  expect(states).toContain('open')
  expect(states.at(-1)).toBe('closed')
  // The bill is the mock's journal: calls, and the tokens of those that answered.
  const journal = NAMES.map((name) => ({ name, calls: mocks[name].getRequests() }))
  const good = (name: Name) => mocks[name].getRequests().filter(({ response }) => response.status === 200).length
  const bill = await told('cost_update', 'cost_update')
  expect(bill['attempts']).toBe(journal.reduce((sum, { calls }) => sum + calls.length, 0))
  const answered = NAMES.reduce((sum, name) => sum + good(name), 0)
  expect(answered).toBe(asked)
  expect(bill).toMatchObject({
    input_tokens: answered * USAGE.prompt_tokens,
    output_tokens: answered * USAGE.completion_tokens,
    estimated_attempts: 0,
  })
  const byProvider = z.record(z.string(), z.number()).parse(bill['by_provider'])
  for (const name of NAMES) expect(byProvider[name]).toBeCloseTo(good(name) * COST(name), 9)
  expect(freshet.output).not.toContain('SAIDMARK')
})
