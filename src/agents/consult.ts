import * as z from 'zod'
import type { Agent } from './agent.ts'

/** Arguments of a consultation (AG4); parse them by `parseArguments`. */
export const consultSchema = z.object({
  question: z
    .string()
    .trim()
    .min(1, { error: 'must say what you want to know' })
    .max(10_000, { error: 'must have at most 10000 characters' })
    .describe('What you want to know, with all that must be known to answer it: nothing else is seen there.'),
})

/** The tool by which a lead consults a specialist. */
export function consultName(specialist: Agent): string {
  return `consult_${specialist.name.replaceAll('-', '_')}`
}

/** The specialist whom a tool's name stands for, or undefined. */
export function specialistOf(lead: Agent, toolName: string): Agent | undefined {
  return lead.specialists.find((specialist) => consultName(specialist) === toolName)
}
