import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadFrame, type ClientFrame, parseClientFrame } from '../../src/core/client-frames.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { anyText } from '../support/any-text.ts'

/** What parsing a frame comes to; anything else that is thrown fails the test. */
function outcome(text: string): ClientFrame | BadFrame {
  try {
    return parseClientFrame(text)
  } catch (error) {
    if (error instanceof BadFrame) return error
    throw error
  }
}

function refusal(frame: unknown): Pick<BadFrame, 'code' | 'about'> {
  const result = outcome(typeof frame === 'string' ? frame : JSON.stringify(frame))
  if (!(result instanceof BadFrame)) throw new Error(`taken as ${result.type}`)
  return { code: result.code, about: result.about }
}

/** What D1 has no field for. */
const UNSAID = {
  target: null,
  agent: 'assistant',
  history: null,
  after: [],
  tools: [],
  toolChoice: 'auto',
  sampling: {},
  model: null,
  language: null,
  messageId: null,
  answerId: null,
  retryKey: null,
  closing: false,
  timeZone: null,
}

const START = {
  type: 'start',
  command: {
    ...UNSAID,
    requestId: null,
    prompt: 'hi',
    config: {
      routing_strategy: 'intelligent',
      speed_priority: true,
      reliability_priority: false,
      cost_limit: null,
      timeout: 30,
    },
    streamConfig: { granularity: 'chunk', cache: 'on' },
    conversationId: null,
  },
}

const types = ['ai_request', 'cancel_request', 'update_preferences', 'ping', 'constructor', '__proto__', 'toString']
const fields = ['prompt', 'request_id', 'conversation_id', 'config', 'stream_config', 'preferences', 'timestamp']
const nearArb = fc
  .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()))
  .map(([type, more]) => JSON.stringify({ type, ...more }))

