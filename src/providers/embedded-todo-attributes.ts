/** What is said about a todo beside what is to be done and when. */
export interface Attributes {
  readonly importance: 'low' | 'medium' | 'high' | null
  readonly tags: readonly string[]
  /** The sentence without it. */
  readonly rest: string
}

const LEVEL = '(high|medium|low|normal|top)'
const IMPORTANCE = [
  `${LEVEL}[- ](?:importance|priority)`,
  `(?:the )?(?:importance|priority)(?: is| of|:| =|=)? ${LEVEL}`,
  `(?<=, |,|\\()(?:very )?(?:(important|urgent)|(not important|unimportant|not urgent))(?=$|,|\\))`,
]
const IMPORTANCE_WORDS = new RegExp(
  `(?:,? ?\\(?|^)(?:and |(?:with|as|of|at) (?:an? )?)?(?:${IMPORTANCE.join('|')})\\)?(?!\\w)`,
  'i',
)
const WORD = `(?:#?[\\p{L}\\p{N}_\uE000-]+)`
const TAG_LIST = `${WORD}(?:(?:, ?| and |, and | & )${WORD}(?=$|,| and | & ))*`
const TAG_FORMS = [
  `(?:tags|labels)(?: as| with|:)? (${TAG_LIST})`,
  `tagged(?: it| them)?(?: as| with|:)? (${TAG_LIST})`,
  `tag(?: it| them)?(?: as| with|:)? (${WORD})`,
  `label(?:l?ed)?(?: as| with|:)? (${WORD})`,
]
const TAG_WORDS = new RegExp(
  `(?:,? ?\\(?|^)(?:and )?(?:with )?(?:the )?(?<![\\w'’-])(?:${TAG_FORMS.join('|')})\\)?`,
  'iu',
)
const HASH = /(?:^|\s)#([\p{L}\p{N}_-]+)/gu

/** Takes importance and tags out of a sentence: `high importance`, `priority: low`, `, urgent`, `tag family`, `#family`. */
export function takeAttributes(sentence: string): Attributes {
  let rest = sentence
  let importance: Attributes['importance'] = null
  const level = IMPORTANCE_WORDS.exec(rest)
  if (level !== null) {
    const [whole, before, after, strong, weak] = level
    importance = levelOf(before ?? after ?? (strong === undefined ? (weak === undefined ? '' : 'low') : 'high'))
    rest = cutOut(rest, level.index, whole)
  }
  const tags: string[] = []
  const listed = TAG_WORDS.exec(rest)
  if (listed !== null) {
    const words = listed[1] ?? listed[2] ?? listed[3] ?? listed[4] ?? ''
    tags.push(...words.split(/, ?(?:and )?| and | & /).map((tag) => tag.replace(/^#/, '')))
    rest = cutOut(rest, listed.index, listed[0])
  }
  rest = rest.replaceAll(HASH, (_, tag: string) => {
    tags.push(tag)
    return ''
  })
  return { importance, tags: [...new Set(tags.filter((tag) => tag !== ''))], rest: rest.trim() }
}

/** The level that words name, or null. */
export function levelOf(words: string): Attributes['importance'] {
  switch (words.toLowerCase().replace(/ (?:importance|priority)$/, '')) {
    case 'high':
    case 'top':
    case 'important':
    case 'urgent':
      return 'high'
    case 'medium':
    case 'normal':
      return 'medium'
    case 'low':
    case 'unimportant':
      return 'low'
    default:
      return null
  }
}

function cutOut(text: string, index: number, part: string): string {
  return `${text.slice(0, index)} ${text.slice(index + part.length)}`.replaceAll(/ {2,}/g, ' ').trim()
}
