import type { Agent } from './agent.ts'
import { assistant } from './assistant.ts'
import { health } from './health/health.ts'
import { todoAgent } from './todo/agent.ts'

/** All agents by name. */
const AGENTS: ReadonlyMap<string, Agent> = new Map([assistant, health, todoAgent].map((agent) => [agent.name, agent]))

/** The agent of a name, or null. */
export function agentOf(name: string): Agent | null {
  return AGENTS.get(name) ?? null
}

/** Names of all agents. */
export function agentNames(): readonly string[] {
  return [...AGENTS.keys()]
}
