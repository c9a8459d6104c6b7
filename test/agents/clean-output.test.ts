import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Json } from '../../src/agents/agent.ts'
import { cleanOutput, outputText } from '../../src/agents/clean-output.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { jsonArb } from './json-arb.ts'

const MARK = '... [truncated]'

/** As JSON gives it, with `__proto__` as a key of its own. */
function fromText(text: string): Json {
  return z.json().parse(JSON.parse(text))
}

/** Everything in a value: its path, and itself. */
function* walk(value: Json, path: readonly string[] = []): Generator<readonly [readonly string[], Json]> {
  yield [path, value]
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) yield* walk(item, [...path, key])
}

/** The same rule, said in another way: by the contract's words alone. */
function hides(key: string): boolean {
  return /password|token|api_key|secret/.test(key.toLowerCase())
}

/** Lists and objects in turns, the same from outside inwards whatever the depth. */
function nested(depth: number, inner: Json): Json {
  let value = inner
  for (let i = 0; i < depth; i++) value = (depth - i) % 2 === 0 ? [value] : { a: value }
  return value
}

describe('the output of tools', () => {
  it('[AG6] hides what secret-sounding keys hold, in any case and whatever it is', () => {
    const given = {
      user: 'Ann',
      Password: 'hunter2',
      ACCESS_TOKEN: { deep: [1, 2] },
      my_api_key_2: 17,
      clientSecret: null,
      list: [{ secret: 'x', kept: true }],
      'api-key': 'not of the contract',
    }
    expect(cleanOutput(given)).toEqual({
      user: 'Ann',
      Password: '[REDACTED]',
      ACCESS_TOKEN: '[REDACTED]',
      my_api_key_2: '[REDACTED]',
      clientSecret: '[REDACTED]',
      list: [{ secret: '[REDACTED]', kept: true }],
      'api-key': 'not of the contract',
    })
  })

  it('[AG6] cuts strings over 5000 characters, on their own and within', () => {
    expect(LIMITS.toolStringChars).toBe(5000)
    const fits = 'a'.repeat(5000)
    const long = `${fits}b`
    expect(cleanOutput(fits)).toBe(fits)
    expect(cleanOutput(long)).toBe(fits + MARK)
    expect(cleanOutput([{ text: long }, fits])).toEqual([{ text: fits + MARK }, fits])
  })

  it('[AG6] cuts before a surrogate pair, not within it', () => {
    expect(cleanOutput(`${'a'.repeat(4999)}🌊`)).toBe(`${'a'.repeat(4999)}${MARK}`)
    expect(cleanOutput(`${'a'.repeat(4998)}🌊`)).toBe(`${'a'.repeat(4998)}🌊`)
    expect(cleanOutput(`${'a'.repeat(4998)}🌊b`)).toBe(`${'a'.repeat(4998)}🌊${MARK}`)
  })

  it('[AG6] leaves out what is nested too deep', () => {
    const fits = nested(LIMITS.jsonDepth, 'deep')
    expect(cleanOutput(fits)).toEqual(fits)
    expect(cleanOutput(nested(LIMITS.jsonDepth + 1, 'deep'))).toEqual(nested(LIMITS.jsonDepth, MARK))
    expect(() => cleanOutput(nested(200_000, 'deep'))).not.toThrow()
  })

  it('[AG6] `__proto__` is a key like any other, and changes no object', () => {
    const given: Json = Object.fromEntries([['__proto__', { polluted: true, token: 'x' }]])
    const cleaned = cleanOutput({ within: given })
    expect(JSON.stringify(cleaned)).toBe('{"within":{"__proto__":{"polluted":true,"token":"[REDACTED]"}}}')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  it('[AG6] a number that JSON cannot say is null already', () => {
    expect(cleanOutput([Number.NaN, Number.POSITIVE_INFINITY, 1.5])).toEqual([null, null, 1.5])
  })

  it('[AG6] nothing hidden and nothing long is left in any output, and all else is as it was', () => {
    fc.assert(
      fc.property(jsonArb, (given) => {
        const before = JSON.stringify(given)
        const cleaned = new Map([...walk(cleanOutput(given))].map(([path, value]) => [JSON.stringify(path), value]))
        expect(JSON.stringify(given)).toBe(before)
        for (const [path, value] of walk(given)) {
          const at = JSON.stringify(path)
          const under = path.slice(0, -1).some(hides)
          expect(cleaned.has(at)).toBe(!under)
          if (under) continue
          const key = path.at(-1)
          const now = cleaned.get(at)
          if (key !== undefined && hides(key)) expect(now).toBe('[REDACTED]')
          else if (typeof value === 'string') {
            expect(
              now === value
                ? value.length <= 5000
                : now === value.slice(0, 5000).replace(/[\uD800-\uDBFF]$/, '') + MARK,
            ).toBe(true)
          } else if (typeof value === 'object' && value !== null) {
            expect(Object.keys(now ?? {})).toEqual(Object.keys(value))
          } else expect(Object.is(now, value)).toBe(true)
          cleaned.delete(at)
        }
        expect(cleaned.size).toBe(0)
      }),
    )
  })

  it('[AG6] a cleaned output is the same after it was JSON', () => {
    fc.assert(
      fc.property(jsonArb, (given) => {
        const text = JSON.stringify(cleanOutput(given))
        expect(JSON.stringify(JSON.parse(text))).toBe(text)
        expect(text.isWellFormed()).toBe(true)
      }),
    )
  })

  it('[AG3] a model is given text: a string as it is, all else as JSON', () => {
    expect(outputText('one "word"')).toBe('one "word"')
    expect(outputText({ bmi: 22.5, list: [null] })).toBe('{"bmi":22.5,"list":[null]}')
    expect(outputText(fromText('{"a":{"b":1}}'))).toBe('{"a":{"b":1}}')
  })

  it('[AG3] that text has an end, and says so', () => {
    const most = LIMITS.toolOutputChars
    const fits = 'a'.repeat(most)
    expect(outputText(fits)).toBe(fits)
    const cut = outputText(Array.from({ length: 10 }, () => 'a'.repeat(5000)))
    expect(cut).toHaveLength(most)
    expect(cut.endsWith(MARK)).toBe(true)
    for (const shift of [0, 1]) {
      const pairs = outputText('a'.repeat(shift) + '🌊'.repeat(most))
      expect(pairs.length).toBeGreaterThanOrEqual(most - 1)
      expect(pairs.length).toBeLessThanOrEqual(most)
      expect(pairs.isWellFormed()).toBe(true)
    }
  })
})
