import type { ModelRequest } from '../core/model.ts'
import { playAgent } from './embedded-agent.ts'
import { composeAnswer } from './embedded-answer.ts'
import type { Part, Plan } from './embedded-part.ts'
import { playSpecialist } from './embedded-specialist.ts'
import { playTodo } from './embedded-todo.ts'

/** The parts, in the order in which they are asked: the first that has a plan plays. What is special goes first. */
const PARTS: readonly Part[] = [playTodo, playAgent, playSpecialist]

/** What the embedded provider says and does for a request: a part's plan, or else an answer in general. */
export function planOf(request: ModelRequest): Plan {
  for (const play of PARTS) {
    const plan = play(request)
    if (plan !== null) return plan
  }
  return { text: composeAnswer(request), calls: [] }
}
