import type { ModelRequest } from '../core/model.ts'
import { excerptOf, seedOf } from './embedded-answer.ts'
import { isConsult } from './embedded-matching.ts'
import { nameInWords, tell } from './embedded-outputs.ts'
import { sideOf } from './embedded-specialist.ts'
import type { Result, Turn } from './embedded-turn.ts'
import { pick, seededRandom } from './random.ts'

type Texts = readonly [string, ...string[]]

const OPENINGS: Texts = [
  'On “{excerpt}”, this is what came back.',
  'I have looked into “{excerpt}”. Here is what there is to say.',
]
const CLOSINGS: Texts = [
  'That is what I can say from this; tell me more and I will look again.',
  'If something of it is missing or looks wrong, say so and I will ask once more.',
]
const CONSULT_CLOSINGS: Texts = [
  'Taken together, begin with what they agree on, and settle the rest with someone who can see the whole picture.',
  'Read side by side, these views are a start: act on the simple steps first, and bring what stays open to someone who knows you.',
]
const NOTHING: Texts = [
  'So I have nothing firm to go on yet. Tell me what is missing, or ask again in a moment.',
  'Without that I would only be guessing, so I leave it at this for now.',
]

/** An answer that says what the tools and the specialists of this turn said, a paragraph each. */
export function composeReport(request: ModelRequest, { prompt, results }: Turn): string {
  const random = seededRandom(seedOf(request))
  const side = sideOf(request)
  const opening = pick(OPENINGS, random).replace('{excerpt}', () => excerptOf(prompt))
  const told = results.map((result) => paragraphOf(request, result))
  const closings = told.every(({ isError }) => isError)
    ? NOTHING
    : results.some(({ call }) => isConsult(call))
      ? CONSULT_CLOSINGS
      : CLOSINGS
  return [
    side === null ? opening : `From ${side}: ${opening}`,
    ...told.map(({ text }) => text),
    pick(closings, random),
  ].join('\n\n')
}

function paragraphOf(request: ModelRequest, { call, output }: Result): { text: string; isError: boolean } {
  const { kind, words } = tell(output)
  const isError = kind === 'error'
  const name = isConsult(call) ? specialistName(request, call.name) : nameInWords(call.name)
  const said = words === '' ? 'nothing' : words
  if (isError) return { text: `${capital(name)} could not help: ${said}`, isError }
  if (kind === 'fields') return { text: `${capital(name)}: ${said}${/[.!?…]$/u.test(said) ? '' : '.'}`, isError }
  return { text: `${capital(name)}${isConsult(call) ? `: “${quoted(said)}”` : ` says: ${said}`}`, isError }
}

/** A specialist's title is the first sentence of its tool's description; without that its name has to do. */
function specialistName({ tools }: ModelRequest, name: string): string {
  const description = tools.find((tool) => tool.name === name)?.description ?? ''
  const title = /^([\p{L}][\p{L} -]{2,40})\./u.exec(description)?.[1]
  return title ?? nameInWords(name)
}

/** A finding in quotation marks; who says it is said already. */
function quoted(finding: string): string {
  const inner = finding.replace(/^From the .{1,60}? side: /, '')
  return capital(inner.replaceAll('“', '‘').replaceAll('”', '’'))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
