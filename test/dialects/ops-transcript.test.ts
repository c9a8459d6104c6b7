import { describe, expect, it } from 'vitest'
import { addressTo, envelopeOf, parseEnvelope, shareText } from '../../src/core/wire.ts'
import { type OpsReader, opsConnection, opsEvent, opsHeartbeat } from '../../src/dialects/ops-events.ts'
import { FINISH, generationOf } from '../support/generated-log.ts'

const READER: OpsReader = { clientId: 'tab-1', subscriptions: ['ai_response', 'progress_update'] }

/** A whole stream of D2, as bytes leave: a change of this text is a change of the contract with old clients. */
const GOLDEN = `id: n0-0
event: connection
data: {"client_id":"tab-1","connected_at":1700000000,"subscriptions":["ai_response","progress_update"]}

id: n0-1
event: stream_start
data: {"request_id":"r1","prompt":"Why\\n\\"so\\"?","prompt_length":9,"estimated_duration":2,"agent":"assistant","message_id":null,"context_messages":0,"dropped_messages":0,"client_id":"tab-1"}

id: n0-3
event: chunk
data: {"request_id":"r1","chunk":"one ","chunk_number":1,"accumulated_length":4,"client_id":"tab-1"}

id: n0-4
event: chunk
data: {"request_id":"r1","chunk":"two\\r\\n","chunk_number":2,"accumulated_length":9,"client_id":"tab-1"}

id: n0-5
event: chunk
data: {"request_id":"r1","chunk":"🌊","chunk_number":3,"accumulated_length":11,"client_id":"tab-1"}

id: n0-6
event: chunk
data: {"request_id":"r1","chunk":" four","chunk_number":4,"accumulated_length":16,"client_id":"tab-1"}

id: n0-7
event: chunk
data: {"request_id":"r1","chunk":" five","chunk_number":5,"accumulated_length":21,"client_id":"tab-1"}

id: n0-8
event: progress
data: {"request_id":"r1","progress":4,"chunks_sent":5,"client_id":"tab-1"}

id: n0-9
event: stream_complete
data: {"request_id":"r1","total_chunks":5,"total_length":21,"duration":0.5,"provider_used":"embedded","cache_hit":false,"finish_reason":"stop","usage":{"input_tokens":3,"output_tokens":7},"cost":0,"cost_estimated":false,"message_count":null,"client_id":"tab-1"}

event: heartbeat
data: {"timestamp":1700000030.5}

`

describe('a stream of D2', () => {
  it('[FO1] is this text from the first byte to the last', () => {
    const start = 1_700_000_000_000
    const generation = generationOf({ prompt: 'Why\n"so"?', task: 'question' })
    const events = [...generation.begin(start, 'embedded')]
    for (const [i, delta] of ['one ', 'two\r\n', '🌊', ' four', ' five'].entries()) {
      generation.add(delta)
      events.push(...generation.flush(start + 100 * i))
    }
    events.push(...generation.complete(start + 500, FINISH))
    const told = events.map((event, i) => {
      const line = addressTo('tab-1', shareText(envelopeOf(event, 'n0', i + 1)))
      return opsEvent(parseEnvelope(line), READER) ?? ''
    })
    const text = opsConnection(READER, 'n0-0', start) + told.join('') + opsHeartbeat(start + 30_500)
    expect(text).toBe(GOLDEN)
  })
})
