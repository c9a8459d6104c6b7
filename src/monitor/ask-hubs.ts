import { inTime } from '../core/in-time.ts'
import { LIMITS } from '../core/limits.ts'

/**
 * Asks hubs how they stand, so many at a time and each for so long: whoever reads the statistics waits for it, and one hub
 * that hangs must not hold all others.
 * @param ask of one hub, by its name
 * @param take is given each answer that comes in time; a hub that fails is passed over
 */
export async function askHubs<T>(
  hubs: readonly string[],
  ask: (hub: string) => Promise<T>,
  take: (hub: string, answer: T) => void | Promise<void>,
): Promise<void> {
  const asked = async (hub: string): Promise<void> => {
    try {
      await take(hub, await inTime(ask(hub), LIMITS.refreshMs))
    } catch (error) {
      console.warn({ message: 'hub unreachable', name: error instanceof Error ? error.name : typeof error })
    }
  }
  const most = Math.min(hubs.length, LIMITS.refreshedHubs)
  for (let from = 0; from < most; from += LIMITS.refreshedAtOnce) {
    await Promise.all(hubs.slice(from, Math.min(most, from + LIMITS.refreshedAtOnce)).map(asked))
  }
}
