// Prints what an answer costs: rows written, and the CPU that router, ledger and cache add. `npm run measure`.
// Rows are the hub's own count (/debug/hub) on `npm start`; CPU is that of the real code over Node's SQLite.
import { DatabaseSync } from 'node:sqlite'
import { AnswerCache } from '../src/hub/answer-cache.ts'
import { Answers } from '../src/hub/answers.ts'
import { HealthView } from '../src/hub/health-view.ts'
import { Ledger } from '../src/hub/ledger.ts'
import { Running } from '../src/hub/runner.ts'
import { migrate } from '../src/hub/schema.ts'
import { Sql } from '../src/hub/sql.ts'
import { HubStore } from '../src/hub/store.ts'
import { hubFacts, postJson } from '../test/support/client-http.ts'
import { SseClient } from '../test/support/client-sse.ts'
import { startServer } from '../test/support/server.ts'

const PROVIDERS = JSON.stringify([
  { name: 'embedded', kind: 'embedded', base_url: 'embedded:?tokens_per_second=100&tokens=400&first_token_ms=0' },
])

async function rowsOfAnswers() {
  const server = await startServer({ vars: { PROVIDERS } })
  const rows = async (user, cache, watched) => {
    const reader = watched ? await SseClient.open(`${server.url}/sse/ai-stream?user_id=${user}`) : null
    const before = await hubFacts(server.url, user)
    await postJson(`${server.url}/api/sse/trigger-stream?wait=true`, {
      user_id: user,
      prompt: 'How do rivers thaw?',
      stream_config: { cache },
    })
    const after = await hubFacts(server.url, user)
    reader?.cut()
    return after.rows_written - before.rows_written
  }
  const watched = await rows('watched', 'on', true)
  const unwatched = await rows('unwatched', 'on', false)
  const repeated = await rows('unwatched', 'on', false)
  const uncached = await rows('uncached', 'off', false)
  await server.stop()
  return { watched, unwatched, uncached, repeated }
}

/** The hub's storage, as far as these classes use it, over a file that is synced as the real one is. */
function storageOf(database) {
  return {
    sql: {
      databaseSize: 0,
      exec(statement, ...values) {
        const rows = database.prepare(statement).all(...values)
        return { toArray: () => rows, rowsWritten: 0, [Symbol.iterator]: () => rows[Symbol.iterator]() }
      },
    },
    transactionSync: (work) => work(),
  }
}

const COMMAND = {
  requestId: null,
  config: {
    routing_strategy: 'intelligent',
    speed_priority: true,
    reliability_priority: false,
    cost_limit: 1,
    timeout: 30,
  },
  streamConfig: { granularity: 'chunk', cache: 'on' },
  conversationId: null,
  target: null,
}

/** Median and 99th percentile, ms, of a request's choice, cache look-up, one call, its bill and its keeping. */
async function cpuOfChoice(requests) {
  const database = new DatabaseSync(':memory:')
  const sql = new Sql(storageOf(database))
  migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, Date.now())
  const changes = () => database.prepare('SELECT total_changes() n').get().n
  const before = changes()
  const names = ['one', 'two', 'three']
  const price = { input: 1, output: 2 }
  const now = () => performance.timeOrigin + performance.now()
  const text = 'Water finds its way down. '.repeat(60)
  async function* stream() {
    yield { type: 'text', text }
    yield { type: 'finish', reason: 'stop', usage: { input_tokens: 10, output_tokens: 400 } }
  }
  const answers = new Answers({
    providers: names.map((name) => ({ name, kind: 'test', model: 'm', stream })),
    candidates: names.map((name, priority) => ({ name, model: 'm', price, priority, tasks: [] })),
    health: new HealthView({ now, ask: async () => null }),
    ledger: new Ledger(sql),
    cache: new AnswerCache(sql),
    store: new HubStore(sql),
    firstTokenMs: 8000,
    stallMs: 20_000,
    now,
    attempted: () => undefined,
  })
  const preference = { model: null, language: 'en' }
  const bare = []
  const whole = []
  for (let i = 0; i < requests; i++) {
    const running = new Running({ ...COMMAND, prompt: `How do rivers thaw, the ${i}th time?` }, `r${i}`, now())
    const began = performance.now()
    for await (const part of stream()) if (part.type === 'finish') break
    bare.push(performance.now() - began)
    const start = performance.now()
    answers.check(running, preference)
    for await (const part of answers.open(running, answers.plan(running, preference), preference)) {
      if (part.type === 'finish') break
    }
    whole.push(performance.now() - start)
  }
  const at = (list, share) => list.toSorted((a, b) => a - b)[Math.floor(list.length * share)]
  const rows = (changes() - before) / requests
  return { rows, median: at(whole, 0.5) - at(bare, 0.5), p99: at(whole, 0.99) - at(bare, 0.5) }
}

const rows = await rowsOfAnswers()
console.info('rows written by an answer of 400 tokens over 4 s')
console.info(`  watched                        ${rows.watched}`)
console.info(`  unwatched                      ${rows.unwatched}`)
console.info(`  unwatched, cache off           ${rows.uncached}`)
console.info(`  repeated, from the cache       ${rows.repeated}`)
const cpu = await cpuOfChoice(5000)
console.info('router, ledger and cache, added to a request with three providers')
console.info(`  rows, evictions included       ${cpu.rows.toFixed(2)}`)
console.info(`  CPU, median of 5000            ${cpu.median.toFixed(3)} ms`)
console.info(`  CPU, 99th percentile           ${cpu.p99.toFixed(3)} ms`)
process.exit(0)
