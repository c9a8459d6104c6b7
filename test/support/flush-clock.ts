/** A delta of a provider and when it comes, ms. */
export interface Arrival {
  readonly at: number
  readonly delta: string
}

/** What the clock drives: a Gatherer or a Generation behind one face. */
export interface Flushed {
  add(delta: string): void
  dueAt(watched: boolean): number | null
  flush(now: number): void
}

/**
 * Plays arrivals with the timer of src/hub/runner.ts on a simulated clock: a delta that is due goes out in its own
 * turn, any other sets a timer unless one is set.
 * @param late how much later than asked for a timer fires, ms
 */
export function playArrivals(arrivals: readonly Arrival[], watched: boolean, flushed: Flushed, late = 0): void {
  let timer: number | null = null
  const flush = (now: number) => {
    timer = null
    flushed.flush(now)
  }
  for (const { at, delta } of arrivals) {
    if (timer !== null && timer <= at) flush(timer)
    flushed.add(delta)
    const due = flushed.dueAt(watched)
    if (due === null) continue
    if (due <= at) flush(at)
    else timer ??= due + late
  }
  if (timer !== null) flush(timer)
}
