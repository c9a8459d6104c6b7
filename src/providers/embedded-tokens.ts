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
