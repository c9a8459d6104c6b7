/** Paragraphs with a fenced code block, of the class `code`. The code in them runs as it stands. */
export const CODE_BODIES: readonly [string, ...string[]] = [
  `\`\`\`ts
export async function retry<T>(attempts: number, run: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await run()
    } catch (error) {
      if (n >= attempts) throw error
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** n))
    }
  }
}
\`\`\`

It waits twice as long after each failure and gives the last error to the caller instead of hiding it.`,
  `\`\`\`ts
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}
\`\`\`

A map keeps the order in which the keys came and has no trouble with a key named "constructor".`,
  `\`\`\`ts
export async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}
\`\`\`

It does not matter how the input was cut: what has no line end yet is kept for the next chunk.`,
]
