import type { Agent } from '../agents/agent.ts'
import { outputText } from '../agents/clean-output.ts'
import { specialistOf } from '../agents/consult.ts'
import { missingNotice } from '../agents/notice.ts'
import { systemMessage } from '../agents/system-message.ts'
import { runTool } from '../agents/tool-runner.ts'
import { toolSpecs } from '../agents/tool-specs.ts'
import type { StartCommand } from '../core/commands.ts'
import type { Switch, Usage } from '../core/events.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelMessage, ModelRequest, ModelToolCall, ToolSpec } from '../core/model.ts'
import type { TaskClass } from '../core/task.ts'
import type { AgentRunPorts, Asked } from './agent-ports.ts'
import type { AnswerPart } from './answering.ts'
import { arriving } from './arriving.ts'
import { consultation } from './consultation.ts'
import type { SourceFinish, SourcePart } from './runner.ts'

type AnswerFinish = Extract<AnswerPart, { type: 'finish' }>

/** What a model said in one turn. */
interface Turn {
  text: string
  readonly calls: ModelToolCall[]
  finish: AnswerFinish | null
}

/** The loop of an agent: calls of the model, and of what it asks for, until it has answered (SPEC AG). */
export class AgentRun {
  readonly #agent: Agent
  readonly #command: StartCommand
  readonly #task: TaskClass
  readonly #messages: ModelMessage[]
  readonly #ports: AgentRunPorts
  readonly #callIds: Set<string>
  readonly #texts: string[] = []
  readonly #switches: Switch[] = []
  /** Characters of the answer so far, of all turns. */
  #chars = 0
  #usage: Usage = { input_tokens: null, output_tokens: null }

