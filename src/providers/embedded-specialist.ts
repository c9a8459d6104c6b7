import type { ModelRequest } from '../core/model.ts'
import { excerptOf, seedOf } from './embedded-answer.ts'
import type { Part } from './embedded-part.ts'
import { currentTurn } from './embedded-turn.ts'
import { unitOf } from './embedded-units.ts'
import { pick, seededRandom } from './random.ts'

type Texts = readonly [string, ...string[]]

/** A role, up to where its sentence goes on. */
const ROLE = /^\s*You are an? ([\p{L}][\p{L} -]{2,60}?)(?= (?:on|in|at|of|for|with|who|that|from|and)\b|[^\p{L} -]|$)/u
/** Roles of those who answer for the whole, not for a field. */
const GENERAL = /\b(?:assistant|model|chatbot|bot|ai|agent|lead|leader|coordinator|analyst|helper)\b/i

/** Fields by the endings of those who work in them. */
const FIELDS: readonly (readonly [RegExp, string])[] = [
  [/ologist$/, 'ology'],
  [/therapist$/, 'therapy'],
  [/ionist$/, 'ion'],
  [/iatrist$/, 'iatry'],
]

const FINDINGS: Texts = [
  'for “{excerpt}” I would look at how things develop before I look at any single value.',
  'with “{excerpt}” in mind, what matters first is what has changed lately and since when.',
  'on “{excerpt}” there is something useful to say, though less than one would like without more to go on.',
]
const BODIES: Texts = [
  'One occasion says little; the same thing on several days, noted with the time and what went before, says a lot. Small, regular changes usually do more than one large one, and they are easier to keep.',
  'It helps to take the simple explanations first and to change one thing at a time, so that an effect can be told from chance. Give each change a week or two before you judge it.',
]
const OPEN: Texts = [
  'What I would still like to know: how long this has been so, what makes it better or worse, and what else is going on. I do not judge more than that from here.',
  'Uncertain is what I cannot see from a message: the history, and what else is being done about it. Those decide how much weight this carries.',
]

/**
 * From whose side a request is answered, e.g. "the cardiology side", by the first words of its system message ("You are a
 * cardiologist …"); null when that names no field.
 */
export function sideOf({ messages }: Pick<ModelRequest, 'messages'>): string | null {
  const system = messages.find(({ role }) => role === 'system')?.content.slice(0, 200) ?? ''
  const role = ROLE.exec(system)?.[1]?.trim().toLowerCase()
  if (role === undefined || GENERAL.test(role)) return null
  const field = FIELDS.find(([ending]) => ending.test(role))
  return field === undefined ? `the ${role}’s side` : `the ${role.replace(field[0], field[1])} side`
}

/** The part of a specialist who is asked one question: a finding of its field, which diagnoses nothing. */
export const playSpecialist: Part = (request) => {
  const side = sideOf(request)
  if (side === null) return null
  const random = seededRandom(seedOf(request))
  const { prompt } = currentTurn(request)
  const finding = pick(FINDINGS, random).replace('{excerpt}', () => excerptOf(prompt))
  const figures = figuresOf(prompt)
  const given = figures === '' ? '' : `The figures given (${figures}) are worth writing down next to the next ones. `
  const text = [`From ${side}: ${finding}`, `${given}${pick(BODIES, random)}`, pick(OPEN, random)].join('\n\n')
  return { text, calls: [] }
}

/** The first figures of a prompt as they stand there, with their units. */
function figuresOf(prompt: string): string {
  const figures = [...prompt.matchAll(/(?<![\p{L}\p{N}.])(\d{1,5}(?:[.,/]\d{1,4})?)(?: ?(%|\p{Ll}{1,9}\b))?/gu)]
  return figures
    .slice(0, 3)
    .map(([whole, figure = '', word = '']) => (unitOf(word) === null ? figure : whole))
    .join(', ')
}
