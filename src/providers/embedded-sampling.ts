import type { Sampling } from '../core/model.ts'
import type { Plan } from './embedded-part.ts'

/**
 * A plan as a caller's sampling wants it: an answer as a JSON object, and a text that ends before the first of the
 * words to stop at. What makes a model's choice of words more or less random has no meaning here.
 */
export function sampled(plan: Plan, { json, stop = [] }: Sampling): Plan {
  const text = json === true && plan.calls.length === 0 ? JSON.stringify({ answer: plan.text }) : plan.text
  const ends = stop.filter((word) => word !== '').map((word) => text.indexOf(word))
  const end = Math.min(text.length, ...ends.filter((at) => at !== -1))
  return end === text.length && text === plan.text ? plan : { ...plan, text: text.slice(0, end) }
}
