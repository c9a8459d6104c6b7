import type { CancelSignal } from '../core/model.ts'

/**
 * Waits `ms` milliseconds in a timer of its own, so that the event loop gets its turn even for 0.
 * Ends early, with the timer cleared, when the signal aborts; it never rejects.
 */
export function pause(ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}

/** Waits until the signal aborts, without a timer. */
export function untilAborted(signal: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
