import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HealthView } from '../../src/hub/health-view.ts'
import { healthOf, snapshotOf } from '../support/candidates.ts'

const NOW = 1_000_000

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function viewOf(ask: () => Promise<unknown> = () => Promise.resolve(snapshotOf({ ann: {} }))) {
  let asked = 0
  const view = new HealthView({
    now: () => Date.now(),
    ask: () => {
      asked += 1
      return ask()
    },
  })
  return { view, asked: () => asked }
}

describe('the monitor’s word', () => {
  it('[HE2] is asked for at first, and again when it is older than 5 s', async () => {
    const { view, asked } = viewOf()
    expect(view.isStale).toBe(true)
    await view.refresh()
    expect(view.isStale).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
    expect(view.view().providers).toEqual({ ann: healthOf() })
    await vi.advanceTimersByTimeAsync(5000)
    await view.refresh()
    expect(asked()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(view.isStale).toBe(true)
    await view.refresh()
    expect(asked()).toBe(2)
  })

  it('[HE2] comes with each receipt of a report, so a busy hub never asks', async () => {
    const { view, asked } = viewOf()
    for (let i = 0; i < 10; i++) {
      view.take(snapshotOf({ ann: { state: i % 2 === 0 ? 'open' : 'closed' } }))
      await vi.advanceTimersByTimeAsync(4900)
      await view.refresh()
      expect(view.view().providers['ann']?.state).toBe(i % 2 === 0 ? 'open' : 'closed')
    }
    expect(asked()).toBe(0)
  })

  it('[HE3] where a provider waits for a probe the monitor is asked anew, at most twice a second', async () => {
    const { view, asked } = viewOf(() => Promise.resolve(snapshotOf({ ann: { state: 'half_open' }, bob: {} })))
    view.take(snapshotOf({ ann: { state: 'half_open' }, bob: {} }))
    expect(view.isStale).toBe(true)
    for (let i = 1; i <= 5; i++) {
      await view.refresh()
      expect(asked()).toBe(i)
      // A receipt gives no probe, so it does not put the question off.
      view.take(snapshotOf({ ann: { state: 'half_open' }, bob: {} }))
      await vi.advanceTimersByTimeAsync(500)
      expect(view.isStale).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      expect(view.isStale).toBe(true)
    }
  })

  it('[HE3] where it holds the probe, or nobody may probe yet, it is not', async () => {
    const { view } = viewOf()
    for (const ann of [{ state: 'half_open', probe: true }, { state: 'open' }] as const) {
      view.take(snapshotOf({ ann, bob: {} }))
      await vi.advanceTimersByTimeAsync(5000)
      expect(view.isStale).toBe(false)
    }
  })

  it.each<[string, () => Promise<unknown>, number]>([
    ['says nothing', () => new Promise(() => undefined), 500],
    ['is late', () => new Promise((resolve) => setTimeout(() => resolve(snapshotOf({ bob: {} })), 9000)), 500],
    ['refuses', () => Promise.reject(new Error('down')), 0],
    ['refuses late', () => new Promise((_, reject) => setTimeout(() => reject(new Error('down')), 9000)), 500],
    [
      'cannot be called',
      () => {
        throw new Error('down')
      },
      0,
    ],
    ['says what is no health', () => Promise.resolve({ at: 1, providers: { ann: 'well' } }), 0],
  ])(
    '[MO2] a monitor that %s is waited for no longer than a moment, and the last word stays',
    async (_, ask, waited) => {
      const { view, asked } = viewOf(ask)
      view.take(snapshotOf({ ann: { state: 'open' } }))
      await vi.advanceTimersByTimeAsync(6000)
      let over = -1
      void view.refresh().then(() => {
        over = Date.now()
      })
      await vi.advanceTimersByTimeAsync(waited)
      expect(over).toBe(NOW + 6000 + waited)
      expect(view.isStale).toBe(false)
      expect(view.view().providers['ann']?.state).toBe('open')
      await view.refresh()
      expect(asked()).toBe(1)
      await vi.advanceTimersByTimeAsync(20_000)
      expect(view.view().providers['ann']?.state).toBe('open')
      expect(vi.getTimerCount()).toBe(0)
      expect(view.isStale).toBe(true)
    },
  )

  it('[MO2] nothing known is nothing in the way', async () => {
    const { view } = viewOf(() => Promise.reject(new Error('down')))
    await view.refresh()
    expect(view.view()).toEqual({ at: NOW, providers: {} })
  })
})

describe('what this hub saw itself', () => {
  it('[HE2] a provider that failed here is left alone until then, whatever the monitor says, and its probe is used up', () => {
    const { view } = viewOf()
    for (const ann of [{}, { state: 'half_open', probe: true }, { busy_until: NOW + 1 }] as const) {
      view.take(snapshotOf({ ann, bob: {} }))
      view.leaveAlone('ann', NOW + 10_000)
      expect(view.view().providers['ann']).toMatchObject({ busy_until: NOW + 10_000, probe: false })
      expect(view.view().providers['bob']).toEqual(healthOf())
    }
  })

  it('[HE2] when that time is over, the monitor’s word counts again', () => {
    const { view } = viewOf()
    view.take(snapshotOf({ ann: { samples: 7 } }))
    view.leaveAlone('ann', NOW + 10_000)
    vi.setSystemTime(NOW + 9999)
    expect(view.view().providers['ann']?.busy_until).toBe(NOW + 10_000)
    vi.setSystemTime(NOW + 10_000)
    expect(view.view().providers['ann']).toEqual(healthOf({ samples: 7 }))
  })

  it('[HE2] also one that the monitor does not know', () => {
    const { view } = viewOf()
    view.leaveAlone('ann', NOW + 10_000)
    expect(view.view().providers['ann']).toMatchObject({ state: 'closed', busy_until: NOW + 10_000 })
    expect(Object.keys(view.view().providers)).toEqual(['ann'])
  })

  it('[HE2] one that answers here is asked again at once', () => {
    const { view } = viewOf()
    view.leaveAlone('ann', NOW + 10_000)
    view.wellAgain('ann')
    view.wellAgain('bob')
    expect(view.view().providers).toEqual({})
  })

  it('[HE2] one that asked for a minute is left alone for it, though it was asked as the last resort and failed', () => {
    const { view } = viewOf()
    view.leaveAlone('ann', NOW + 60_000)
    view.leaveAlone('ann', NOW + 10_000)
    vi.setSystemTime(NOW + 30_000)
    expect(view.view().providers['ann']?.busy_until).toBe(NOW + 60_000)
  })

  it('[HE2] what a view shows is not what is kept', () => {
    const { view } = viewOf()
    view.take(snapshotOf({ ann: {} }))
    view.leaveAlone('ann', NOW + 10_000)
    view.view()
    view.wellAgain('ann')
    expect(view.view().providers['ann']).toEqual(healthOf())
  })
})
