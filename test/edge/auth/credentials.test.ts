import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { credentialsIn } from '../../../src/edge/auth/credentials.ts'
import { AuthFailure } from '../../../src/edge/auth/failure.ts'

const NONE = { token: null, ticket: null, protocols: [] }
const jwtArb = fc.stringMatching(/^[A-Za-z0-9_-]{1,10}\.[A-Za-z0-9_-]{1,10}\.[A-Za-z0-9_-]{0,10}$/)

function requestWith(headers: Record<string, string>, query = ''): Request {
  return new Request(`https://freshet.example/ws/ai-stream${query}`, { headers })
}

function reasonOf(request: Request): string {
  try {
    credentialsIn(request)
    return 'none'
  } catch (error) {
    if (error instanceof AuthFailure) return error.reason
    throw error
  }
}

describe('what a request brings', () => {
  it('[ID9] nothing', () => {
    expect(credentialsIn(requestWith({}))).toEqual(NONE)
    expect(credentialsIn(requestWith({ authorization: 'Basic YW5uOnB3' }))).toEqual(NONE)
    expect(credentialsIn(requestWith({ authorization: 'Bearer' }, '?ticket='))).toEqual(NONE)
    expect(credentialsIn(requestWith({ 'sec-websocket-protocol': 'bearer.' }))).toEqual(NONE)
  })

  it('[ID9] a token in the header, with its scheme in any case', () => {
    for (const header of ['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c', '  bEaReR a.b.c  ']) {
      expect(credentialsIn(requestWith({ authorization: header }))).toEqual({ ...NONE, token: 'a.b.c' })
    }
    for (const header of ['Bearera.b.c', 'a.b.c', 'Token a.b.c', 'XBearer a.b.c']) {
      expect(credentialsIn(requestWith({ authorization: header }))).toEqual(NONE)
    }
  })

  it('[ID9] a token never comes from the address', () => {
    const query = '?access_token=a.b.c&token=a.b.c&bearer=a.b.c&authorization=Bearer%20a.b.c'
    expect(credentialsIn(requestWith({}, query))).toEqual(NONE)
  })

  it('[ID9] a token beside the protocols of a WebSocket, wherever it stands; what is echoed never has it', () => {
    fc.assert(
      fc.property(jwtArb, fc.nat(2), fc.constantFrom(',', ', ', ' ,  '), (jwt, at, comma) => {
        const offered = ['freshet.v1', 'other'].toSpliced(at, 0, `bearer.${jwt}`)
        const request = requestWith({ 'sec-websocket-protocol': offered.join(comma) })
        expect(credentialsIn(request)).toEqual({ token: jwt, ticket: null, protocols: ['freshet.v1', 'other'] })
      }),
    )
    expect(credentialsIn(requestWith({ 'sec-websocket-protocol': 'Bearer.a.b.c, freshet.v1' })).token).toBeNull()
  })

  it('[ID9] several tokens are one when they are the same, and refused when they differ', () => {
    fc.assert(
      fc.property(jwtArb, jwtArb, (a, b) => {
        const reason = a === b ? 'none' : 'several_tokens'
        const header = { authorization: `Bearer ${a}` }
        expect(reasonOf(requestWith({ ...header, 'sec-websocket-protocol': `freshet.v1, bearer.${b}` }))).toBe(reason)
        expect(reasonOf(requestWith({ 'sec-websocket-protocol': `bearer.${a}, bearer.${b}` }))).toBe(reason)
        expect(reasonOf(requestWith({}, `?ticket=${a}&ticket=${b}`))).toBe(reason)
        expect(reasonOf(requestWith({ ...header, 'sec-websocket-protocol': `bearer.${a}` }))).toBe('none')
      }),
    )
  })

  it('[ID9] two headers of one name are no token of their first', () => {
    const headers = new Headers([
      ['authorization', 'Bearer a.b.c'],
      ['authorization', 'Bearer d.e.f'],
    ])
    const { token } = credentialsIn(new Request('https://freshet.example/', { headers }))
    expect(token).toBe('a.b.c, Bearer d.e.f')
  })

  it('[ID8] a ticket of an address', () => {
    expect(credentialsIn(requestWith({}, '?user_id=ann&ticket=YW5u.abc-_'))).toEqual({ ...NONE, ticket: 'YW5u.abc-_' })
    const both = requestWith({ authorization: 'Bearer a.b.c' }, '?ticket=t')
    expect(credentialsIn(both)).toEqual({ token: 'a.b.c', ticket: 't', protocols: [] })
  })
})