  /** @param history what came before the prompt */
  constructor(
    agent: Agent,
    command: StartCommand,
    history: readonly ModelMessage[],
    task: TaskClass,
    ports: AgentRunPorts,
  ) {
    this.#agent = agent
    this.#command = command
    this.#task = task
    this.#ports = ports
    // The caller's own calls are part of the same answer, which goes on.
    const before = command.after.flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []) : []))
    this.#callIds = new Set(before.map(({ id }) => id))
    this.#messages = messagesOf(agent, command, history, ports.now())
  }

  /** The request of the first turn: what the cache and the router look at. */
  get first(): ModelRequest {
    return this.#request(1)
  }

  /** The answer's parts, in order; exactly one `finish` ends a good one. @throws ProviderFailure as Answering */
  async *parts(): AsyncGenerator<SourcePart, void, undefined> {
    for (let n = 1; ; n++) {
      const turn: Turn = { text: '', calls: [], finish: null }
      yield* this.#listen(this.#ports.ask(this.#request(n)), turn)
      const { finish } = turn
      if (finish === null) return
      this.#count(finish.usage)
      const theirs = turn.calls.filter(({ name }) => this.#isTheirs(name))
      const ours = n < this.#agent.maxTurns ? turn.calls.filter(({ name }) => !this.#isTheirs(name)) : []
      if (theirs.length === 0 && ours.length === 0) {
        yield* this.#close(finish)
        return
      }
      this.#messages.push({ role: 'assistant', content: turn.text, toolCalls: [...ours, ...theirs] })
      yield* this.#call(ours)
      for (const call of theirs)
        yield { type: 'tool_call', call: { ...told(call), by: this.#agent.name, external: true } }
      if (theirs.length > 0) {
        yield { ...this.#finish(finish), reason: 'tool_calls' }
        return
      }
    }
  }

  #request(n: number): ModelRequest {
    const own = n < this.#agent.maxTurns ? toolSpecs(this.#agent) : []
    // Of two tools of one name the caller's counts: a provider would refuse both.
    const tools: readonly ToolSpec[] = [...own.filter(({ name }) => !this.#isTheirs(name)), ...this.#command.tools]
    return {
      messages: [...this.#messages],
      tools,
      // To insist on a call again after each one would never end; to forbid them holds to the end.
      toolChoice: n === 1 || this.#command.toolChoice === 'none' ? this.#command.toolChoice : 'auto',
      sampling: this.#command.sampling,
      task: this.#task,
      language: this.#command.language,
      prefix: null,
    }
  }

  async *#listen(asked: Asked, turn: Turn): AsyncGenerator<SourcePart, void, undefined> {
    for await (const part of asked.parts()) {
      switch (part.type) {
        case 'text':
          // The text of several turns is one answer (AG7).
          if (part.text === '') break
          if (turn.text === '' && this.#texts.length > 0) yield this.#say('\n\n')
          turn.text += part.text
          yield this.#say(part.text)
          break
        case 'tool_call':
          turn.calls.push({ id: this.#callId(part.id), name: part.name, arguments: part.arguments })
          break
        case 'finish':
          turn.finish = part
          break
        case 'switch': {
          // An attempt knows its own turn only; the log tells of the whole answer (FB4).
          const last = part.switches.at(-1)
          if (last !== undefined) this.#switches.push({ ...last, after_chars: this.#chars })
          yield { type: 'switch', switches: [...this.#switches] }
          break
        }
        default:
          yield part
      }
    }
    if (turn.text !== '') this.#texts.push(turn.text)
  }

  #say(text: string): SourcePart {
    this.#chars += text.length
    return { type: 'text', text }
  }

  /** Runs tools and consultations, so many at a time, and tells the model what came of them in the order of its calls. */
  async *#call(calls: readonly ModelToolCall[]): AsyncGenerator<SourcePart, void, undefined> {
    for (let from = 0; from < calls.length; from += LIMITS.toolsAtOnce) {
      const batch = calls.slice(from, from + LIMITS.toolsAtOnce)
      const outputs = new Map<string, string>()
      const runs = batch.map((call) => this.#run(call, outputs))
      yield* arriving(runs)
      for (const { id, name } of batch) {
        this.#messages.push({ role: 'tool', callId: id, name, content: outputs.get(id) ?? '' })
      }
    }
  }

  async *#run(call: ModelToolCall, outputs: Map<string, string>): AsyncGenerator<SourcePart, void, undefined> {
    const specialist = specialistOf(this.#agent, call.name)
    if (specialist !== undefined) {
      const more = { task: this.#task, language: this.#command.language, timeZone: this.#timeZone }
      outputs.set(call.id, yield* consultation(specialist, call, more, this.#ports))
      return
    }
    yield { type: 'tool_call', call: { ...told(call), by: this.#agent.name, external: false } }
    const began = this.#ports.now()
    const tool = this.#agent.tools.find(({ name }) => name === call.name)
    const { status, output } = await runTool(tool, call, {
      now: () => this.#ports.now(),
      timeZone: this.#timeZone,
      signal: this.#ports.signal,
      todos: this.#ports.todos,
    })
    outputs.set(call.id, outputText(output))
    const duration = Math.max(0, this.#ports.now() - began) / 1000
    const result = { call_id: call.id, tool: call.name, by: this.#agent.name, status, output, duration }
    yield { type: 'tool_result', result }
  }

  /** The end of the answer, with the agent's notice where the model left it out. */
  async *#close(finish: AnswerFinish): AsyncGenerator<SourcePart, void, undefined> {
    const notice = missingNotice(this.#agent, this.#texts.join('\n\n'))
    if (notice !== '') yield { type: 'text', text: notice }
    yield this.#finish(finish)
  }

  #finish({ provider, reason }: AnswerFinish): SourceFinish {
    return { type: 'finish', provider, reason: reason === 'tool_calls' ? 'stop' : reason, usage: this.#usage }
  }

  #count(usage: Usage): void {
    this.#usage = {
      input_tokens: sum(this.#usage.input_tokens, usage.input_tokens),
      output_tokens: sum(this.#usage.output_tokens, usage.output_tokens),
    }
  }

  get #timeZone(): string {
    return this.#command.timeZone ?? 'UTC'
  }

  #isTheirs(name: string): boolean {
    return this.#command.tools.some((tool) => tool.name === name)
  }

  /** Some providers number a turn's calls from 0 again; on our wire a call's id is its own within the request. */
  #callId(given: string): string {
    const name = given === '' ? 'call' : given
    let id = name
    for (let n = 2; this.#callIds.has(id); n++) id = `${name}-${n}`
    this.#callIds.add(id)
    return id
  }
}

function messagesOf(
  agent: Agent,
  { prompt, after, timeZone }: StartCommand,
  history: readonly ModelMessage[],
  now: number,
): ModelMessage[] {
  const system = systemMessage(agent, { now, timeZone: timeZone ?? 'UTC' })
  return [
    ...(system === null ? [] : [{ role: 'system', content: system } as const]),
    ...history,
    { role: 'user', content: prompt },
    ...after,
  ]
}

function told({ id, name, arguments: text }: ModelToolCall) {
  return { call_id: id, tool: name, arguments: text }
}

function sum(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b
}
