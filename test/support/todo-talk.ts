import type { ToolContext } from '../../src/agents/agent.ts'
import { outputText } from '../../src/agents/clean-output.ts'
import { todoAgent } from '../../src/agents/todo/agent.ts'
import { runTool } from '../../src/agents/tool-runner.ts'
import { toolSpecs } from '../../src/agents/tool-specs.ts'
import { MemoryTodos } from '../../src/core/memory-todos.ts'
import type { ModelMessage, ModelRequest } from '../../src/core/model.ts'
import type { PlannedCall } from '../../src/providers/embedded-part.ts'
import { playTodo } from '../../src/providers/embedded-todo.ts'

/** A request to the embedded provider with the todo tools. */
export function request(messages: readonly ModelMessage[], more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    messages,
    tools: toolSpecs(todoAgent),
    toolChoice: 'auto',
    sampling: {},
    task: 'general',
    language: null,
    prefix: null,
    ...more,
  }
}

/** A conversation with the embedded provider and the real tools, in Berlin. */
export class Talk {
  readonly todos: MemoryTodos
  readonly messages: ModelMessage[] = []
  /** Calls of what was said last. */
  calls: readonly PlannedCall[] = []
  readonly #context: ToolContext
  readonly #forgetsTools: boolean
  #made = 0

  /** @param forgetsTools true for a history as the hub keeps it: of a turn that is over it has the words only */
  constructor(now: number, forgetsTools = false) {
    this.todos = new MemoryTodos(() => `t${++this.#made}`)
    this.#forgetsTools = forgetsTools
    this.#context = {
      now: () => now,
      timeZone: 'Europe/Berlin',
      signal: new AbortController().signal,
      todos: this.todos,
    }
  }

  async say(content: string): Promise<string> {
    this.messages.push({ role: 'user', content })
    const begin = this.messages.length
    const made: PlannedCall[] = []
    for (let turn = 0; turn < todoAgent.maxTurns; turn++) {
      const plan = playTodo(request(this.messages))
      if (plan === null) throw new Error('it is none of its part')
      if (plan.calls.length === 0) {
        if (this.#forgetsTools) this.messages.splice(begin)
        this.messages.push({ role: 'assistant', content: plan.text })
        this.calls = made
        return plan.text
      }
      made.push(...plan.calls)
      const toolCalls = plan.calls.map(({ name, arguments: args }, i) => ({
        id: `c${begin}-${turn}-${i}`,
        name,
        arguments: JSON.stringify(args),
      }))
      this.messages.push({ role: 'assistant', content: plan.text, toolCalls })
      for (const call of toolCalls) {
        const tool = todoAgent.tools.find(({ name }) => name === call.name)
        const { output } = await runTool(tool, call, this.#context)
        this.messages.push({ role: 'tool', callId: call.id, name: call.name, content: outputText(output) })
      }
    }
    throw new Error('it does not end')
  }
}
