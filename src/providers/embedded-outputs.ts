import { wordsOf } from './embedded-stems.ts'

/** Characters of one output that are told. */
const MOST_TOLD = 360
const MOST_FIELDS = 8
const MOST_ITEMS = 3
const MOST_KEY = 60
const DEEPEST = 2
/** A value so short can follow on "is". */
const MOST_PLAIN = 40
const WITH_UNIT =
  /^(\w+?)_((?:kg|g|mg|lb|km|m|cm|mm|bpm|mmhg|kcal|hours|minutes|seconds|ms|days|years|percent)(?:_per_\w+)?)$/
/** Where a consultation's finding may be when its output is JSON. */
const FINDING = ['finding', 'answer', 'text', 'content', 'result'] as const

/** What came out of a call: an error's sentence, a text, or the fields of a JSON value in words. */
export type Told = { readonly kind: 'error' | 'text' | 'fields'; readonly words: string }

/** Reads an output and says it shortly, on one line. */
export function tell(output: string): Told {
  const value = parsed(output)
  if (value === undefined) return { kind: 'text', words: firstSentences(output) }
  if (typeof value === 'string') return { kind: 'text', words: firstSentences(value) }
  if (isObject(value)) {
    const error = value['error']
    if (typeof error === 'string') return { kind: 'error', words: firstSentences(error) }
    const finding = FINDING.map((key) => value[key]).find((one) => typeof one === 'string')
    if (typeof finding === 'string' && Object.keys(value).length === 1)
      return { kind: 'text', words: firstSentences(finding) }
  }
  return { kind: 'fields', words: cutAtWord(inWords(value, 0)) }
}

/** `bmi_kg_per_m2` as people say it. */
export function humanise(key: string): string {
  const words = key
    .slice(0, MOST_KEY)
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .replace(/[_-]+/g, ' ')
  return oneLine(words).toLowerCase() || 'value'
}

/** The first two sentences of a text, at most `MOST_TOLD` characters; what is in quotation marks ends none. */
export function firstSentences(text: string): string {
  const line = oneLine(text.slice(0, 4 * MOST_TOLD))
  let sentences = 0
  let isQuoted = false
  for (let i = 0; i < line.length; i += 1) {
    const unit = line.charAt(i)
    if (unit === '“' || unit === '”') isQuoted = unit === '“'
    if (isQuoted || !'.!?…'.includes(unit) || !' '.includes(line.charAt(i + 1))) continue
    sentences += 1
    if (sentences === 2) return cutAtWord(line.slice(0, i + 1))
  }
  return cutAtWord(line)
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\p{Cc}`]+/gu, ' ')
    .trim()
}

function cutAtWord(text: string): string {
  if (text.length <= MOST_TOLD) return text
  const part = text.slice(0, MOST_TOLD).toWellFormed()
  const space = part.lastIndexOf(' ')
  return `${part.slice(0, space > MOST_TOLD / 2 ? space : MOST_TOLD - 1)}…`
}

function inWords(value: unknown, depth: number): string {
  if (Array.isArray(value)) return listInWords(value, depth)
  if (isObject(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== null)
    if (fields.length === 0) return 'nothing'
    if (depth > DEEPEST) return `${fields.length} fields`
    const said = fields.slice(0, MOST_FIELDS).map(([key, field]) => fieldInWords(key, field, depth))
    return said.join(depth === 0 ? '; ' : ', ')
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return 'nothing'
  return oneLine(value.slice(0, MOST_TOLD)).replace(/\.$/, '') || 'empty'
}

/** "weight is 82 kg": a unit at the end of a key belongs to its number. */
function fieldInWords(key: string, field: unknown, depth: number): string {
  const [, name = key, unit = ''] =
    (typeof field === 'number' && key.length <= MOST_KEY ? WITH_UNIT.exec(key) : null) ?? []
  const value = `${inWords(field, depth + 1)}${unit === '' ? '' : ` ${humanise(unit)}`}`
  const isPlain = typeof field !== 'object' && value.length <= MOST_PLAIN && !/(?:s|by)$/.test(name)
  return `${humanise(name)}${depth > 0 ? ' ' : isPlain ? ' is ' : ': '}${value}`
}

function listInWords(list: readonly unknown[], depth: number): string {
  if (list.length === 0) return 'none'
  if (depth > DEEPEST) return `${list.length} entries`
  const items = list
    .slice(0, MOST_ITEMS)
    .map((item) => (isObject(item) ? `(${inWords(item, depth + 1)})` : inWords(item, depth + 1)))
  const more = list.length > MOST_ITEMS ? ` and ${list.length - MOST_ITEMS} more` : ''
  return `${items.join(', ')}${more}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): unknown {
  try {
    const raw: unknown = JSON.parse(text)
    return raw
  } catch {
    return undefined
  }
}

/** The name of a tool or of a specialist's field in words. */
export function nameInWords(name: string): string {
  return wordsOf(name.replace(/^consult_/, '')).join(' ') || name
}
