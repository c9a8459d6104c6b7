import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Attachment, attachmentSchema, connectionState } from '../../src/core/connection.ts'
import { filterArb } from '../support/filter-arb.ts'

const attachmentArb: fc.Arbitrary<Attachment> = fc.record({
  v: fc.constant(1 as const),
  id: fc.string(),
  kind: fc.constantFrom('socket' as const, 'bridge' as const),
  user_id: fc.string(),
  filter: filterArb,
  preferences: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.constantFrom('x', 1, true, null), {
    noNullPrototype: true,
  }),
  connected_at: fc.nat(),
  active_at: fc.nat(),
  from_seq: fc.nat(),
  behind: fc.option(fc.nat()),
  expires_at: fc.option(fc.nat()),
})

describe('a connection', () => {
  it('[HB2] its attachment comes back as it went in', () => {
    fc.assert(
      fc.property(attachmentArb, (attachment) => {
        expect(attachmentSchema.parse(structuredClone(attachment))).toEqual(attachment)
      }),
    )
  })

  it('[HB2] an attachment of another version, or not of ours, is none', () => {
    fc.assert(
      fc.property(attachmentArb, fc.anything(), (attachment, other) => {
        expect(attachmentSchema.safeParse({ ...attachment, v: 2 }).success).toBe(false)
        expect(attachmentSchema.safeParse(other).success).toBe(false)
        for (const key of Object.keys(attachment)) {
          // Younger than version 1: a socket that was open before it has none.
          if (key === 'expires_at') continue
          expect(attachmentSchema.safeParse({ ...attachment, [key]: undefined }).success).toBe(false)
        }
      }),
    )
  })

  it('[MO1] it is processing while a request runs, idle after a minute of silence, else connected', () => {
    expect(connectionState(0, 0, 0)).toBe('connected')
    expect(connectionState(0, 0, 60_000)).toBe('connected')
    expect(connectionState(0, 0, 60_001)).toBe('idle')
    expect(connectionState(0, 1, 10_000_000)).toBe('processing')
    expect(connectionState(5000, 0, 0)).toBe('connected')
  })
})
