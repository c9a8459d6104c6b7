import { expect, test } from 'vitest'
import * as z from 'zod'
import { wholeLog } from '../workers/support.ts'
import { ask, ledgerOf, metadataOf, textOf } from './support.ts'

const plain = await ask('reference', 'good', 'ref')
const WHOLE = textOf(plain)

test.each([
  ['dead', 'provider_error'],
  ['limited', 'provider_rate_limited'],
  ['slow', 'provider_stalled'],
])('[FB1][FB2][FB4] a %s provider is passed over before the first token, and the log says so', async (name, reason) => {
  const user = `over-${name}`
  const socket = await ask(user, name, 'r')
  expect(socket.logged.at(-1)).toMatchObject({
    type: 'stream_end',
    data: { provider_used: 'good', total_length: WHOLE.length },
  })
  expect(textOf(socket)).toBe(WHOLE)
  expect(metadataOf(socket)).toMatchObject({
    recommended_provider: 'good',
    switch: [{ from: name, to: 'good', reason, after_chars: 0 }],
  })
  const log = await wholeLog(user)
  expect(log.filter(({ type }) => type === 'stream_end' || type === 'error')).toHaveLength(1)
  const outcome = name === 'limited' ? 'rate_limited' : 'failed'
  expect(await ledgerOf(user)).toMatchObject([
    { provider: name, outcome, output_tokens: 0 },
    { provider: 'good', outcome: 'ok', estimated: 0 },
  ])
  socket.close()
})

test.each([
  ['breaks', 'provider_error'],
  ['stalls', 'provider_stalled'],
])(
  '[FB3][FB4] an answer that %s after its first token is continued by the next provider, and the log says so',
  async (name, reason) => {
    const user = `on-${name}`
    const socket = await ask(user, name, 'r')
    expect(socket.logged.at(-1)).toMatchObject({ type: 'stream_end', data: { provider_used: 'good' } })
    expect(textOf(socket)).toBe(WHOLE)
    const [change] = z.array(z.looseObject({ after_chars: z.number() })).parse(metadataOf(socket)['switch'])
    expect(change).toMatchObject({ from: name, to: 'good', reason })
    expect(change?.after_chars).toBeGreaterThan(0)
    // What the dead one wrote was bought, and its figures are not known.
    expect(await ledgerOf(user)).toMatchObject([
      { provider: name, outcome: 'failed', estimated: 1 },
      { provider: 'good', outcome: 'ok', estimated: 0 },
    ])
    expect(socket.logged.at(-1)?.data).toMatchObject({ cost_estimated: true })
    socket.close()
  },
)

test('[HE2] a provider that is down for one user costs the next user nothing', async () => {
  for (let i = 0; i < 3; i++) (await ask(`down-${i}`, 'dead', 'r')).close()
  const next = await ask('down-next', 'dead', 'r')
  expect(metadataOf(next)).not.toHaveProperty('switch')
  expect(await ledgerOf('down-next')).toMatchObject([{ provider: 'good', outcome: 'ok' }])
  next.close()
})
