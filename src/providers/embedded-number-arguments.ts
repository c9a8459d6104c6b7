import { type SaidNumber, saidNumbers } from './embedded-numbers.ts'
import { fits, readSchema, type SchemaNode } from './embedded-schema.ts'
import { stemsOf } from './embedded-stems.ts'
import { convert, type Unit, unitOf, unitOfProperty } from './embedded-units.ts'

/** A property that takes numbers: one, or a list of them. */
export interface NumberProperty {
  readonly name: string
  readonly node: SchemaNode
  readonly isRequired: boolean
}

export interface NumberArguments {
  readonly values: ReadonlyMap<string, number | readonly number[]>
  /** How many numbers were recognised by their unit or by the words around them. */
  readonly sure: number
}

/** A property may have these numbers, for as good a reason. */
interface Claim {
  readonly property: NumberProperty
  readonly numbers: readonly SaidNumber[]
  readonly value: number | readonly number[]
  readonly score: number
}

/** What a reason weighs: a role in a pair, the unit, one that can be converted; a word next to it at most 3. */
const ROLE = 6
const SAME_UNIT = 4
const LIKE_UNIT = 3.5
const NEXT_TO = 3
const A_WORD_FURTHER = 0.5
const BEHIND = 1
const A_LIST = 2

/**
 * Gives the numbers of a prompt to properties: first where unit or words say so, the best reason first; what required
 * properties still lack they get from the rest, in the order of the prompt. No number is given twice, and none to a
 * property whose schema refuses it.
 */
export function numberArguments(properties: readonly NumberProperty[], prompt: string): NumberArguments {
  const numbers = properties.length === 0 ? [] : saidNumbers(prompt)
  const values = new Map<string, number | readonly number[]>()
  const taken = new Set<SaidNumber>()
  const give = ({ property, value, numbers: claimed }: Claim): void => {
    values.set(property.name, value)
    for (const number of claimed) taken.add(number)
  }
  const isOpen = (claim: Claim): boolean =>
    !values.has(claim.property.name) && claim.numbers.every((number) => !taken.has(number))
  const claims = properties.flatMap((property) => claimsOf(property, numbers)).toSorted((a, b) => b.score - a.score)
  for (const claim of claims) if (claim.score > 0 && isOpen(claim)) give(claim)
  const sure = taken.size
  for (const property of properties) {
    if (!property.isRequired) continue
    const rest = claims.find((claim) => claim.property === property && isOpen(claim))
    if (rest !== undefined) give(rest)
  }
  return { values, sure }
}

/** All that a property might get, in the order of the prompt. */
function claimsOf(property: NumberProperty, numbers: readonly SaidNumber[]): readonly Claim[] {
  const unit = unitOfProperty(property.name, property.node.description)
  const words = new Set([...stemsOf(property.name, 3)].filter((stem) => unitOf(stem) === null))
  const candidates = property.node.type === 'array' ? lists(numbers) : numbers.map((number) => [number])
  return candidates.flatMap((candidate) => {
    const reasons = candidate.map((number) => reasonFor(number, property, unit, words))
    const score = Math.max(...reasons)
    if (reasons.includes(Number.NEGATIVE_INFINITY)) return []
    const value = valueFor(property.node, candidate, unit)
    const more = score > 0 && candidate.length > 1 ? A_LIST : 0
    return fits(value, property.node) ? [{ property, numbers: candidate, value, score: score + more }] : []
  })
}

/** Whole lists, and each number alone. */
function lists(numbers: readonly SaidNumber[]): readonly (readonly SaidNumber[])[] {
  const byGroup = [...Map.groupBy(numbers, ({ group }) => group).values()]
  const alike = byGroup.filter((list) => list.every(({ unit }) => unit?.dimension === list[0]?.unit?.dimension))
  return [...alike.filter(({ length }) => length > 1), ...numbers.map((number) => [number])]
}

function reasonFor(
  number: SaidNumber,
  { name, node }: NumberProperty,
  unit: Unit | null,
  words: ReadonlySet<string>,
): number {
  if (number.place !== null) {
    const role = roleOf(name) ?? roleOf(node.description)
    if (role !== null) return role === number.place ? ROLE : Number.NEGATIVE_INFINITY
  }
  let score = nearness(number, words)
  if (unit !== null && number.unit !== null) {
    if (unit.dimension !== number.unit.dimension) return Number.NEGATIVE_INFINITY
    score += unit.factor === number.unit.factor ? SAME_UNIT : LIKE_UNIT
  }
  return score
}

/** Which of "130/85" a blood pressure's property means. */
function roleOf(text: string): 'first' | 'second' | null {
  if (/systolic|upper/i.test(text)) return 'first'
  return /diastolic|lower/i.test(text) ? 'second' : null
}

function nearness({ before, after }: SaidNumber, words: ReadonlySet<string>): number {
  const ahead = before.findIndex((stem) => words.has(stem))
  const behind = after.findIndex((stem) => words.has(stem))
  return Math.max(
    ahead === -1 ? 0 : NEXT_TO - ahead * A_WORD_FURTHER,
    behind === -1 ? 0 : NEXT_TO - BEHIND - behind * A_WORD_FURTHER,
  )
}

function valueFor(node: SchemaNode, numbers: readonly SaidNumber[], unit: Unit | null): number | readonly number[] {
  const one = node.type === 'array' ? readSchema(node.items) : node
  const values = numbers.map((number) => {
    const value = unit === null || number.unit === null ? number.value : convert(number.value, number.unit, unit)
    // "1.82 m" in whole centimetres.
    return one.type === 'integer' && number.unit !== null ? Math.round(value) : value
  })
  return node.type === 'array' ? values : (values[0] ?? 0)
}
