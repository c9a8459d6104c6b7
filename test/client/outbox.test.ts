import { describe, expect, it } from 'vitest'
import type { AskCommand } from '../../src/client/command.ts'
import { EMPTY_TRANSCRIPT, newExchange } from '../../src/client/exchange.ts'
import {
  allSent,
  allUnsent,
  EMPTY_OUTBOX,
  settled,
  unsent,
  withAsk,
  withCancel,
  withRefusal,
} from '../../src/client/outbox.ts'

const ask = (requestId: string): AskCommand => ({
  type: 'ask',
  requestId,
  prompt: `prompt of ${requestId}`,
  config: null,
  streamConfig: null,
})
const started = (requestId: string, status: 'running' | 'cancelled' = 'running') => ({
  ...EMPTY_TRANSCRIPT,
  exchanges: [{ ...newExchange(requestId, 0), status }],
})
const ids = (outbox: typeof EMPTY_OUTBOX) => unsent(outbox).map((command) => `${command.type} ${command.requestId}`)

describe('outbox', () => {
  it('[CL9] a prompt is sent once a connection, and again with the same id after a cut', () => {
    const waiting = withAsk(EMPTY_OUTBOX, ask('a'))
    expect(ids(waiting)).toEqual(['ask a'])
    expect(ids(allSent(waiting))).toEqual([])
    expect(ids(allUnsent(allSent(waiting)))).toEqual(['ask a'])
    expect(withAsk(waiting, ask('a'))).toBe(waiting)
  })

  it('[CL9] it goes when its request is in the transcript, and not before', () => {
    const sent = allSent(withAsk(EMPTY_OUTBOX, ask('a')))
    expect(settled(sent, EMPTY_TRANSCRIPT)).toBe(sent)
    expect(settled(sent, started('a'))).toEqual(EMPTY_OUTBOX)
  })

  it('[CL9] a refused prompt stays to be shown, is not sent again, and can be dismissed or asked anew', () => {
    const refused = withRefusal(allSent(withAsk(EMPTY_OUTBOX, ask('a'))), 'a', {
      type: 'too_many_requests',
      message: 'Wait.',
    })
    expect(refused.asks).toMatchObject([{ status: 'refused', error: { message: 'Wait.' } }])
    expect(ids(allUnsent(refused))).toEqual([])
    expect(withCancel(refused, 'a')).toEqual(EMPTY_OUTBOX)
    const again = withAsk(refused, { ...ask('b'), prompt: ask('a').prompt })
    expect(again.asks.map((x) => x.ask.requestId)).toEqual(['b'])
  })

  it('[CL10] a cancel of a prompt that never left takes it back', () => {
    expect(withCancel(withAsk(EMPTY_OUTBOX, ask('a')), 'a')).toEqual(EMPTY_OUTBOX)
  })

  it('[CL10] a prompt that may have left is sent again before its cancel, so that the cancel finds it', () => {
    const cut = allUnsent(allSent(withAsk(EMPTY_OUTBOX, ask('a'))))
    expect(ids(withCancel(cut, 'a'))).toEqual(['ask a', 'cancel a'])
  })

  it('[CL10] a cancel stays until its request has ended, or the service knows of none', () => {
    const cancelling = allSent(withCancel(EMPTY_OUTBOX, 'a'))
    expect(settled(cancelling, started('a'))).toBe(cancelling)
    expect(settled(cancelling, started('a', 'cancelled'))).toEqual(EMPTY_OUTBOX)
    expect(withRefusal(cancelling, 'a', { type: 'request_not_found', message: null })).toEqual(EMPTY_OUTBOX)
  })
})
