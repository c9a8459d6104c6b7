import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { knownOf, messageFrom, newAsk } from '../conformance/asking.ts'
import { d4 } from '../conformance/dialects/d4.ts'
import { eventOf } from '../conformance/reader.ts'
import { conformance } from '../conformance/suite.ts'
import { eventsOf } from '../support/event-stream.ts'
import { type Server, startServer } from '../support/server.ts'

/** A service that runs already, by its address; else one is started. */
const given = process.env['FRESHET_URL']?.replace(/\/$/, '')
/** A pace at which an answer is of some 25 to 60 events; one for what is to be cancelled (`UNHURRIED`); and one that is asked only by its name. */
const PROVIDERS = [
  { name: 'main', kind: 'embedded', base_url: 'embedded:?tokens_per_second=80&first_token_ms=100' },
  { name: 'slow', kind: 'embedded', base_url: 'embedded:?tokens_per_second=20&first_token_ms=100', tasks: ['code'] },
  { name: 'silent', kind: 'embedded', base_url: 'embedded:?first_token_ms=5000', tasks: ['creative'] },
]
/** Each user asks little here, but the service's limits are no part of what is tried. */
const NO_LIMITS = { RATE_LIMIT_PER_MINUTE: '0', AGENT_RATE_LIMIT_PER_MINUTE: '0', AGENT_MONTHLY_QUOTA: '0' }
let server: Server | null = null

beforeAll(async () => {
  if (given !== undefined) return
  server = await startServer({ vars: { PROVIDERS: JSON.stringify(PROVIDERS), ...NO_LIMITS } })
})
afterAll(() => server?.stop())

const service = {
  get url() {
    return given ?? server?.url ?? ''
  },
}

conformance(service, { silent: given === undefined ? 'silent' : null })

it('[DI1] curl -N reads what every other reader reads', async () => {
  const ask = newAsk(d4)
  const first = await d4.start(service, ask)
  const { requestId } = await knownOf(d4, ask, first)
  const url = `${service.url}/chat/stream?request_id=${requestId}&user_id=${ask.user}`
  const { stdout } = await promisify(execFile)('curl', ['-sN', url])
  expect(d4.messageOf(eventsOf(stdout).map(eventOf), requestId)).toEqual(await messageFrom(d4, first, requestId))
})
