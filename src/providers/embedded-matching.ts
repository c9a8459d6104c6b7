import type { ModelRequest, ToolSpec } from '../core/model.ts'
import { bestArguments, findArguments } from './embedded-arguments.ts'
import type { PlannedCall } from './embedded-part.ts'
import { stemOf, stemsOf, wordsOf } from './embedded-stems.ts'

const CONSULT = 'consult_'
/** So many of each sort are called in one turn at most. */
const MOST_CALLS = 4

/** Words of tools' names that say what is done, not to what. */
const DOING = new Set(
  (
    'add calculate category check compute consult convert create fetch find get list lookup make number read ' +
    'search set show update value'
  )
    .split(' ')
    .map(stemOf),
)

const NAME = 3
const DESCRIPTION = 1
/** From so many points on a tool fits whatever else there is. */
const ENOUGH = 4

/** How well a tool fits a prompt. */
interface Match {
  readonly score: number
  /** True when the subject itself is named, not only something near it. */
  readonly isNamed: boolean
}

/** True for the tools by which a lead consults its specialists. */
export function isConsult({ name }: { readonly name: string }): boolean {
  return name.startsWith(CONSULT)
}

/**
 * The calls that a prompt asks for: of other tools those that fit and whose required arguments are all there; of
 * specialists all that fit the prompt, else those that fit what is called besides, else the first, since a lead should
 * consult someone; but nobody for small talk.
 */
export function wantedCalls({ tools, task }: ModelRequest, prompt: string): readonly PlannedCall[] {
  const others = byScore(
    tools.filter((tool) => !isConsult(tool)),
    prompt,
  )
    .flatMap(({ tool, match }) => {
      const { value, isComplete, sure } = findArguments(tool.parameters, prompt)
      const isReal = match.isNamed || match.score >= ENOUGH || (match.score > 0 && sure > 1)
      return isComplete && isReal ? [{ tool, call: { name: tool.name, arguments: value } }] : []
    })
    .slice(0, MOST_CALLS)
  const specialists = tools.filter(isConsult)
  const subject = others.map(({ tool }) => tool.description).join(' ')
  const anyone = task === 'conversation' ? [] : specialists.slice(0, 1)
  const asked = [matching(specialists, prompt), matching(specialists, subject), anyone].find(({ length }) => length > 0)
  const consults = (asked ?? []).slice(0, MOST_CALLS).map((tool) => forced(tool, prompt))
  return [...others.map(({ call }) => call), ...consults]
}

function matching(tools: readonly ToolSpec[], text: string): readonly ToolSpec[] {
  return byScore(tools, text)
    .filter(({ match }) => match.score > 0)
    .map(({ tool }) => tool)
}

/** The one call that has to be made, of the best fitting tool: with what the prompt says and, beyond that, with anything. */
export function forcedCall(tools: readonly ToolSpec[], prompt: string): PlannedCall | null {
  const best = byScore(tools, prompt)[0]
  return best === undefined ? null : forced(best.tool, prompt)
}

function forced({ name, parameters }: ToolSpec, prompt: string): PlannedCall {
  return { name, arguments: bestArguments(parameters, prompt) }
}

function byScore(tools: readonly ToolSpec[], prompt: string): readonly { tool: ToolSpec; match: Match }[] {
  const said = stemsOf(prompt, 3)
  const words = new Set(wordsOf(prompt))
  return tools
    .map((tool) => ({ tool, match: matchOf(tool, said, words) }))
    .toSorted((a, b) => b.match.score - a.match.score)
}

function matchOf({ name, description }: ToolSpec, said: ReadonlySet<string>, words: ReadonlySet<string>): Match {
  const own = stemsOf(name.replaceAll('consult_', ''), 3)
  const nouns = [...own].filter((stem) => !DOING.has(stem))
  const subjects = nouns.length === 0 ? [...own] : nouns
  const named = subjects.filter((stem) => said.has(stem)).length
  const short = (description.match(/\b\p{Lu}{2,5}\b/gu) ?? []).some((word) => words.has(word.toLowerCase()))
  const described = [...stemsOf(description, 4)].filter((stem) => !own.has(stem) && said.has(stem)).length
  return {
    score: named * NAME + (short ? NAME : 0) + described * DESCRIPTION,
    isNamed: short || (named > 0 && named * 2 >= subjects.length),
  }
}
