import fc from 'fast-check'
import type { LogEvent, Numbered } from '../../src/core/events.ts'
import { type GenerationStart, interrupted } from '../../src/core/generation.ts'
import { uiMessageStream } from '../../src/dialects/ui-message-stream.ts'
import { anyText } from './any-text.ts'
import { FINISH, generationOf, textArb } from './generated-log.ts'

const call = { tool: 'sum', arguments: '{"a":1}', by: 'assistant', external: false }
const consultation = {
  specialist: 'sleep',
  title: 'Sleep',
  question: 'why?',
  usage: null,
  cost: 0.5,
  cost_estimated: false,
}

/** Tells a request's life by the words of its generation, and keeps the log of it. */
export class Story {
  readonly log: Numbered[] = []
  readonly #generation
  #now = 1_000_000

  constructor(start: Partial<GenerationStart> = {}) {
    this.#generation = generationOf({ conversationId: 'c1', ...start })
    this.#add(this.#generation.begin(this.#now, 'embedded'))
  }

  get events(): readonly LogEvent[] {
    return this.log.map(({ event }) => event)
  }

  /** Text in as many chunks as there are pieces. */
  text(...pieces: readonly string[]): this {
    for (const piece of pieces) {
      this.#generation.add(piece)
      this.#add(this.#generation.flush(this.#tick()))
    }
    return this
  }

  call(call_id: string, more: Partial<typeof call> = {}): this {
    return this.#add(this.#generation.toolCall(this.#tick(), { ...call, call_id, ...more }))
  }

  result(call_id: string, output: Json, status: 'ok' | 'error' = 'ok'): this {
    const told = { call_id, tool: call.tool, by: call.by, status, output, duration: 0.2 }
    return this.#add(this.#generation.toolResult(this.#tick(), told))
  }

  consult(run_id: string): this {
    const told = { run_id, status: 'started', content: null, duration: null, error_type: null } as const
    return this.#add(this.#generation.specialist(this.#tick(), { ...consultation, ...told }))
  }

  consulted(run_id: string, content: string | null): this {
    const status = content === null ? 'failed' : 'completed'
    const told = { run_id, status, content, duration: 1.5, error_type: content === null ? 'timeout' : null } as const
    return this.#add(this.#generation.specialist(this.#tick(), { ...consultation, ...told }))
  }

  switched(): this {
    const switches = [{ from: 'embedded', to: 'other', reason: 'provider_cut', after_chars: 0 }] as const
    return this.#add(this.#generation.routed(this.#tick(), 'other', switches))
  }

  end(reason = 'stop'): this {
    return this.#add(this.#generation.complete(this.#tick(), { ...FINISH, reason }))
  }

  cancel(): this {
    return this.#add(this.#generation.cancel(this.#tick(), 'asked to'))
  }

  fail(words: string): this {
    return this.#add(this.#generation.fail(this.#tick(), 'provider_cut', words))
  }

  /** As its hub's next instance ends it. */
  die(): this {
    return this.#add([interrupted({ requestId: 'r1', conversationId: 'c1', target: null }, this.#tick())])
  }

  #tick(): number {
    this.#now += 150
    return this.#now
  }

  #add(events: readonly LogEvent[]): this {
    for (const event of events) this.log.push({ seq: this.log.length + 1, event })
    return this
  }
}

type Json = Extract<LogEvent, { type: 'tool_result' }>['data']['output']

/** A log in dialect D7, as one stream. */
export function encoded(log: readonly Numbered[]): string {
  const encoder = uiMessageStream.encoder({ model: 'embedded', includeUsage: false, batching: false })
  return log.map(({ seq, event }) => encoder.event(`e1-${seq}`, event)).join('')
}

/** Outputs with the keys that a careful parser stumbles over. */
const outputArb: fc.Arbitrary<Json> = fc.oneof(
  fc.json({ maxDepth: 2 }).map(jsonOf),
  fc.constantFrom('{"__proto__":{"a":1}}', '{"constructor":{"prototype":1}}', '[{"a":{"__proto__":null}}]').map(jsonOf),
)

function jsonOf(text: string): Json {
  return JSON.parse(text)
}

const argumentsArb = fc.oneof(
  fc.json({ maxDepth: 2 }),
  anyText({ maxLength: 5 }),
  fc.constantFrom('', '{}', '{"city":"Zürich"}', '{"city":', '[1]', '{"__proto__":{"a":1}}'),
)

const stepArb = fc.record({
  act: fc.constantFrom('text', 'text', 'call', 'result', 'result', 'consult', 'consulted', 'switched'),
  text: textArb,
  arguments: argumentsArb,
  output: outputArb,
  pick: fc.nat(),
  chance: fc.boolean(),
})
type Step = typeof stepArb extends fc.Arbitrary<infer T> ? T : never

const lastArb = fc.constantFrom('end', 'tool_calls', 'strange', 'cancel', 'fail', 'die', 'runs')

/** Logs of one request as a hub could write them: turns, tools beside each other, specialists, every end and none. */
export const uiLogArb: fc.Arbitrary<readonly Numbered[]> = fc
  .tuple(fc.array(stepArb, { maxLength: 25 }), lastArb, fc.constantFrom(null, 'answer-1'))
  .map(([steps, last, messageId]) => {
    const story = new Story({ messageId, granularity: steps.length % 2 === 0 ? 'chunk' : 'token' })
    const calls: string[] = []
    const runs: string[] = []
    for (const [i, step] of steps.entries()) tell(story, i, step, { calls, runs })
    if (last === 'end') story.end()
    else if (last === 'tool_calls' || last === 'strange') story.end(last)
    else if (last === 'cancel') story.cancel()
    else if (last === 'fail') story.fail('The provider broke off.')
    else if (last === 'die') story.die()
    return story.log
  })

function tell(story: Story, i: number, step: Step, { calls, runs }: { calls: string[]; runs: string[] }): void {
  switch (step.act) {
    case 'call':
      story.call(`call-${i}`, { arguments: step.arguments, external: step.chance, tool: `tool_${i % 3}` })
      if (!step.chance) calls.push(`call-${i}`)
      return
    case 'result': {
      const [id] = calls.splice(step.pick % Math.max(1, calls.length), 1)
      if (id !== undefined) story.result(id, step.output, step.chance ? 'ok' : 'error')
      return
    }
    case 'consult':
      story.consult(`run-${i}`)
      runs.push(`run-${i}`)
      return
    case 'consulted': {
      const [id] = runs.splice(step.pick % Math.max(1, runs.length), 1)
      if (id !== undefined) story.consulted(id, step.chance ? step.text : null)
      return
    }
    case 'switched':
      story.switched()
      return
    case 'text':
      story.text(step.text)
  }
}
