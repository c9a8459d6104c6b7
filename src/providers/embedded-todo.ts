import type { ModelRequest } from '../core/model.ts'
import type { Part, Plan, PlannedCall } from './embedded-part.ts'
import { changes } from './embedded-todo-change.ts'
import { clausesOf, isCommand, Quoted } from './embedded-todo-clauses.ts'
import { creations } from './embedded-todo-create.ts'
import { lookUp } from './embedded-todo-look-up.ts'
import { toldOf } from './embedded-todo-told.ts'
import { currentTurn } from './embedded-turn.ts'

/** Calls for one message at most: what is beyond is told and can be said again. */
const MOST_CALLS = 25
const MOST_QUOTED = 120

const HELP = [
  'I keep your todos. Tell me in plain English, one thing or several at once:',
  '- “Add buy milk tomorrow at 2pm and call mom on Friday at 10, high importance, tag family”',
  '- “What do I have this week?” or “Show my open todos”',
  '- “Find todos about milk”',
  '- “Move buy milk to Saturday 3pm” or “Rename buy milk to buy oat milk”',
  '- “Mark buy milk as done” or “Delete the dentist”',
  '- “When am I free tomorrow for 2 hours?”',
].join('\n')

/**
 * The todo agent's part (AG9): understands plain English for each of the todo tools. What was asked decides the calls,
 * in its order; once there are outputs, they decide the answer. What is not understood is said, not guessed.
 */
export const playTodo: Part = (request) => {
  const turn = currentTurn(request)
  const isOurs = (name: string): boolean => request.tools.some((tool) => tool.name === name)
  const wasOurs = turn.results.some(({ call }) => TOOLS.has(call.name))
  if (!wasOurs && !isOurs('create_todo')) return null
  const { calls, unclear } = readTodos(turn.prompt)
  if (wasOurs) return { text: [toldOf(turn.results), ...unclearWords(unclear)].join('\n\n'), calls: [] }
  const allowed =
    request.toolChoice === 'none' ? [] : calls.filter(({ name }) => isOurs(name) && isChosen(request, name))
  if (allowed.length > 0) return { text: '', calls: allowed }
  // A call is demanded, or forbidden where one is needed: another part may know what to do.
  return request.toolChoice === 'auto' ? ({ text: helpFor(turn.prompt), calls: [] } satisfies Plan) : null
}

const TOOLS: ReadonlySet<string> = new Set([
  'create_todo',
  'list_todos',
  'search_todos',
  'update_todo',
  'complete_todo',
  'delete_todo',
  'find_free_time',
])

function isChosen({ toolChoice }: ModelRequest, name: string): boolean {
  return typeof toolChoice === 'string' || toolChoice.name === name
}

/** What a message asks for, and the words of it that were not understood. */
export interface ReadTodos {
  readonly calls: readonly PlannedCall[]
  readonly unclear: readonly string[]
}

/** Reads a message: the calls in the order in which they were asked for. */
export function readTodos(prompt: string): ReadTodos {
  const quoted = new Quoted(prompt)
  const calls: PlannedCall[] = []
  const unclear: string[] = []
  let adding = false
  for (const { text: clause, goesOn } of clausesOf(quoted.text)) {
    const found = callsOf(clause, adding && goesOn)
    if (found.length === 0 && !isChatter(clause)) unclear.push(quoted.restore(clause).slice(0, MOST_QUOTED))
    const room = MOST_CALLS - calls.length
    if (found.length > room) unclear.push(...found.slice(room).map((call) => shortly(restored(call, quoted))))
    calls.push(...found.slice(0, room).map((call) => restored(call, quoted)))
    adding = found.some(({ name }) => name === 'create_todo')
  }
  return { calls, unclear }
}

/** @param adding the same sentence has wished for a todo, so this may be another one */
function callsOf(clause: string, adding: boolean): readonly PlannedCall[] {
  const changed = changes(clause)
  if (changed !== null) return changed
  const asked = /^(?:add|create|remind|schedule|plan|put|new)\b/i.test(clause) ? null : lookUp(clause)
  if (asked !== null) return [asked]
  const created = creations(clause)
  return created.length > 0 || !adding || isCommand(clause) ? created : creations(`add ${clause}`)
}

/** What is said around a request. */
function isChatter(clause: string): boolean {
  return /^(?:hi|hello|hey|thanks|thank you|please|ok|okay|great|good (?:morning|afternoon|evening|day)|that['’]?s (?:it|all))(?: there| so much| a lot)?$/i.test(
    clause,
  )
}

function restored({ name, arguments: args }: PlannedCall, quoted: Quoted): PlannedCall {
  const restore = (value: unknown): unknown => {
    if (typeof value === 'string') return quoted.restore(value)
    if (Array.isArray(value)) return value.map(restore)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, restore(inner)]))
  }
  return { name, arguments: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, restore(value)])) }
}

function shortly({ arguments: args }: PlannedCall): string {
  const named = [args['item'], args['query']].find((word) => typeof word === 'string')
  return (named ?? 'the rest').slice(0, MOST_QUOTED)
}

function unclearWords(unclear: readonly string[]): readonly string[] {
  if (unclear.length === 0) return []
  return [
    `I did nothing about ${unclear.map((words) => `“${words}”`).join(', ')}: I did not understand it. Say it in another way.`,
  ]
}

function helpFor(prompt: string): string {
  const isHello = clausesOf(prompt).every(({ text }) => isChatter(text))
  return isHello || /^(?:help|what can you do)\b/i.test(prompt.trim())
    ? HELP
    : `I did not understand that, so nothing was changed. ${HELP}`
}
