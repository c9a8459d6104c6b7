import { expect, it } from 'vitest'
import { agentNames } from '../../src/agents/agents.ts'
import { AGENT_NAMES } from '../../src/core/agent-names.ts'

it('[AG1] the names that are listed are those of the agents there are', () => {
  expect([...AGENT_NAMES].toSorted()).toEqual([...agentNames()].toSorted())
})
