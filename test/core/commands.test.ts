import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  checkPrompt,
  clientIdSchema,
  complaint,
  ROUTING_STRATEGIES,
  requestConfigSchema,
} from '../../src/core/commands.ts'
import { anyText } from '../support/any-text.ts'

describe('commands', () => {
  it('[CM1] an id of a client is 1 to 128 of A-Z a-z 0-9 _ . : -', () => {
    const allowed = 'ABCXYZabcxyz019_.:-'.split('')
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...allowed), minLength: 1, maxLength: 128 }), (id) => {
        expect(clientIdSchema.parse(id)).toBe(id)
      }),
    )
    fc.assert(
      fc.property(anyText(), (id) => {
        expect(clientIdSchema.safeParse(id).success).toBe(/^[\w.:-]{1,128}$/.test(id) && !id.endsWith('\n'))
      }),
    )
    expect(clientIdSchema.safeParse('x'.repeat(129)).success).toBe(false)
  })

  it('[CM1] a prompt is given back as it came, not trimmed', () => {
    fc.assert(
      fc.property(anyText(), (prompt) => {
        if (prompt.trim() === '')
          expect(() => checkPrompt(prompt)).toThrow(expect.objectContaining({ code: 'empty_prompt' }))
        else expect(checkPrompt(prompt)).toBe(prompt)
      }),
    )
  })

  it('[CM1] every strategy is taken, and any part of a config may be left out', () => {
    for (const routing_strategy of ROUTING_STRATEGIES) {
      expect(requestConfigSchema.parse({ routing_strategy }).routing_strategy).toBe(routing_strategy)
    }
    const part = fc.record(
      {
        routing_strategy: fc.constantFrom(...ROUTING_STRATEGIES, null),
        speed_priority: fc.constantFrom(true, false, null),
        reliability_priority: fc.constantFrom(true, false, null),
        cost_limit: fc.constantFrom(0, 1.5, null),
        timeout: fc.constantFrom(0.5, 600, null),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(part, (given) => {
        expect(requestConfigSchema.parse(given)).toEqual({
          routing_strategy: given.routing_strategy ?? 'intelligent',
          speed_priority: given.speed_priority ?? true,
          reliability_priority: given.reliability_priority ?? false,
          cost_limit: given.cost_limit ?? null,
          timeout: given.timeout ?? 30,
        })
      }),
    )
  })

  it('[GE7] a timeout is over 0 and at most 600 s', () => {
    for (const timeout of [0, -1, 600.001, Number.NaN, Number.POSITIVE_INFINITY, '30']) {
      expect(requestConfigSchema.safeParse({ timeout }).success).toBe(false)
    }
  })

  it('[ER2] a complaint is one sentence that names the field', () => {
    const schema = z.object({ a: z.object({ b: z.number() }) })
    const words = (raw: unknown) => complaint(schema.safeParse(raw).error ?? new z.ZodError([]))
    expect(words({ a: { b: 'x' } })).toBe('`a.b`: expected number, received string.')
    expect(words(7)).toBe('The request is not understood: expected object, received number.')
    expect(words({ a: { b: 1 } })).toBe('The request is not understood.')
  })
})
