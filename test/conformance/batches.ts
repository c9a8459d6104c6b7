/** Does the same to each, `most` at a time; the first that fails is told. */
export async function inBatches<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
}

export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** The same work for all who ask, begun by the first. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | null = null
  return () => {
    begun ??= work()
    return begun
  }
}
