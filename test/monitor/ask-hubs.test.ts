import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { askHubs } from '../../src/monitor/ask-hubs.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const hubs = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `user:${i}`)

/** Asks hubs of which each takes its time, ms. */
function scene(names: readonly string[], takes: (hub: string) => number) {
  const seen = { asked: [] as string[], answers: [] as string[], most: 0, doneAt: Number.NaN }
  let underWay = 0
  const work = askHubs(
    names,
    async (hub) => {
      seen.asked.push(hub)
      underWay += 1
      seen.most = Math.max(seen.most, underWay)
      await new Promise((resolve) => setTimeout(resolve, takes(hub)))
      underWay -= 1
      return `${hub} is well`
    },
    (_, answer) => void seen.answers.push(answer),
  ).then(() => {
    seen.doneAt = Date.now()
  })
  return { seen, work }
}

describe('hubs that are asked how they stand', () => {
  it('[MO3] so many at a time, all of them', async () => {
    const names = hubs(2 * LIMITS.refreshedAtOnce + 1)
    const { seen, work } = scene(names, () => 100)
    await vi.advanceTimersByTimeAsync(300)
    await work
    expect(seen).toMatchObject({ asked: names, most: LIMITS.refreshedAtOnce, doneAt: 300 })
    expect(seen.answers).toEqual(names.map((hub) => `${hub} is well`))
  })

  it('[MO3] one that hangs is passed over after its time, and its late answer is none', async () => {
    const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { seen, work } = scene(hubs(LIMITS.refreshedAtOnce + 1), (hub) => (hub === 'user:0' ? 60_000 : 10))
    await vi.advanceTimersByTimeAsync(LIMITS.refreshMs + 10)
    await work
    expect(seen.doneAt).toBe(LIMITS.refreshMs + 10)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(seen.answers).not.toContain('user:0 is well')
    expect(seen.answers).toHaveLength(LIMITS.refreshedAtOnce)
    expect(warnings.mock.calls).toEqual([[{ message: 'hub unreachable', name: 'Error' }]])
  })

  it('[MO3] no more than so many of a crowd', async () => {
    const { seen, work } = scene(hubs(LIMITS.refreshedHubs + 20), () => 0)
    await vi.advanceTimersByTimeAsync(1000)
    await work
    expect(seen.asked).toHaveLength(LIMITS.refreshedHubs)
  })
})
