/** The timers that every runtime of ours has; the core knows no other part of them. */
declare function setTimeout(work: () => void, ms: number): unknown
declare function clearTimeout(timer: unknown): void

/**
 * What a promise comes to, if it comes in time.
 * @throws what it rejects with, or an Error after `ms`
 */
export async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: unknown
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
