import { ASSISTANT } from '../core/commands.ts'
import type { Agent } from './agent.ts'

/** Who answers where nobody else is named: the model as it is. */
export const assistant: Agent = {
  name: ASSISTANT,
  title: 'Assistant',
  about: 'Answers anything in general.',
  instructions: '',
  notice: null,
  tools: [],
  specialists: [],
  maxTurns: 1,
}
