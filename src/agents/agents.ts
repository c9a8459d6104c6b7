import type { AGENT_NAMES } from '../core/agent-names.ts'
import type { Agent } from './agent.ts'
import { assistant } from './assistant.ts'
import { health } from './health/health.ts'
import { todoAgent } from './todo/agent.ts'

/** All agents by name: those that anyone is told of, no more and no less. */
const AGENTS: Readonly<Record<(typeof AGENT_NAMES)[number], Agent>> = { assistant, health, todo: todoAgent }
const BY_NAME: ReadonlyMap<string, Agent> = new Map(Object.entries(AGENTS))

/** The agent of a name, or null. */
export function agentOf(name: string): Agent | null {
  return BY_NAME.get(name) ?? null
}
