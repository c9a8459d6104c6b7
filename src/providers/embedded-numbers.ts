import { stemOf, wordsOf } from './embedded-stems.ts'
import { type Unit, unitOf } from './embedded-units.ts'

/** A number that a text says. */
export interface SaidNumber {
  readonly value: number
  readonly unit: Unit | null
  /** Stems of the words around it, the nearest first. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Numbers of one list ("6, 5.5 and 7 hours") or pair ("130/85") have the same. */
  readonly group: number
  /** Which one of a pair with a slash. */
  readonly place: 'first' | 'second' | null
}

/** Dates, times and addresses have digits that are no numbers. */
const NO_NUMBERS = /\b\d{4}-\d{2}-\d{2}(?:T[\d:.Z+-]*)?|\b\d{1,2}:\d{2}(?::\d{2})?\b|\bhttps?:\/\/\S+/g
const NUMBER =
  /(?<![\p{L}\p{N}_.])(?:(?<=^|[\s(=])[-−])?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+|,\d{1,2}(?![\d,]))?)/gu
const JOIN = /^\s*(?:,|;|and|or|&|,\s*and|then)\s*$/
/** Numbers that are looked at; a table of thousands is no prompt for a tool. */
const MOST_NUMBERS = 64
const WORDS_BEFORE = 5
const WORDS_AFTER = 3
const FAR = 80

/** The numbers of a text in their order. A list's last unit is that of all its numbers that have none. */
export function saidNumbers(text: string): readonly SaidNumber[] {
  const plain = text.replace(NO_NUMBERS, (found) => ' '.repeat(found.length))
  const found = [...plain.matchAll(NUMBER)]
    .map(({ 0: said, index }) => ({ value: numberOf(said), from: index, to: index + said.length }))
    .filter(({ value }) => Number.isFinite(value))
    .slice(0, MOST_NUMBERS)
  const numbers: SaidNumber[] = []
  let group = 0
  for (const [i, { value, from, to }] of found.entries()) {
    const between = (at: number): string => plain.slice(found[at]?.to ?? 0, found[at + 1]?.from ?? 0)
    const isSecond = i > 0 && between(i - 1).trim() === '/'
    const isFirst = !isSecond && i + 1 < found.length && between(i).trim() === '/'
    if (i > 0 && !isSecond && !isJoin(between(i - 1))) group += 1
    numbers.push({
      value,
      unit: unitAfter(plain.slice(to, to + FAR)),
      before: wordsOf(plain.slice(Math.max(0, from - FAR), from))
        .slice(-WORDS_BEFORE)
        .map(stemOf)
        .toReversed(),
      after: wordsOf(plain.slice(to, to + FAR))
        .slice(0, WORDS_AFTER)
        .map(stemOf),
      group,
      place: isSecond ? 'second' : isFirst ? 'first' : null,
    })
  }
  return numbers.map((number, i) => ({ ...number, unit: number.unit ?? laterUnit(numbers, i) }))
}

/** Between two numbers of a list there may be the unit of the first. */
function isJoin(between: string): boolean {
  const unit = /^\s?([\p{L}%°]+)/u.exec(between)?.[1]
  const rest = unit !== undefined && unitOf(unit) !== null ? between.replace(unit, '') : between
  return JOIN.test(rest)
}

function laterUnit(numbers: readonly SaidNumber[], at: number): Unit | null {
  const { group } = numbers[at] ?? {}
  return numbers.slice(at + 1).find((later) => later.group === group && later.unit !== null)?.unit ?? null
}

function unitAfter(rest: string): Unit | null {
  const word = /^[\s-]?(°?\p{L}+|%)/u.exec(rest)?.[1]
  return word === undefined ? null : unitOf(word)
}

function numberOf(said: string): number {
  const plain = said.replace('−', '-')
  return Number(/,\d{3}/.test(plain) ? plain.replaceAll(',', '') : plain.replace(',', '.'))
}
