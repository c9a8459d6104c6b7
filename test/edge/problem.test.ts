import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { problem } from '../../src/edge/problem.ts'

describe('problems', () => {
  it.each(ERROR_CODES)('[ER2] %s has a problem with a status, a title, the sentence and the code', async (code) => {
    const response = problem(code, 'Do this.', { request_id: 'r1' })
    const body: unknown = await response.json()
    expect(body).toEqual({
      type: 'about:blank',
      title: expect.stringMatching(/^[A-Z][\w ]+$/),
      status: response.status,
      detail: 'Do this.',
      code,
      request_id: 'r1',
    })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('[ER2] who asks too often is told when to come back', () => {
    for (const code of ['too_many_connections', 'too_many_requests'] as const) {
      expect(problem(code, 'Wait.').headers.get('retry-after')).toBe('1')
    }
    expect(problem('upgrade_required', 'Upgrade.').headers.get('upgrade')).toBe('websocket')
  })
})
