import { afterEach, beforeEach, expect } from 'vitest'

/** Holds that no promise of a test was left to reject with nobody to hear it. Call it at a file's top. */
export function expectNoUnhandled(): { readonly reasons: readonly unknown[] } {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => void reasons.push(reason)
  beforeEach(() => {
    reasons.length = 0
    process.on('unhandledRejection', note)
  })
  afterEach(async () => {
    await settled()
    process.off('unhandledRejection', note)
    expect(reasons).toEqual([])
  })
  return { reasons }
}

/** Lets everything happen that can without time: microtasks, and the check for rejections that nobody heard. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
