import { APICallError, InvalidResponseDataError } from '@ai-sdk/provider'
import { describe, expect, test } from 'vitest'
import { type ModelMessage, ProviderFailure } from '../../src/core/model.ts'
import { EventTooLarge, MalformedEvent } from '../../src/providers/bad-event.ts'
import { mapError, mapErrorPart } from '../../src/providers/map-error.ts'
import { mapFinishReason, mapStreamPart } from '../../src/providers/map-stream-part.ts'
import { retryAfterSeconds } from '../../src/providers/retry-after.ts'
import { CONTINUE, toPrompt } from '../../src/providers/to-prompt.ts'
import { expectNothingLeaked, KEY, PROMPT, SAID } from './helpers.ts'

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0)
const callError = (statusCode?: number, more: { cause?: unknown; retryAfter?: string } = {}): APICallError =>
  new APICallError({
    message: SAID,
    url: `https://x/?k=${KEY}`,
    requestBodyValues: { prompt: PROMPT },
    responseBody: SAID,
    cause: more.cause ?? new Error(SAID),
    ...(statusCode === undefined ? {} : { statusCode }),
    ...(more.retryAfter === undefined ? {} : { responseHeaders: { 'retry-after': more.retryAfter } }),
  })

describe('errors', () => {
  test.each([
    [callError(429, { retryAfter: '7' }), 'call', 'provider_rate_limited', true, 429, 7],
    [callError(429), 'call', 'provider_rate_limited', true, 429, null],
    [callError(503, { retryAfter: '3' }), 'call', 'provider_error', true, 503, 3],
    [callError(500), 'call', 'provider_error', true, 500, null],
    [callError(401), 'call', 'provider_error', true, 401, null],
    [callError(404), 'call', 'provider_error', true, 404, null],
    [callError(400), 'call', 'provider_error', false, 400, null],
    [callError(413), 'call', 'provider_error', false, 413, null],
    [callError(422), 'call', 'provider_error', false, 422, null],
    [callError(), 'call', 'provider_error', true, null, null],
    [new TypeError(SAID), 'call', 'provider_error', true, null, null],
    [SAID, 'call', 'provider_error', true, null, null],
    [callError(200), 'stream', 'provider_cut', true, null, null],
    [callError(), 'stream', 'provider_cut', true, null, null],
    [new Error(SAID), 'stream', 'provider_cut', true, null, null],
    [undefined, 'stream', 'provider_cut', true, null, null],
    [callError(200, { cause: new EventTooLarge() }), 'stream', 'provider_error', true, null, null],
    [new EventTooLarge(), 'stream', 'provider_error', true, null, null],
    [new MalformedEvent(), 'stream', 'provider_error', true, null, null],
    [new EventTooLarge(), 'call', 'provider_error', true, null, null],
    [new InvalidResponseDataError({ data: SAID, message: SAID }), 'stream', 'provider_error', true, null, null],
  ] as const)('[PR1] [PR3] case %#', (error, phase, code, retryable, status, retryAfterS) => {
    const failure = mapError(error, phase, NOW)
    expect(failure).toMatchObject({ code, retryable, status, retryAfterS })
    expectNothingLeaked(failure)
  })

  test('[PR1] a failure of our own stays what it is', () => {
    const failure = new ProviderFailure('provider_stalled', 'x')
    expect(mapError(failure, 'stream', NOW)).toBe(failure)
  })

  test.each([
    [{ message: SAID, code: 500 }, 'provider_error', 500],
    [SAID, 'provider_error'],
    [null, 'provider_error'],
    [new Error(SAID), 'provider_error'],
    [new InvalidResponseDataError({ data: { x: SAID } }), 'provider_error'],
    [new InvalidResponseDataError({ data: undefined }), 'provider_cut'],
    [{ message: SAID, statusCode: 429 }, 'provider_rate_limited', 429],
    [{ message: SAID, code: 429 }, 'provider_rate_limited', 429],
    [{ message: SAID, statusCode: 503 }, 'provider_error', 503],
    [{ message: SAID, statusCode: 400 }, 'provider_error', 400, false],
    [{ message: SAID, code: 3040 }, 'provider_error'],
    [{ message: SAID, code: '429' }, 'provider_error'],
  ])('[PR1] [PR3] error part %#', (error, code, status: number | null = null, retryable = true) => {
    const failure = mapErrorPart(error)
    expect(failure).toMatchObject({ code, status, retryable })
    expectNothingLeaked(failure)
  })

  test.each([
    ['0', 0],
    [' 12 ', 12],
    ['1.5', 1.5],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['-5', null],
    ['soon', null],
    ['2026', 2026],
    ['2026-11-21', null],
    ['', null],
    [undefined, null],
  ])('[PR1] retry-after %s', (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds)
  })
})

