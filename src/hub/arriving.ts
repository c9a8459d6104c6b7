/** What several sources yield, as it comes; each source's own order is kept. One that throws ends it. */
export async function* arriving<T>(
  sources: readonly AsyncGenerator<T, void, undefined>[],
): AsyncGenerator<T, void, undefined> {
  const next = (source: AsyncGenerator<T, void, undefined>) => source.next().then((result) => ({ source, result }))
  const waiting = new Map(sources.map((source) => [source, next(source)]))
  while (waiting.size > 0) {
    const { source, result } = await Promise.race(waiting.values())
    if (result.done === true) waiting.delete(source)
    else {
      waiting.set(source, next(source))
      yield result.value
    }
  }
}
