import type { CancelSignal } from '../core/model.ts'

/** A web AbortSignal that follows a core signal, and that can be aborted by its holder too. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  /** Aborts the web signal and lets go of the core one. Any number of times. */
  abort(): void
}

/** Links a core signal to what `fetch` takes. Call `abort` when done: it also removes the listener. */
export function linkAbort(cancel: CancelSignal): LinkedAbort {
  const controller = new AbortController()
  const abort = (): void => {
    cancel.removeEventListener('abort', abort)
    controller.abort()
  }
  cancel.addEventListener('abort', abort, { once: true })
  if (cancel.aborted) abort()
  return { signal: controller.signal, abort }
}
