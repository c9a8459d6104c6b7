import type { SchemaNode } from './embedded-schema.ts'
import { stemOf, wordsOf } from './embedded-stems.ts'

/** Characters of a prompt that are handed on as a question. */
const MOST_QUESTION = 500
const MOST_EXCERPT = 120
const LOOKED_AT_FOR_SUM = 1000

const QUESTION = /^(?:question|query|prompt|text|message|topic|input|content|request|description|details)s?$/
const PLACE = /^(?:location|city|place|country|town|region|address|name|person|origin|destination|where)$/
const SUM = /^(?:expression|formula|calculation|equation|sum)$/
const CAPITALISED =
  /\b(?:in|at|for|of|from|to|near)\s+((?:\p{Lu}[\p{L}\p{M}'’.-]*)(?:\s+\p{Lu}[\p{L}\p{M}'’.-]*){0,3})/u
const ARITHMETIC = /[\d(][\d\s+\-*/()^.]{0,98}[+\-*/^][\d\s+\-*/()^.]{0,98}[\d)]/
const QUOTED = /[“"]([^“”"]{1,120})[”"]/

/** How to find what has a format of its own. */
const FORMATS: Readonly<Record<string, RegExp>> = {
  date: /\b\d{4}-\d{2}-\d{2}\b/,
  'date-time': /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/,
  email: /\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}\b/,
  uri: /\bhttps?:\/\/[^\s"<>]{1,200}/,
}

/** What a prompt says for a property that is a string, or null. */
export function stringArgument(
  name: string,
  { format, maxLength = MOST_QUESTION }: SchemaNode,
  prompt: string,
): string | null {
  const text = prompt.trim()
  if (format !== undefined) return FORMATS[format]?.exec(text)?.[0] ?? null
  const words = wordsOf(name)
  const is = (kind: RegExp): boolean => words.some((word) => kind.test(word))
  if (is(SUM)) return ARITHMETIC.exec(text.slice(0, LOOKED_AT_FOR_SUM))?.[0].trim() ?? null
  if (is(QUESTION)) return text === '' ? null : cut(text, Math.min(MOST_QUESTION, maxLength))
  const quoted = QUOTED.exec(text)?.[1] ?? null
  if (is(PLACE)) return quoted ?? CAPITALISED.exec(text)?.[1]?.replace(/[.'’-]+$/, '') ?? null
  return quoted ?? (text === '' ? null : cut(text, Math.min(MOST_EXCERPT, maxLength)))
}

/** At most so many UTF-16 units, and no half of a character. */
export function cut(text: string, most: number): string {
  return text
    .slice(0, most)
    .toWellFormed()
    .replace(/\uFFFD$/, '')
}

/** Other words for values that people seldom say as they are written. */
const ALSO: Readonly<Record<string, readonly string[]>> = { female: ['woman'], male: ['man'] }

/** Those of a list of values that a prompt mentions, what is longer first: "very active" is not "active". */
export function mentioned(choices: readonly unknown[], prompt: string): readonly unknown[] {
  const said = ` ${wordsOf(prompt).map(stemOf).join(' ')} `
  const found = choices.flatMap((choice) => {
    if (typeof choice !== 'string') return []
    const names = [choice, ...(ALSO[choice] ?? [])].map((name) => wordsOf(name).map(stemOf).join(' '))
    const name = names.find((one) => one !== '' && said.includes(` ${one} `))
    return name === undefined ? [] : [{ choice, words: name.split(' ').length }]
  })
  return found.toSorted((a, b) => b.words - a.words).map(({ choice }) => choice)
}

const NEGATIONS = new Set(['not', 'no', 'without', 'never', 'don', 'isn', 'skip'])

/** True or false when a prompt has a word of a property's name, false after a negation; null when it has none. */
export function booleanArgument(name: string, prompt: string): boolean | null {
  const names = new Set(
    wordsOf(name)
      .filter((word) => word.length > 3)
      .map(stemOf),
  )
  const words = wordsOf(prompt)
  const at = words.findIndex((word) => names.has(stemOf(word)))
  return at === -1 ? null : !words.slice(Math.max(0, at - 3), at).some((word) => NEGATIONS.has(word))
}
