import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Report } from '../../src/core/report.ts'
import { Reporter } from '../../src/hub/reporter.ts'
import { reportOf } from '../support/reports.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 })
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A hub whose state is a number, and a monitor that takes its time or is down. */
function scene() {
  const hub = {
    state: 0,
    /** What each report that was begun told. */
    begun: [] as number[],
    /** What the monitor has. */
    told: [] as number[],
    sent: [] as Report[],
    underWay: 0,
    most: 0,
    takes: 0,
    isDown: false,
    isIll: false,
  }
  const reporter = new Reporter({
    report: () => {
      hub.begun.push(hub.state)
      if (hub.isIll) throw new Error('no report')
      return reportOf('ann', { running: hub.state })
    },
    send: async (report) => {
      hub.underWay += 1
      hub.most = Math.max(hub.most, hub.underWay)
      try {
        if (hub.takes > 0) await new Promise((resolve) => setTimeout(resolve, hub.takes))
        if (hub.isDown) throw new Error('down')
        hub.told.push(report.running)
      } finally {
        hub.underWay -= 1
      }
    },
    sent: (report) => void hub.sent.push(report),
  })
  const change = () => {
    hub.state += 1
    reporter.changed()
  }
  return { hub, change }
}

describe('reports to the monitor', () => {
  it('[MO1] changes of one turn share a report, which tells them all and is not made before the turn is over', async () => {
    const { hub, change } = scene()
    change()
    change()
    expect(hub.begun).toEqual([])
    await vi.advanceTimersByTimeAsync(0)
    expect(hub.told).toEqual([2])
  })

  it('[MO1] changes while a report is under way share the next one', async () => {
    const { hub, change } = scene()
    hub.takes = 100
    change()
    await vi.advanceTimersByTimeAsync(50)
    change()
    change()
    change()
    expect(hub.begun).toEqual([1])
    await vi.advanceTimersByTimeAsync(1000)
    expect(hub.told).toEqual([1, 4])
    expect(hub.most).toBe(1)
  })

  it('[MO2] when the monitor is down the hub goes on, and the next change tells everything', async () => {
    const { hub, change } = scene()
    hub.isDown = true
    change()
    await vi.advanceTimersByTimeAsync(1000)
    change()
    await vi.advanceTimersByTimeAsync(1000)
    expect(hub).toMatchObject({ begun: [1, 2], told: [], sent: [] })
    hub.isDown = false
    change()
    await vi.advanceTimersByTimeAsync(1000)
    expect(hub.told).toEqual([3])
  })

  it('[MO2] a report that cannot be made is not the last one', async () => {
    const { hub, change } = scene()
    hub.isIll = true
    change()
    await vi.advanceTimersByTimeAsync(1000)
    hub.isIll = false
    change()
    await vi.advanceTimersByTimeAsync(1000)
    expect(hub).toMatchObject({ begun: [1, 2], told: [2] })
  })

  it('[MO2] a monitor that is down is not asked again and again by itself', async () => {
    const { hub, change } = scene()
    hub.isDown = true
    hub.takes = 10
    change()
    await vi.advanceTimersByTimeAsync(5)
    change()
    await vi.advanceTimersByTimeAsync(600_000)
    expect(hub.begun.length).toBeLessThanOrEqual(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[MO1] what was sent is told to be sent, a report that was lost is not', async () => {
    const { hub, change } = scene()
    change()
    await vi.advanceTimersByTimeAsync(0)
    hub.isDown = true
    change()
    await vi.advanceTimersByTimeAsync(0)
    expect(hub.sent.map(({ running }) => running)).toEqual([1])
  })

  it('[MO1] never two under way, and after a change that meets a monitor that is up, it knows the last state', async () => {
    const stepArb = fc.record({
      what: fc.constantFrom('change', 'change', 'down', 'up'),
      after: fc.nat(30),
      takes: fc.nat(40),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(stepArb, { maxLength: 30 }), async (steps) => {
        const { hub, change } = scene()
        for (const { what, after, takes } of steps) {
          hub.takes = takes
          if (what === 'change') change()
          else hub.isDown = what === 'down'
          await vi.advanceTimersByTimeAsync(after)
        }
        hub.isDown = false
        await vi.advanceTimersByTimeAsync(1000)
        change()
        await vi.advanceTimersByTimeAsync(1000)
        expect(hub.told.at(-1)).toBe(hub.state)
        expect(hub.told).toEqual(hub.told.toSorted((a, b) => a - b))
        expect(hub.most).toBe(1)
        expect(hub.sent.map(({ running }) => running)).toEqual(hub.told)
      }),
    )
  })
})