describe('parts', () => {
  const usage = {
    inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: undefined },
    outputTokens: { total: undefined, text: undefined, reasoning: undefined },
  }

  test('[PR1] text, tool call and finish are mapped, all else is left out', () => {
    expect(mapStreamPart({ type: 'text-delta', id: 't', delta: 'a' })).toEqual({ type: 'text', text: 'a' })
    expect(mapStreamPart({ type: 'text-delta', id: 't', delta: '' })).toBeNull()
    expect(mapStreamPart({ type: 'reasoning-delta', id: 'r', delta: 'hm' })).toEqual({ type: 'alive' })
    expect(mapStreamPart({ type: 'ping' })).toEqual({ type: 'alive' })
    expect(mapStreamPart({ type: 'stream-start', warnings: [] })).toBeNull()
    expect(mapStreamPart({ type: 'tool-call', toolCallId: 'i', toolName: 'n', input: '{}' })).toEqual({
      type: 'tool_call',
      id: 'i',
      name: 'n',
      arguments: '{}',
    })
    expect(mapStreamPart({ type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage })).toEqual({
      type: 'finish',
      reason: 'stop',
      usage: { input_tokens: 3, output_tokens: null },
    })
  })

  test.each([
    ['stop', 'stop', 'stop'],
    ['length', 'length', 'length'],
    ['content-filter', 'content_filter', 'content_filter'],
    ['tool-calls', 'tool_calls', 'tool_calls'],
    ['other', 'eos', 'other'],
  ] as const)('[PR1] finish %s (%s) is %s', (unified, raw, reason) => {
    expect(mapFinishReason({ unified, raw })).toBe(reason)
  })

  test.each([
    ['interrupted', undefined, 'provider_cut'],
    ['other', undefined, 'provider_cut'],
    ['other', '', 'provider_cut'],
    ['other', 'abort', 'provider_cut'],
    ['other', 'interrupted', 'provider_cut'],
    ['error', undefined, 'provider_error'],
    ['other', 'error', 'provider_error'],
  ] as const)('[GE10] finish %s (%s) is the failure %s', (unified, raw, code) => {
    expect(mapStreamPart({ type: 'finish', finishReason: { unified, raw }, usage })).toMatchObject({ code })
  })

  test('[PR1] a tool that the provider runs itself asks nothing of us', () => {
    const call = {
      type: 'tool-call',
      toolCallId: 'i',
      toolName: 'search',
      input: '{}',
      providerExecuted: true,
    } as const
    expect(mapStreamPart(call)).toEqual({ type: 'alive' })
  })

  const messages: readonly ModelMessage[] = [
    { role: 'system', content: 's' },
    { role: 'user', content: 'u' },
    { role: 'assistant', content: 'a' },
    { role: 'user', content: 'v' },
  ]
  const mapped = [
    { role: 'system', content: 's' },
    { role: 'user', content: [{ type: 'text', text: 'u' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'a' }] },
    { role: 'user', content: [{ type: 'text', text: 'v' }] },
  ]

  test.each([null, ''])('[PR1] messages keep their order and roles; a prefix of %j is none', (prefix) => {
    expect(toPrompt({ messages, prefix })).toEqual(mapped)
  })

  test('[PR1] an answer so far comes last, with the word to go on from it', () => {
    expect(toPrompt({ messages, prefix: 'It flows ' })).toEqual([
      ...mapped,
      { role: 'assistant', content: [{ type: 'text', text: 'It flows ' }] },
      { role: 'user', content: [{ type: 'text', text: CONTINUE }] },
    ])
  })
})
