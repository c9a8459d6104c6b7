import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { NOTICE } from '../../src/agents/health/safety.ts'
import { chat, ofType, post, said, textOf } from './chat-support.ts'
import type { Seen } from './support.ts'

const QUESTION =
  'I sleep five hours a night, my blood pressure is 150 over 95, and I take ibuprofen every day. What should I do?'

/** Attempts at providers in the ledger of a user. */
async function attempts(user: string): Promise<number> {
  return runInDurableObject(env.SESSION_HUB.getByName(`user:${user}`), (_, state) =>
    Number(state.storage.sql.exec('SELECT count(*) n FROM ledger').one()['n']),
  )
}

function updates(events: readonly Seen[], type: string): readonly Record<string, unknown>[] {
  return ofType(events, type).map(({ data }) => data)
}

test('[AG4] the lead consults its specialists: each has a start and an end, a finding, and is in the ledger', async () => {
  const user = 'team'
  const stream = await chat(user, { message: QUESTION })
  await stream.over()
  const runs = new Map<unknown, Record<string, unknown>[]>()
  for (const update of updates(stream.all, 'specialist_update')) {
    runs.set(update['run_id'], [...(runs.get(update['run_id']) ?? []), update])
  }
  const names = [...runs.values()].map(([first]) => first?.['specialist'])
  expect(new Set(names)).toEqual(new Set(['cardiology', 'medication-safety', 'sleep']))
  expect(names).toHaveLength(3)
  for (const run of runs.values()) {
    expect(run.map(({ status }) => status)).toEqual(['started', 'completed'])
    expect(String(run[1]?.['content']).length).toBeGreaterThan(20)
    expect(new Date(String(run[0]?.['timestamp'])).toISOString()).toBe(run[0]?.['timestamp'])
  }
  // The lead's two turns, and one call for each specialist.
  expect(await attempts(user)).toBe(2 + runs.size)
})

test('[AG3] its tools are called with what was said, and their results are told', async () => {
  const stream = await chat('figures', { message: QUESTION })
  await stream.over()
  const [call] = updates(stream.all, 'tool_call')
  expect(call).toMatchObject({ tool: 'blood_pressure_category', arguments: { systolic: 150, diastolic: 95 } })
  const [result] = updates(stream.all, 'tool_result')
  expect(result).toMatchObject({ call_id: call?.['call_id'], status: 'ok', output: { systolic_mmhg: 150 } })
})

test('[AG1] an answer about health says at its end that it is no doctor; the plain assistant does not', async () => {
  for (const message of [QUESTION, 'Hello']) {
    const stream = await chat('notice', { message })
    await stream.over()
    expect(stream.all.at(-1)?.type).toBe('done')
    expect(textOf(stream.all).trim().endsWith(NOTICE)).toBe(true)
  }
  const plain = await post('/api/chat/message', 'notice', { message: QUESTION, agent: 'assistant' })
  await plain.over()
  expect(textOf(plain.all)).not.toContain(NOTICE)
  expect(updates(plain.all, 'specialist_update')).toEqual([])
})

test('[DI1] another dialect tells of the same team in its own words', async () => {
  const stream = await said('team-d4', { message: QUESTION, agent: 'health' })
  const told = ofType(stream.all, 'status').filter(({ data }) => data['about'] === 'specialist')
  expect(told.map(({ data }) => String(data['message']).replace(/ .*$/, ''))).toContain('Consulting')
  expect(told).toHaveLength(6)
  expect(textOf(stream.all).trim().endsWith(NOTICE)).toBe(true)
})
