import { expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { bearer, tokenOf } from './tokens.ts'
import { call } from './witness.ts'

/** An address of each dialect. */
const PATHS = [
  '/ws/ai-stream',
  '/sse/ai-stream',
  '/api/chat/stream',
  '/sessions',
  '/api/todos',
  '/v1/chat/completions/x',
  '/v1/models',
  '/api/chat/x/stream',
  '/health',
  '/nowhere',
]

async function expectRefused(path: string, response: Response, status: number, code: string): Promise<void> {
  expect({ path, status: response.status }).toEqual({ path, status })
  const isOpenAi = path.startsWith('/v1/')
  expect(response.headers.get('content-type')).toMatch(isOpenAi ? /^application\/json/ : /^application\/problem\+json/)
  const body = isOpenAi ? { error: { code, param: null } } : { status, code, type: 'about:blank' }
  expect(await response.json()).toMatchObject(body)
}

test.each(PATHS)(
  '[RL4][ER2] what is too long is refused before it is known who calls, in the words of the dialect: %s',
  async (path) => {
    const long = `${path}?x=${'y'.repeat(LIMITS.urlChars)}`
    await expectRefused(path, await call(long), 414, 'url_too_long')
    await expectRefused(path, await call(long, { headers: { upgrade: 'websocket' } }), 414, 'url_too_long')
    const headers = { ...bearer(await tokenOf('of-bounds')), 'x-long': 'y'.repeat(LIMITS.headerChars) }
    await expectRefused(path, await call(path, { headers }), 431, 'headers_too_large')
  },
)

test('[RL4] a token as long as any that is checked fits', async () => {
  const user = 'u'.repeat(128)
  const scope = Array.from({ length: 400 }, (_, i) => `scope:${i}`).join(' ')
  const token = await tokenOf(user, { scope })
  expect(token.length).toBeGreaterThan(4000)
  expect((await call('/sessions', { headers: bearer(token) })).status).toBe(200)
  const endless = await tokenOf(user, { scope: 'x'.repeat(8192) })
  expect((await call('/sessions', { headers: bearer(endless) })).status).toBe(401)
})

test('[RL3] an address in its limits is let in', async () => {
  const headers = { ...bearer(await tokenOf('of-bounds')), 'cf-connecting-ip': '192.0.2.7' }
  expect((await call('/sessions', { headers })).status).toBe(200)
})
