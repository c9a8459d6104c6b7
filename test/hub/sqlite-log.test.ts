import { beforeEach, describe, expect, it } from 'vitest'
import { closingOf } from '../../src/core/closing.ts'
import type { LogEvent } from '../../src/core/events.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { RowTooLarge } from '../../src/core/log.ts'
import { migrate } from '../../src/hub/schema.ts'
import { Sql } from '../../src/hub/sql.ts'
import { SqliteLog } from '../../src/hub/sqlite-log.ts'
import { chunkEvent } from '../support/log-events.ts'
import { NodeStorage } from '../support/node-storage.ts'

let sql: Sql
let log: SqliteLog

beforeEach(() => {
  sql = new Sql(new NodeStorage())
  migrate(sql, { userId: 'u', privateKey: null, epoch: 'n0' }, 0)
  log = new SqliteLog(sql)
})

/** A character that takes six bytes as JSON, and one that takes three and is one in JSON. */
const SIX = '\u0001'
const THREE = '水'

const ID = SIX.repeat(LIMITS.idChars)
const names = { at: 1, request_id: ID, conversation_id: ID, target: ID }
const call = {
  request_id: ID,
  call_id: SIX.repeat(LIMITS.callNameChars),
  tool: SIX.repeat(LIMITS.callNameChars),
  by: 'a',
}

/** The largest that there can be of each type that carries what others say. */
const LARGEST: readonly LogEvent[] = [
  {
    ...names,
    type: 'stream_start',
    data: {
      request_id: ID,
      prompt: SIX.repeat(LIMITS.promptChars),
      prompt_length: LIMITS.promptChars,
      estimated_duration: 2,
      agent: 'assistant',
      message_id: ID,
      context_messages: LIMITS.historyMessages,
      dropped_messages: 0,
    },
  },
  chunkEvent(1, 1, SIX.repeat(LIMITS.deltaChars)),
  {
    ...names,
    type: 'tool_call',
    data: { ...call, arguments: SIX.repeat(LIMITS.callArgumentsChars), external: false },
  },
  {
    ...names,
    type: 'tool_result',
    // As much as the runner lets through (AG3).
    data: { ...call, status: 'ok', output: THREE.repeat(399_998), duration: 1 },
  },
  {
    ...names,
    type: 'specialist',
    data: {
      request_id: ID,
      run_id: call.call_id,
      specialist: 'a',
      title: 'A',
      status: 'completed',
      question: SIX.repeat(10_000),
      content: SIX.repeat(LIMITS.findingChars),
      duration: 1,
      usage: null,
      cost: 0,
      cost_estimated: false,
      error_type: null,
    },
  },
  {
    ...names,
    type: 'stream_end',
    data: {
      request_id: ID,
      total_chunks: 1,
      total_length: 1,
      duration: 1,
      provider_used: 'embedded',
      cache_hit: false,
      finish_reason: 'stop',
      usage: { input_tokens: 1, output_tokens: 1 },
      cost: 0,
      cost_estimated: false,
      message_count: 1,
      closing: closingOf(
        Array.from({ length: LIMITS.historyMessages }, () => ({ role: 'user', content: SIX.repeat(5000) })),
        'prompt',
        SIX.repeat(LIMITS.answerChars),
      ),
    },
  },
]

const rows = () => sql.run('SELECT last_seq, length(CAST(body AS BLOB)) bytes FROM log_0')

describe('a row of the log', () => {
  it.each(LARGEST.map((event) => [event.type, event] as const))(
    '[LG7] holds the largest %s that there can be',
    (_, event) => {
      log.append([event])
      expect(Number(rows()[0]?.['bytes'])).toBeLessThan(2_000_000)
      expect(log.after(0, { events: 1, bytes: 1 })).toEqual([{ seq: 1, event }])
    },
  )

  it('[LG7] all of them appended together are as many rows as they need', () => {
    const numbered = log.append(LARGEST)
    expect(numbered).toEqual(LARGEST.map((event, i) => ({ seq: i + 1, event })))
    expect(rows().length).toBeGreaterThan(1)
    for (const { bytes } of rows()) expect(Number(bytes)).toBeLessThan(2_000_000)
    expect(log.after(0, { events: 100, bytes: 100_000_000 })).toEqual(numbered)
    expect(new SqliteLog(sql).bounds()).toEqual(log.bounds())
  })

  it('[LG7] is never larger: such an event is an error, with nothing written and no number used, though others fit', () => {
    log.append([chunkEvent(1, 1)])
    const huge = chunkEvent(3, 1, THREE.repeat(700_000))
    expect(() => log.append([chunkEvent(2, 1), huge])).toThrow(RowTooLarge)
    expect(() => log.append([huge])).toThrow('an event of the type chunk is larger than a row')
    expect(rows()).toHaveLength(1)
    expect(log.append([chunkEvent(2, 1)])).toMatchObject([{ seq: 2 }])
  })
})
