import type { Agent } from '../agents/agent.ts'
import { cutMarked, outputText } from '../agents/clean-output.ts'
import { consultSchema } from '../agents/consult.ts'
import { parseArguments } from '../agents/parse-arguments.ts'
import { systemMessage } from '../agents/system-message.ts'
import type { Usage } from '../core/events.ts'
import type { Told } from '../core/generation.ts'
import { LIMITS } from '../core/limits.ts'
import { type ModelRequest, type ModelToolCall, ProviderFailure } from '../core/model.ts'
import type { TaskClass } from '../core/task.ts'
import type { AgentRunPorts } from './agent-ports.ts'
import type { SourcePart } from './runner.ts'

interface Ground {
  readonly task: TaskClass
  readonly language: string | null
  readonly timeZone: string
}

/**
 * A specialist's generation within a request: told by its start and its end (AG4). One that fails is told to the lead.
 * @returns what the lead is told, as text
 */
export async function* consultation(
  agent: Agent,
  call: ModelToolCall,
  ground: Ground,
  { now, ask }: Pick<AgentRunPorts, 'now' | 'ask'>,
): AsyncGenerator<SourcePart, string, undefined> {
  const parsed = parseArguments(consultSchema, call.arguments)
  // What cannot be understood is told to the lead, who may ask again; nobody is asked, so there is nothing to tell.
  if (!parsed.ok) return outputText({ error: parsed.error })
  const { question } = parsed.value
  const began = now()
  const names = { run_id: call.id, specialist: agent.name, title: agent.title, question }
  const open = { content: null, duration: null, usage: null, cost: 0, cost_estimated: false, error_type: null }
  yield { type: 'specialist', told: { ...names, ...open, status: 'started' } }
  const asked = ask(requestOf(agent, question, ground, now()))
  let text = ''
  let usage: Usage | null = null
  let error: ProviderFailure | null = null
  try {
    for await (const part of asked.parts()) {
      if (part.type === 'text') text += part.text
      else if (part.type === 'finish') usage = part.usage
      // That it works is a sign of life for the request too.
      else if (part.type === 'alive') yield part
    }
  } catch (thrown) {
    if (!(thrown instanceof ProviderFailure)) throw thrown
    error = thrown
  }
  // A stream without a finish is a cut one, here too (GE10).
  if (usage === null) error ??= new ProviderFailure('provider_cut', 'The stream of the specialist ended too early.')
  const told: Told<'specialist'> = {
    ...names,
    status: error === null ? 'completed' : 'failed',
    content: text === '' ? null : cutMarked(text, LIMITS.findingChars),
    duration: Math.max(0, now() - began) / 1000,
    usage,
    cost: asked.bill.cost,
    cost_estimated: asked.bill.estimated,
    error_type: error?.code ?? null,
  }
  yield { type: 'specialist', told }
  return outputText(
    error === null ? { finding: text } : { error: `${agent.title} could not be reached. Answer without.` },
  )
}

function requestOf(agent: Agent, question: string, { task, language, timeZone }: Ground, now: number): ModelRequest {
  const system = systemMessage(agent, { now, timeZone })
  return {
    messages: [
      ...(system === null ? [] : [{ role: 'system', content: system } as const]),
      { role: 'user', content: question },
    ],
    tools: [],
    toolChoice: 'none',
    sampling: {},
    task,
    language,
    prefix: null,
  }
}
