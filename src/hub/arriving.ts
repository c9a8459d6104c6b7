type Source<T> = AsyncGenerator<T, void, undefined>

/**
 * What several sources yield, as it comes; each source's own order is kept, and a source goes on only when what it gave
 * was taken. One that throws ends it. Then, and when the reader leaves, the others are told to close and not waited for.
 */
export async function* arriving<T>(sources: readonly Source<T>[]): Source<T> {
  const waiting = new Map<Source<T>, Promise<{ source: Source<T>; result: IteratorResult<T, void> }>>()
  const ask = (source: Source<T>): void => {
    const next = source.next().then((result) => ({ source, result }))
    // It is heard by the race. A failure that comes when nobody listens any more is no news.
    next.catch(() => undefined)
    waiting.set(source, next)
  }
  for (const source of sources) ask(source)
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values())
      waiting.delete(source)
      if (result.done === true) continue
      yield result.value
      // Behind the others, so that one that is always ready holds up nobody.
      ask(source)
    }
  } finally {
    for (const source of sources) source.return().catch(() => undefined)
  }
}
