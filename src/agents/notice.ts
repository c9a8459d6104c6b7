import type { Agent } from './agent.ts'

/** What must be appended to an answer so that it carries its agent's notice: a paragraph of its own, or nothing. */
export function missingNotice(agent: Agent, answer: string): string {
  if (agent.notice === null || answer.includes(agent.notice)) return ''
  return answer.trim() === '' ? agent.notice : `\n\n${agent.notice}`
}
