import { afterAll, beforeAll } from 'vitest'
import { conformance } from '../conformance/suite.ts'
import { embedded, type Server, startServer } from '../support/server.ts'

/** A service that runs already, by its address; else one is started. */
const given = process.env['FRESHET_URL']?.replace(/\/$/, '')
let server: Server | null = null

beforeAll(async () => {
  if (given !== undefined) return
  server = await startServer({
    vars: {
      PROVIDERS: embedded({ main: 'tokens_per_second=80&first_token_ms=100' }),
      RATE_LIMIT_PER_MINUTE: '0',
    },
  })
})
afterAll(() => server?.stop())

conformance({
  get url() {
    return given ?? server?.url ?? ''
  },
})
