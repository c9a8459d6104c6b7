import type { ModelRequest } from '../core/model.ts'
import { seedOf } from './embedded-answer.ts'
import { forcedCall, isConsult, wantedCalls } from './embedded-matching.ts'
import type { Part, PlannedCall } from './embedded-part.ts'
import { composeReport } from './embedded-report.ts'
import { currentTurn, type Result, type Turn } from './embedded-turn.ts'
import { pick, seededRandom } from './random.ts'

type Texts = readonly [string, ...string[]]

const ONE_CONSULT: Texts = ['Let me ask a specialist first.', 'One of the specialists should look at this first.']
const CONSULTS: Texts = [
  'Let me ask the specialists first.',
  'This touches more than one field, so I ask the specialists.',
]
const TOOLS: Texts = ['Let me look that up.', 'I can work that out, one moment.']
const BOTH: Texts = [
  'Let me work out the figures and ask the specialists.',
  'First the figures, and what the specialists say.',
]

/**
 * The part of anyone who has tools: calls what the last prompt asks for, and once nothing is left to call, answers by
 * what came back. A call that has its output is not made again, so it ends, however often it is asked.
 */
export const playAgent: Part = (request) => {
  const turn = currentTurn(request)
  const calls = callsFor(request, turn)
  if (calls.length > 0) return { text: leadIn(calls, request), calls }
  return turn.results.length === 0 ? null : { text: composeReport(request, turn), calls: [] }
}

function callsFor(request: ModelRequest, { prompt, results }: Turn): readonly PlannedCall[] {
  const { tools, toolChoice } = request
  if (toolChoice === 'none' || tools.length === 0) return []
  const done = new Set(results.map(keyOfResult))
  const isOpen = (call: PlannedCall): boolean => !done.has(keyOf(call.name, call.arguments))
  if (typeof toolChoice !== 'string') {
    const named = forcedCall(
      tools.filter(({ name }) => name === toolChoice.name),
      prompt,
    )
    return named !== null && isOpen(named) ? [named] : []
  }
  const open = wantedCalls(request, prompt).filter(isOpen)
  if (open.length > 0 || toolChoice === 'auto' || results.length > 0) return open
  const any = forcedCall(tools, prompt)
  return any === null ? [] : [any]
}

function keyOfResult({ call }: Result): string {
  try {
    const raw: unknown = JSON.parse(call.arguments)
    return keyOf(call.name, raw)
  } catch {
    return keyOf(call.name, call.arguments)
  }
}

/** The same for the same arguments, in whatever order an object has its keys. */
function keyOf(name: string, args: unknown): string {
  return `${name} ${JSON.stringify(args, sorted)}`
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function leadIn(calls: readonly PlannedCall[], request: ModelRequest): string {
  const consults = calls.filter(isConsult).length
  const others = calls.length - consults
  const texts = consults === 0 ? TOOLS : others > 0 ? BOTH : consults === 1 ? ONE_CONSULT : CONSULTS
  return pick(texts, seededRandom(seedOf(request)))
}
