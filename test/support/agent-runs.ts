import * as z from 'zod'
import { type Agent, defineTool, type Tool, ToolRefusal } from '../../src/agents/agent.ts'
import type { StartCommand } from '../../src/core/commands.ts'
import type { Usage } from '../../src/core/events.ts'
import { MemoryTodos } from '../../src/core/memory-todos.ts'
import type { FinishReason, ModelMessage, ModelRequest } from '../../src/core/model.ts'
import type { Asked } from '../../src/hub/agent-ports.ts'
import { AgentRun } from '../../src/hub/agent-run.ts'
import type { AnswerPart } from '../../src/hub/answering.ts'
import type { SourcePart } from '../../src/hub/runner.ts'
import { commandOf } from './runs.ts'
import { scripted } from './scripted-provider.ts'

/** What a model does in one call: parts, an error that ends it, or something that is waited for. */
export type Move = AnswerPart | Error | Promise<unknown>

const PROVIDER = scripted('ann', [], [])

export function say(text: string): AnswerPart {
  return { type: 'text', text }
}

export function call(name: string, args: unknown = {}, id = ''): AnswerPart {
  return { type: 'tool_call', id, name, arguments: typeof args === 'string' ? args : JSON.stringify(args) }
}

export function done(reason: FinishReason = 'stop', usage: Usage = { input_tokens: 1, output_tokens: 2 }): AnswerPart {
  return { type: 'finish', provider: PROVIDER, reason, usage }
}

export const sum = defineTool({
  name: 'sum',
  description: 'Adds.',
  input: z.object({ a: z.number(), b: z.number().default(0) }),
  run: ({ a, b }) => ({ sum: a + b }),
})

const fussy = defineTool({
  name: 'fussy',
  description: 'Refuses.',
  input: z.object({}),
  run: () => {
    throw new ToolRefusal('Not on Sundays.')
  },
})

const broken = defineTool({
  name: 'broken',
  description: 'Has a bug.',
  input: z.object({}),
  run: () => Promise.reject(new TypeError('the secret words of a bug')),
})

/** A tool whose calls end when the test says so, by `n`. */
export class Gates {
  readonly started: number[] = []
  readonly #open = new Map<number, () => void>()
  running = 0
  most = 0

  get tool(): Tool {
    return defineTool({
      name: 'gate',
      description: 'Waits.',
      input: z.object({ n: z.number() }),
      run: async ({ n }) => {
        this.started.push(n)
        this.running += 1
        this.most = Math.max(this.most, this.running)
        await new Promise<void>((resolve) => this.#open.set(n, resolve))
        this.running -= 1
        return n
      },
    })
  }

  get waiting(): readonly number[] {
    return [...this.#open.keys()]
  }

  open(n: number): void {
    this.#open.get(n)?.()
    this.#open.delete(n)
  }
}

export function agentOf(more: Partial<Agent> = {}): Agent {
  return {
    name: 'lead',
    title: 'Lead',
    about: 'Leads.',
    instructions: 'You lead.',
    notice: null,
    tools: [sum, fussy, broken],
    specialists: [],
    maxTurns: 4,
    ...more,
  }
}

export const sleeper = agentOf({
  name: 'sleep-lab',
  title: 'Sleep lab',
  instructions: 'You sleep.',
  tools: [],
  maxTurns: 1,
})
export const heart = agentOf({ name: 'heart', title: 'Heart', instructions: 'You beat.', tools: [], maxTurns: 1 })

/** Whom a request asks: the agent whose instructions it has. */
export function askedOf(request: ModelRequest): string {
  const [first] = request.messages
  return first?.role === 'system' ? (first.content.split('\n')[0] ?? '') : ''
}

interface Scene {
  readonly agent?: Agent
  readonly command?: Partial<StartCommand>
  readonly history?: readonly ModelMessage[]
  /** The lead's turns; when they are over, it answers with nothing but a finish. */
  readonly turns: readonly (readonly Move[])[]
  /** What the specialists say, by name, each time. */
  readonly specialists?: Readonly<Record<string, readonly Move[]>>
  readonly signal?: AbortSignal
  onPart?(part: SourcePart): void
}

/** What came of an agent's run. */
export interface Acted {
  readonly parts: SourcePart[]
  /** Requests of the lead's turns, and of its specialists. */
  readonly requests: ModelRequest[]
  readonly consulted: ModelRequest[]
  thrown: unknown
}

/** An agent's run with models that play a script. Bills count the calls: 1 dollar, 2, 3 … */
export function runOf(scene: Scene): { run: AgentRun; acted: Acted } {
  const { agent = agentOf(), command = {}, history = [], turns, specialists = {} } = scene
  const acted: Acted = { parts: [], requests: [], consulted: [], thrown: null }
  const moves = turns.values()
  let asked = 0
  const movesFor = (request: ModelRequest): readonly Move[] => {
    const specialist = agent.specialists.find(({ instructions }) => instructions === askedOf(request))
    if (specialist === undefined) {
      acted.requests.push(request)
      return moves.next().value ?? [done()]
    }
    acted.consulted.push(request)
    return specialists[specialist.name] ?? [done()]
  }
  const ask = (request: ModelRequest): Asked => {
    const script = movesFor(request)
    const bill = { cost: 0, estimated: false }
    return {
      bill,
      async *parts() {
        asked += 1
        bill.cost = asked
        for (const move of script) {
          if (move instanceof Error) throw move
          if (move instanceof Promise) await move
          else yield move
        }
      },
    }
  }
  const signal = scene.signal ?? new AbortController().signal
  const todos = new MemoryTodos(() => 'todo')
  const run = new AgentRun(agent, commandOf(command), history, 'question', {
    now: () => Date.now(),
    ask,
    todos,
    signal,
  })
  return { run, acted }
}

/** Reads a run to its end. */
export async function act(scene: Scene): Promise<Acted> {
  const { run, acted } = runOf(scene)
  try {
    for await (const part of run.parts()) {
      acted.parts.push(part)
      scene.onPart?.(part)
    }
  } catch (error) {
    acted.thrown = error
  }
  return acted
}

/** A run in a line for each part, for the order of things. */
export function told(parts: readonly SourcePart[]): readonly string[] {
  return parts.map((part) => {
    switch (part.type) {
      case 'text':
        return part.text
      case 'tool_call':
        return `${part.call.call_id} calls ${part.call.tool}${part.call.external ? ' of the caller' : ''}`
      case 'tool_result':
        return `${part.result.call_id} is ${part.result.status}`
      case 'specialist':
        return `${part.told.run_id} ${part.told.specialist} ${part.told.status}`
      case 'finish':
        return `finish: ${part.reason}`
      default:
        return part.type
    }
  })
}

/** What a model was told of the tools in a request, in order. */
export function outputsIn(request: ModelRequest | undefined): readonly (readonly [string, string])[] {
  return (request?.messages ?? []).flatMap((message) =>
    message.role === 'tool' ? [[message.callId, message.content] as const] : [],
  )
}
