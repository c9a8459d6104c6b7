import type { ModelRequest } from '../core/model.ts'
import type { Part, Plan } from './embedded-part.ts'
import { changes } from './embedded-todo-change.ts'
import { type Clause, clausesOf, isCommand, Quoted } from './embedded-todo-clauses.ts'
import { creations, isNew } from './embedded-todo-create.ts'
import { lookUp, lookUpFirst } from './embedded-todo-look-up.ts'
import { NOTHING_SPOKEN, type Spoken, spokenOf } from './embedded-todo-mentioned.ts'
import { askBack, isRepeated, noteOn, repeatNote } from './embedded-todo-notes.ts'
import { progressOf, type Step, stepsOf } from './embedded-todo-steps.ts'
import { takeTime } from './embedded-todo-times.ts'
import { toldOf } from './embedded-todo-told.ts'
import { type Wanted, withTexts } from './embedded-todo-wanted.ts'
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
  '- “Postpone yoga by 2 hours”, “Tag it sport” or “Delete the dentist on Friday”',
  '- “Move everything on Friday to Monday” or “Delete all completed todos”',
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
  const { steps, unclear } = readTodos(turn.wholeSentences, spokenOf(request.messages))
  const { pending, lines } = progressOf(steps, turn.results)
  const allowed =
    request.toolChoice === 'none' ? [] : pending.filter(({ name }) => isOurs(name) && isChosen(request, name))
  if (allowed.length > 0) return { text: '', calls: allowed }
  const isLeft = (wasOurs && pending.length > 0) || turn.isCut
  const rest = isLeft ? ['Not everything was done: say the rest again.'] : []
  const told = [...(lines.length > 0 ? [toldOf(lines)] : []), ...rest, ...unclearWords(unclear)]
  if (wasOurs) return { text: told.join('\n\n'), calls: [] }
  // A call is demanded, or forbidden where one is needed: another part may know what to do.
  if (request.toolChoice !== 'auto') return null
  return {
    text: lines.length > 0 ? told.join('\n\n') : [helpFor(turn.prompt), ...rest].join('\n\n'),
    calls: [],
  } satisfies Plan
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
  readonly steps: readonly Step[]
  readonly unclear: readonly string[]
}

/**
 * Reads a message: the steps in the order in which they were asked for.
 * @param spoken the todos that the conversation spoke of last
 */
export function readTodos(prompt: string, spoken: Spoken = NOTHING_SPOKEN): ReadTodos {
  const quoted = new Quoted(prompt)
  const steps: Step[] = []
  const unclear: string[] = []
  let adding = false
  let calls = 0
  // Where the steps of the clause before begin: what `it` may be about.
  let from = 0
  for (const clause of clausesOf(quoted.text)) {
    const wanted = wantedOf(clause, adding && clause.goesOn)
    if (wanted.length === 0 && !isChatter(clause.text)) unclear.push(quoted.restore(clause.text).slice(0, MOST_QUOTED))
    const before = steps.splice(from)
    let last = before
    const own: Step[] = []
    for (const one of wanted) {
      const restored = withTexts(one, (text) => quoted.restore(text))
      if (calls >= MOST_CALLS) unclear.push(shortly(restored))
      else {
        const read = stepsOf(restored, spoken, last)
        last = [...read.before]
        own.push(...read.steps)
        calls += 1
      }
    }
    steps.push(...last, ...own)
    // What goes on with `it` leaves it what `it` is.
    if (own.length > 0) from = steps.length - own.length
    adding = wanted.some((one) => one.kind === 'call' && one.call.name === 'create_todo')
  }
  return { steps, unclear }
}

/** @param adding the same sentence has wished for a todo, so this may be another one */
function wantedOf({ text: clause, isQuestion }: Clause, adding: boolean): readonly Wanted[] {
  const note = noteOn(clause)
  if (note !== null) return [{ kind: 'say', words: note }]
  const looked = lookUpFirst(clause)
  if (looked !== null) return looked
  const isWish = isNew(clause)
  const changed = isQuestion || isWish ? null : changes(clause)
  if (changed !== null) return isRepeated(clause) ? [{ kind: 'say', words: repeatNote() }] : changed
  const back = isQuestion || isWish ? null : askBack(clause)
  if (back !== null) return [{ kind: 'say', words: back }]
  const asked = isWish ? null : lookUp(clause)
  if (asked !== null) return asked
  const created = creations(clause, isQuestion)
  const isOther = created.length > 0 || !adding || isQuestion || isCommand(clause)
  return isOther ? created : creations(`add ${clause}`)
}

/** What is said around a request. */
function isChatter(clause: string): boolean {
  return /^(?:hi|hello|hey|actually|wait|sorry|oh|hmm|yes|yeah|no|sure|alright|thanks|thank you|please|ok|okay|great|good (?:morning|afternoon|evening|day)|that['’]?s (?:it|all))(?: there| so much| a lot)?$/i.test(
    clause,
  )
}

function shortly(wanted: Wanted): string {
  if (wanted.kind === 'say') return wanted.words.slice(0, MOST_QUOTED)
  if (wanted.kind === 'state') return wanted.query.slice(0, MOST_QUOTED)
  const { target } = wanted.kind === 'change' ? wanted : { target: null }
  const which = target?.kind === 'named' && 'item' in target.which ? target.which.item : null
  const args = wanted.kind === 'call' ? wanted.call.arguments : {}
  const named = [which, args['item'], args['query']].find((word) => typeof word === 'string')
  return (named ?? 'the rest').slice(0, MOST_QUOTED)
}

function unclearWords(unclear: readonly string[]): readonly string[] {
  if (unclear.length === 0) return []
  return [
    `I did nothing about ${unclear.map((words) => `“${words}”`).join(', ')}: I did not understand it. Say it in another way.`,
  ]
}

function helpFor(prompt: string): string {
  const clauses = clausesOf(prompt)
  if (/^no\b/i.test(prompt.trim()) && clauses.length === 1) return 'All right, nothing was changed.'
  const isHello = clauses.every(({ text }) => isChatter(text))
  if (isHello || /^(?:help|what can you do)\b/i.test(prompt.trim())) return HELP
  // Words with a time may well be a todo: how to say so.
  const first = clauses[0]?.text ?? ''
  const hint = takeTime(first).words === null || isCommand(first) ? '' : ' If it is to be a todo, begin with “Add …”.'
  return `I did not understand that, so nothing was changed.${hint} ${HELP}`
}
