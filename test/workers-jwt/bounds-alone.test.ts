import fc from 'fast-check'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { FreshetError } from '../../src/core/errors.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { checkAddress, checkSizes } from '../../src/edge/bounds.ts'
import type { EdgeEnv } from '../../src/edge/context.ts'

function codeOf(request: Request): string {
  try {
    checkSizes(request)
    return 'ok'
  } catch (error) {
    if (error instanceof FreshetError) return error.code
    throw error
  }
}

const BASE = 'https://freshet.example/'

/** A request whose address has exactly so many characters. */
function withUrl(chars: number): Request {
  return new Request(`${BASE}${'x'.repeat(chars - BASE.length)}`)
}

describe('bounds before any parser', () => {
  it('[RL4] an address has at most `urlChars`, its query included', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 50 }), fc.boolean(), (off, inQuery) => {
        const { url } = withUrl(LIMITS.urlChars + off)
        const request = new Request(inQuery ? url.replace(`${BASE}xx`, `${BASE}?x`) : url)
        expect(codeOf(request)).toBe(off > 0 ? 'url_too_long' : 'ok')
      }),
    )
  })

  it('[RL4] headers have at most `headerChars` together, names and values, however many they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 40 }), (off, count) => {
        const total = LIMITS.headerChars + off
        const names = Array.from({ length: count }, (_, i) => `x-${String(i).padStart(2, '0')}`)
        const each = Math.floor(total / count)
        const headers = names.map((name, i): [string, string] => {
          const chars = i === 0 ? total - each * (count - 1) : each
          return [name, 'v'.repeat(chars - name.length)]
        })
        expect(codeOf(new Request(BASE, { headers }))).toBe(off > 0 ? 'headers_too_large' : 'ok')
      }),
    )
  })

  it('[RL4] what is refused says what to do and repeats nothing of it', () => {
    const secret = 'hunter2'.repeat(3000)
    for (const request of [
      new Request(`${BASE}?ticket=${secret}`),
      new Request(BASE, {
        headers: [
          ['a', secret],
          ['b', secret],
        ],
      }),
    ]) {
      expect(() => checkSizes(request)).toThrow(/^(?!.*hunter2).*at most \d+ characters.*\.$/)
    }
  })
})

describe('the limit of an address', () => {
  /** Asks once, as from an address, with a limiter that lets in a number of times each. */
  function service(allowed: number) {
    const asked: string[] = []
    const limiter: RateLimit = {
      limit: ({ key }) => {
        asked.push(key)
        return Promise.resolve({ success: asked.filter((one) => one === key).length <= allowed })
      },
    }
    const app = new Hono<EdgeEnv>()
    app.get('/', async (c) => {
      await checkAddress(c)
      return c.text('in')
    })
    app.onError((error, c) => c.text(error instanceof FreshetError ? error.code : 'thrown'))
    const from = async (address: string | null) => {
      const headers: Record<string, string> = address === null ? {} : { 'cf-connecting-ip': address }
      const response = await app.request('/', { headers }, { ADDRESS_LIMIT: limiter })
      return response.text()
    }
    return { from, asked }
  }

  it('[RL3] each address has its own', async () => {
    const { from, asked } = service(2)
    const answers = []
    for (const address of ['192.0.2.1', '192.0.2.1', '2001:db8::1', '192.0.2.1', '2001:db8::1', '2001:db8::1']) {
      answers.push(await from(address))
    }
    expect(answers).toEqual(['in', 'in', 'in', 'rate_limited', 'in', 'rate_limited'])
    expect(asked).toHaveLength(6)
  })

  it('[RL3] a caller without an address has none', async () => {
    const { from, asked } = service(0)
    expect(await from(null)).toBe('in')
    expect(asked).toEqual([])
  })
})
