/** A stretch of an answer: running text, or code between ``` lines. */
export interface Part {
  readonly kind: 'text' | 'code'
  readonly text: string
  /** What stands behind the opening ```, or ''. */
  readonly language: string
}

const OPENING = /^ {0,3}```([^`]*)$/
const CLOSING = /^ {0,3}```\s*$/

/** Cuts an answer at its code fences. A fence that is still open, as while the answer is written, runs to the end. */
export function splitFences(answer: string): readonly Part[] {
  const parts: Part[] = []
  let kind: Part['kind'] = 'text'
  let language = ''
  let lines: string[] = []

  function close(): void {
    const text = lines.join('\n')
    // Empty lines beside a fence are the distance to it, which the page keeps itself.
    if (kind === 'code') parts.push({ kind, text, language })
    else if (text.trim() !== '') parts.push({ kind, text: text.replace(/^\n+|\n+$/g, ''), language })
    lines = []
  }

  for (const line of answer.split('\n')) {
    const opening = kind === 'text' ? OPENING.exec(line) : null
    if (opening !== null) {
      close()
      kind = 'code'
      language = opening[1]?.trim() ?? ''
    } else if (kind === 'code' && CLOSING.test(line)) {
      close()
      kind = 'text'
      language = ''
    } else {
      lines.push(line)
    }
  }
  close()
  return parts
}
