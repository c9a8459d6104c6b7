import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownOf, messageFrom, newAsk, untilOver } from '../conformance/asking.ts'
import { DIALECTS } from '../conformance/dialects/all.ts'
import { portOf, type Server, startServer } from '../support/server.ts'

/** Pieces of an answer, and how far apart they come, ms: it lasts for as long as a few cuts and their resumes. */
const PIECES = 40
const APART_MS = 40
/** Cuts of one answer. */
const CUTS = 4

/** A provider that counts what it is asked. */
let provider: HttpServer
const asked: string[] = []
let freshet: Server

function answer(response: ServerResponse): void {
  const say = (choice: object) =>
    response.write(`data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, ...choice }] })}\n\n`)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let n = 0
  const timer = setInterval(() => {
    n += 1
    say({ delta: { content: `piece ${n} ` } })
    if (n < PIECES) return
    clearInterval(timer)
    say({ delta: {}, finish_reason: 'stop' })
    response.end('data: [DONE]\n\n')
  }, APART_MS)
  response.on('close', () => clearInterval(timer))
}

beforeAll(async () => {
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const piece of request) body += String(piece)
    asked.push(body)
    answer(response)
  }
  provider = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const base_url = `http://127.0.0.1:${portOf(provider)}/v1`
  const counts = { name: 'counts', kind: 'openai-compatible', model: 'm-1', base_url }
  freshet = await startServer({
    vars: { PROVIDERS: JSON.stringify([counts]), AGENT_RATE_LIMIT_PER_MINUTE: '0', AGENT_MONTHLY_QUOTA: '0' },
  })
})

afterAll(async () => {
  await freshet.stop()
  provider.closeAllConnections()
  provider.close()
})

test.concurrent.each(DIALECTS)(
  '[DI2][DI4] $name: cut and resumed, again and again, and after its end: the provider is asked once',
  async (dialect) => {
    const ask = newAsk({ ...dialect, prompt: `Tell me of rivers (${dialect.name})` })
    const first = await dialect.start(freshet, ask, 3)
    const known = await knownOf(dialect, ask, first)
    await untilOver(dialect, first)
    let { cursor } = first
    for (let i = 0; i < CUTS; i++) {
      const reader = await dialect.resume(freshet, ask, { cursor, requestId: known.requestId }, 3)
      if (reader === null) throw new Error('it has ended already')
      await untilOver(dialect, reader)
      cursor = reader.cursor ?? cursor
    }
    const last = await dialect.resume(freshet, ask, { cursor, requestId: known.requestId })
    if (last === null) throw new Error('it has ended already')
    await untilOver(dialect, last)
    // It is over: from its end, and from its beginning.
    for (const from of [last.cursor, first.cursor]) {
      const again = await dialect.resume(freshet, ask, { cursor: from, requestId: known.requestId }, 1)
      if (again === null) expect(from).toBe(last.cursor)
      else again.cut()
    }
    const whole = await dialect.watch(freshet, known)
    if (whole === null) throw new Error('it is no longer told')
    const message = await messageFrom(dialect, whole, known.requestId)
    expect(message.text).toContain(`piece 1 piece 2 `)
    expect(message.text).toContain(`piece ${PIECES}`)
    expect(asked.filter((body) => body.includes(ask.prompt))).toHaveLength(1)
  },
)
