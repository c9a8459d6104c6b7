/** A token, much as models cut words: white space, then up to eight letters or digits, or one other character. */
const TOKEN = /\s*(?:[\p{L}\p{M}\p{N}_'’]{1,8}|[^\s\p{L}\p{M}\p{N}_'’])|\s+$/gu

/** Cuts a text into tokens that together are the text again. No token is empty, none ends inside a character. */
export function tokenize(text: string): readonly string[] {
  return text.match(TOKEN) ?? []
}

/** Exactly `count` tokens of a text that is not empty: cut short, or said again, a paragraph apart. */
export function* exactly(text: string, count: number): Generator<string> {
  let left = count
  for (let lead = ''; left > 0; lead = '\n\n') {
    for (const token of tokenize(lead + text)) {
      if (left === 0) return
      left -= 1
      yield token
    }
  }
}

/**
 * The tokens that follow on a beginning of a text, or null when the text does not begin so.
 * @param tokens the whole text; it is gone through as far as the beginning reaches.
 */
export function following(tokens: Iterable<string>, beginning: string): Iterable<string> | null {
  const rest = tokens[Symbol.iterator]()
  for (let at = 0; at < beginning.length; ) {
    const { done, value } = rest.next()
    if (done === true) return null
    const due = beginning.slice(at, at + value.length)
    if (!value.startsWith(due)) return null
    at += value.length
    if (due.length < value.length) return chain([value.slice(due.length)], rest)
  }
  return chain([], rest)
}

function* chain(first: readonly string[], rest: Iterator<string>): Generator<string> {
  yield* first
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value
}