describe('frames of a client', () => {
  it('[CM1] any text is a frame that is understood or one that is refused with a code, never anything else', () => {
    const texts = fc.oneof(anyText(), fc.json(), nearArb)
    fc.assert(
      fc.property(texts, (text) => {
        const result = outcome(text)
        if (!(result instanceof BadFrame)) return
        expect(result.message).not.toBe('')
        expect(['bad_json', 'bad_request', 'unknown_type', 'empty_prompt', 'prompt_too_long']).toContain(result.code)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['ping', (nested: string) => `{"type":"ping","timestamp":${nested}}`],
    ['update_preferences', (nested: string) => `{"type":"update_preferences","preferences":{"a":${nested}}}`],
    ['ai_request', (nested: string) => `{"type":"ai_request","prompt":"hi","config":{"a":${nested}}}`],
    ['no type', (nested: string) => nested],
  ])('[CM1] a frame that is nested without end is refused like any other: %s', (_, frameOf) => {
    for (const depth of [1500, 20_000, 500_000]) {
      const result = outcome(frameOf(`${'['.repeat(depth)}${']'.repeat(depth)}`))
      if (result instanceof BadFrame) expect(result.code).toMatch(/^bad_/)
    }
  })

  it.each([
    ['', 'bad_json'],
    ['ping ', 'bad_json'],
    ['{"type":"ping"', 'bad_json'],
    ['{"type":"ping","timestamp":NaN}', 'bad_json'],
    ['null', 'bad_request'],
    ['[]', 'bad_request'],
    ['"ping"', 'bad_request'],
    ['{}', 'bad_request'],
    ['{"type":null}', 'bad_request'],
    ['{"type":"shout"}', 'unknown_type'],
    ['{"type":"constructor"}', 'unknown_type'],
    ['{"type":"__proto__"}', 'unknown_type'],
    ['{"type":"ai_request"}', 'bad_request'],
    ['{"type":"ai_request","prompt":null}', 'bad_request'],
    ['{"type":"ai_request","prompt":["hi"]}', 'bad_request'],
    ['{"type":"ai_request","prompt":""}', 'empty_prompt'],
    ['{"type":"ai_request","prompt":" \\n\\t\\u00a0 "}', 'empty_prompt'],
    ['{"type":"ai_request","prompt":"hi","config":"fast"}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","config":{"timeout":"30"}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","config":{"timeout":0}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","config":{"timeout":-1}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","config":{"timeout":1e999}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","config":{"cost_limit":-0.1}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","config":{"routing_strategy":"luck"}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","stream_config":{"granularity":"word"}}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","request_id":"a b"}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","request_id":" "}', 'bad_request'],
    ['{"type":"ai_request","prompt":"hi","conversation_id":7}', 'bad_request'],
    ['{"type":"cancel_request"}', 'bad_request'],
    ['{"type":"cancel_request","request_id":null}', 'bad_request'],
    ['{"type":"update_preferences"}', 'bad_request'],
    ['{"type":"update_preferences","preferences":null}', 'bad_request'],
    ['{"type":"update_preferences","preferences":[]}', 'bad_request'],
  ])('[CM1] %s is refused as %s', (text, code) => {
    expect(refusal(text).code).toBe(code)
  })

  it('[CM1] the refusal names the request that the frame named, when it is an id', () => {
    expect(refusal({ type: 'ai_request', prompt: '', request_id: 'r-1' })).toEqual({
      code: 'empty_prompt',
      about: 'r-1',
    })
    expect(refusal({ type: 'shout', request_id: 'r-1' })).toEqual({ code: 'unknown_type', about: 'r-1' })
    expect(refusal({ request_id: 'r-1' })).toEqual({ code: 'bad_request', about: 'r-1' })
    for (const request_id of [null, '', 'a b', 'r\n', 'x'.repeat(129), 7, {}]) {
      expect(refusal({ type: 'shout', request_id }).about).toBeNull()
    }
    expect(refusal('{"request_id":"r-1"').about).toBeNull()
  })

  it('[CM1] the sentence of a refusal does not repeat what was sent', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^zz[a-z]{8,20}$/), fc.constantFrom(...fields), (word, field) => {
        const values = [word, { [word]: word }, [word]]
        for (const type of [...types, word]) {
          for (const value of values) {
            const result = outcome(JSON.stringify({ type, prompt: ' ', [field]: value }))
            if (result instanceof BadFrame) expect(result.message).not.toContain(word)
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  it('[CM1] a prompt may have 200,000 characters and no more', () => {
    const frame = (chars: number) => ({ type: 'ai_request', prompt: 'x'.repeat(chars) })
    expect(outcome(JSON.stringify(frame(LIMITS.promptChars)))).toMatchObject({ type: 'start' })
    expect(refusal(frame(LIMITS.promptChars + 1)).code).toBe('prompt_too_long')
  })

  it('[CM1] a frame may have 1 MiB, counted in bytes as the sentence says', () => {
    const frame = (unit: string, bytes: number) => {
      const shell = JSON.stringify({ type: 'ping', timestamp: '' }).length
      const room = bytes - shell
      const width = new TextEncoder().encode(unit).length
      const text = unit.repeat(Math.floor(room / width)) + 'x'.repeat(room % width)
      return JSON.stringify({ type: 'ping', timestamp: text })
    }
    for (const unit of ['x', '€', '🌊']) {
      expect(outcome(frame(unit, LIMITS.frameBytes))).toMatchObject({ type: 'ping' })
      expect(refusal(frame(unit, LIMITS.frameBytes + 1)).code).toBe('frame_too_large')
    }
  })

  it('[CM1] a bare request has the defaults of the contract', () => {
    expect(parseClientFrame('{"type":"ai_request","prompt":"hi"}')).toEqual(START)
  })

  it('[CM1] null is as good as nothing, as old Python clients send it', () => {
    const nulls = {
      type: 'ai_request',
      prompt: 'hi',
      request_id: null,
      conversation_id: null,
      config: {
        routing_strategy: null,
        speed_priority: null,
        reliability_priority: null,
        cost_limit: null,
        timeout: null,
      },
      stream_config: { granularity: null },
    }
    expect(parseClientFrame(JSON.stringify(nulls))).toEqual(START)
    expect(parseClientFrame(JSON.stringify({ ...nulls, config: null, stream_config: null }))).toEqual(START)
  })

  it('[CM1] what a request says is taken as it says it, and more fields than we know do no harm', () => {
    const config = {
      routing_strategy: 'cost_optimized',
      speed_priority: false,
      reliability_priority: true,
      cost_limit: 0.05,
      timeout: 600,
    }
    const frame = {
      type: 'ai_request',
      prompt: '  hi ',
      config: { ...config, later: 1 },
      stream_config: { granularity: 'token', later: 1 },
      request_id: 'A-z_0.9:',
      conversation_id: 'c1',
      session_id: 'ignored',
      target: 'ignored',
      agent: 'health',
      history: ['ignored'],
      tools: ['ignored'],
      closing: true,
    }
    expect(parseClientFrame(JSON.stringify(frame))).toEqual({
      type: 'start',
      command: {
        ...UNSAID,
        requestId: 'A-z_0.9:',
        agent: 'health',
        prompt: '  hi ',
        config,
        streamConfig: { granularity: 'token', cache: 'on' },
        conversationId: 'c1',
      },
    })
  })

  it('[GE4] a cancel names its request', () => {
    expect(parseClientFrame('{"type":"cancel_request","request_id":"r1"}')).toEqual({ type: 'cancel', requestId: 'r1' })
  })

  it('[CM2] a ping has the timestamp that was sent, or none', () => {
    for (const timestamp of [0, 1700000000.25, 'now', null, [1], { a: 1 }]) {
      expect(parseClientFrame(JSON.stringify({ type: 'ping', timestamp }))).toEqual({ type: 'ping', timestamp })
    }
    expect(parseClientFrame('{"type":"ping"}')).toEqual({ type: 'ping', timestamp: undefined })
  })

  it('[CM3] preferences are any JSON object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[a-z]{1,9}$/),
          fc.jsonValue({ maxDepth: 3, stringUnit: fc.constantFrom('a', 'é', '🌊', ' ', '"') }),
        ),
        (preferences) => {
          const frame = JSON.stringify({ type: 'update_preferences', preferences })
          expect(parseClientFrame(frame)).toEqual({ type: 'preferences', preferences: JSON.parse(frame).preferences })
        },
      ),
    )
  })
})
