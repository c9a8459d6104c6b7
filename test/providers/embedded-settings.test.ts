import { describe, expect, test } from 'vitest'
import { parseEmbeddedUrl } from '../../src/providers/embedded-settings.ts'

const DEFAULTS = { tokensPerSecond: 40, firstTokenMs: 250, tokens: 0, fault: null, failRate: 0, seed: 0 }

describe('embedded settings', () => {
  test.each([
    [undefined, DEFAULTS],
    ['embedded:', DEFAULTS],
    ['embedded:?tokens_per_second=40&first_token_ms=250&tokens=0&fail_after=&stall_after=&cut_after=', DEFAULTS],
    ['embedded:?tokens_per_second=12.5&tokens=7', { ...DEFAULTS, tokensPerSecond: 12.5, tokens: 7 }],
    ['embedded:?tokens_per_second=0', { ...DEFAULTS, tokensPerSecond: 0, firstTokenMs: 0 }],
    ['embedded:?tokens_per_second=1000000', { ...DEFAULTS, tokensPerSecond: 0, firstTokenMs: 0 }],
    ['embedded:?tokens_per_second=0&first_token_ms=9', { ...DEFAULTS, tokensPerSecond: 0, firstTokenMs: 9 }],
    ['embedded:?fail_after=3', { ...DEFAULTS, fault: { kind: 'fail', after: 3 } }],
    ['embedded:?stall_after=0', { ...DEFAULTS, fault: { kind: 'stall', after: 0 } }],
    ['embedded:?cut_after=8', { ...DEFAULTS, fault: { kind: 'cut', after: 8 } }],
    ['embedded:?fail_before=1', { ...DEFAULTS, fault: { kind: 'fail', after: 0 } }],
    ['embedded:?fail_before=0', DEFAULTS],
    ['embedded:?rate_limited=2.5', { ...DEFAULTS, fault: { kind: 'rate_limit', retryAfterS: 2.5 } }],
    [
      'embedded:?fail_rate=0.25&seed=7&cut_after=1',
      { ...DEFAULTS, fault: { kind: 'cut', after: 1 }, failRate: 0.25, seed: 7 },
    ],
  ])('[PR2] %s', (url, settings) => {
    expect(parseEmbeddedUrl('demo', url)).toEqual(settings)
  })

  test.each([
    ['embedded:?speed=4', /"speed" is no setting/],
    ['embedded:?tokens=-1', /tokens must be a whole number.*"-1"/],
    ['embedded:?tokens=1.5', /tokens must be a whole number/],
    ['embedded:?tokens=99999999', /tokens must be a whole number from 0 to 10000000/],
    ['embedded:?tokens_per_second=fast', /tokens_per_second must be a number.*"fast"/],
    ['embedded:?tokens_per_second=Infinity', /tokens_per_second must be a number/],
    ['embedded:?first_token_ms=1e3', /first_token_ms/],
    ['embedded:?tokens=1&tokens=2', /tokens is there twice/],
    ['embedded:?tokens=&tokens=2', /tokens is there twice/],
    ['embedded:?fail_after=1&cut_after=2', /only one of/],
    ['embedded:?fail_before=1&rate_limited=2', /only one of/],
    ['embedded:?fail_before=2', /fail_before must be a whole number from 0 to 1/],
    ['embedded:?fail_rate=1.5', /fail_rate must be a number from 0 to 1/],
    ['embedded:?__proto__=1', /no setting/],
    ['embedded:/path?tokens=1', /must be "embedded:"/],
    ['embedded:?tokens=1#x', /must be "embedded:"/],
    ['https://example.com', /must be "embedded:"/],
  ])('[CF1] [PR2] %s is refused with a sentence', (url, sentence) => {
    expect(() => parseEmbeddedUrl('demo', url)).toThrow(sentence)
    expect(() => parseEmbeddedUrl('demo', url)).toThrow(/"demo".*\.$/)
  })
})
