// Prints what an answer costs: rows written, and the CPU that router, ledger and cache add. `npm run measure`.
// Rows are the hub's own count (/debug/hub) on `npm start`; CPU is that of the real code over Node's SQLite.
import { plainCommand } from '../../src/core/commands.ts'
import { MemoryTodos } from '../../src/core/memory-todos.ts'
import type { ModelPart } from '../../src/core/model.ts'
import { AnswerCache } from '../../src/hub/answer-cache.ts'
import { Answers } from '../../src/hub/answers.ts'
import { HealthView } from '../../src/hub/health-view.ts'
import { Ledger } from '../../src/hub/ledger.ts'
import { Running } from '../../src/hub/runner.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { HubStore } from '../../src/hub/store.ts'
import { hubFacts, postJson } from '../support/client-http.ts'
import { SseClient } from '../support/client-sse.ts'
import { NodeStorage } from '../support/node-storage.ts'
import { type Server, startServer } from '../support/server.ts'

const PROVIDERS = JSON.stringify([
  { name: 'embedded', kind: 'embedded', base_url: 'embedded:?tokens_per_second=100&tokens=400&first_token_ms=0' },
])
const PROMPT = 'How do rivers thaw?'

/** Rows that a user's hub writes while something is done. */
async function rowsOf(server: Server, user: string, work: () => Promise<unknown>): Promise<number> {
  const before = await hubFacts(server.url, user)
  await work()
  return (await hubFacts(server.url, user)).rows_written - before.rows_written
}

/** An answer of D2, for whoever watches. */
function trigger(server: Server, user: string, cache: 'on' | 'off'): Promise<unknown> {
  const body = { user_id: user, prompt: PROMPT, stream_config: { cache } }
  return postJson(`${server.url}/api/sse/trigger-stream?wait=true`, body)
}

/** A stream of one request, read to its end. */
async function streamed(server: Server, path: string, user: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-user-id': user }
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  await answer.text()
}

async function rowsOfAnswers() {
  const server = await startServer({ vars: { PROVIDERS } })
  try {
    const reader = await SseClient.open(`${server.url}/sse/ai-stream?user_id=watched`, {})
    const watched = await rowsOf(server, 'watched', () => trigger(server, 'watched', 'on'))
    reader.cut()
    const unwatched = await rowsOf(server, 'alone', () => trigger(server, 'alone', 'on'))
    const repeated = await rowsOf(server, 'alone', () => trigger(server, 'alone', 'on'))
    const uncached = await rowsOf(server, 'anew', () => trigger(server, 'anew', 'off'))
    const turn = await rowsOf(server, 'd4', () => streamed(server, '/chat/stream', 'd4', { message: PROMPT }))
    const messages = [{ role: 'user', content: 'Add buy milk tomorrow at 2pm' }]
    const todo = await rowsOf(server, 'd5', () =>
      streamed(server, '/api/todos/agent-create/stream', 'd5', { messages }),
    )
    return { watched, unwatched, uncached, repeated, turn, todo }
  } finally {
    await server.stop()
  }
}

/** Median and 99th percentile, ms, of a request's choice, cache look-up, one call, its bill and its keeping. */
async function cpuOfChoice(requests: number) {
  const storage = new NodeStorage()
  const sql = new Sql(storage)
  migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, Date.now())
  const before = storage.changes
  const price = { input: 1, output: 2 }
  const now = () => performance.timeOrigin + performance.now()
  const text = 'Water finds its way down. '.repeat(60)
  async function* stream(): AsyncGenerator<ModelPart, void, undefined> {
    yield { type: 'text', text }
    yield { type: 'finish', reason: 'stop', usage: { input_tokens: 10, output_tokens: 400 } }
  }
  const names = ['one', 'two', 'three']
  const answers = new Answers({
    providers: names.map((name) => ({ name, kind: 'test', model: 'm', stream })),
    candidates: names.map((name, priority) => ({ name, model: 'm', price, priority, tasks: [] })),
    health: new HealthView({ now, ask: () => Promise.resolve(null) }),
    ledger: new Ledger(sql),
    cache: new AnswerCache(sql),
    store: new HubStore(sql),
    todos: new MemoryTodos(() => crypto.randomUUID()),
    firstTokenMs: 8000,
    stallMs: 20_000,
    now,
    attempted: () => undefined,
  })
  const bare: number[] = []
  const whole: number[] = []
  for (let i = 0; i < requests; i++) {
    const command = plainCommand(`How do rivers thaw, the ${i}th time?`)
    const running = new Running({ ...command, config: { ...command.config, cost_limit: 1 } }, `r${i}`, now())
    const began = performance.now()
    for await (const part of stream()) if (part.type === 'finish') break
    bare.push(performance.now() - began)
    const start = performance.now()
    answers.check(running)
    for await (const part of answers.open(running, answers.plan(running))) if (part.type === 'finish') break
    whole.push(performance.now() - start)
  }
  const at = (list: readonly number[], share: number) =>
    list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] ?? 0
  const rows = (storage.changes - before) / requests
  return { rows, median: at(whole, 0.5) - at(bare, 0.5), p99: at(whole, 0.99) - at(bare, 0.5) }
}

const rows = await rowsOfAnswers()
console.info('rows written by an answer of 400 tokens over 4 s')
console.info(`  watched                        ${rows.watched}`)
console.info(`  unwatched                      ${rows.unwatched}`)
console.info(`  unwatched, cache off           ${rows.uncached}`)
console.info(`  repeated, from the cache       ${rows.repeated}`)
console.info(`  a turn of a new conversation   ${rows.turn}`)
console.info(`rows written by a request to the todo agent that makes a todo: ${rows.todo}`)
const cpu = await cpuOfChoice(5000)
console.info('router, ledger and cache, added to a request with three providers')
console.info(`  rows, evictions included       ${cpu.rows.toFixed(2)}`)
console.info(`  CPU, median of 5000            ${cpu.median.toFixed(3)} ms`)
console.info(`  CPU, 99th percentile           ${cpu.p99.toFixed(3)} ms`)
