import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadFrame } from '../../src/core/client-frames.ts'
import { ERROR_CODES, FreshetError, shown } from '../../src/core/errors.ts'
import { logEventSchema } from '../../src/core/events.ts'
import { everyEvent } from '../support/log-events.ts'

describe('errors', () => {
  it('[ER1] the list of codes is closed: each once, in one form, and no other gets into the log', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length)
    for (const code of ERROR_CODES) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    const [event] = everyEvent().filter(({ type }) => type === 'error')
    const withCode = (error_type: string) => ({ ...event, data: { ...event?.data, error_type } })
    for (const code of ERROR_CODES) expect(logEventSchema.safeParse(withCode(code)).success).toBe(true)
    expect(logEventSchema.safeParse(withCode('oops')).success).toBe(false)
  })

  it('[ER3] whatever is thrown that is not ours is shown as `internal`, with none of its words', () => {
    const thrown = fc.oneof(
      fc.anything(),
      fc.string().map((words) => new Error(words)),
      fc.string().map((words) => Object.assign(new TypeError(words), { code: 'bad_request', status: 400 })),
    )
    const words = shown(null).message
    fc.assert(
      fc.property(thrown, (error) => {
        const { code, message } = shown(error)
        expect({ code, message }).toEqual({ code: 'internal', message: words })
      }),
    )
    expect(shown(new Error('password=hunter2')).message).not.toContain('hunter2')
    expect(shown(new Error('x', { cause: new FreshetError('timeout', 'Too late.') })).code).toBe('internal')
  })

  it('[ER3] an error of ours is shown as it is', () => {
    for (const code of ERROR_CODES) {
      const error = new FreshetError(code, 'Do this.')
      expect(shown(error)).toBe(error)
      expect(shown(new BadFrame(error, 'r1'))).toMatchObject({ code, message: 'Do this.', about: 'r1' })
    }
  })
})
