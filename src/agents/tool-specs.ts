import * as z from 'zod'
import type { ToolSpec } from '../core/model.ts'
import type { Agent } from './agent.ts'
import { consultName, consultSchema } from './consult.ts'

const known = new WeakMap<Agent, readonly ToolSpec[]>()

/**
 * What an agent's model is told of its tools and specialists, tools first. The same list each time: an agent is data,
 * and schemas are worked out once.
 */
export function toolSpecs(agent: Agent): readonly ToolSpec[] {
  const specs = known.get(agent) ?? specsOf(agent)
  known.set(agent, specs)
  return specs
}

function specsOf(agent: Agent): readonly ToolSpec[] {
  const tools = agent.tools.map(({ name, description, input }) => ({
    name,
    description,
    parameters: parametersOf(input),
  }))
  const specialists = agent.specialists.map((specialist) => ({
    name: consultName(specialist),
    description: `${specialist.title}. ${specialist.about}`,
    parameters: parametersOf(consultSchema),
  }))
  return [...tools, ...specialists]
}

/**
 * A schema as JSON Schema, of what it takes and not of what it makes of it. Draft 7 is what all providers understand;
 * `$schema` says nothing to a model, and some APIs refuse it.
 */
function parametersOf(schema: z.ZodType): ToolSpec['parameters'] {
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return parameters
}
