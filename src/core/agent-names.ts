/** Names of the agents that anyone may ask for; their definitions are in `agents/`, which the edge does not see. */
export const AGENT_NAMES = ['assistant', 'health', 'todo'] as const
