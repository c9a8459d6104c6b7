import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/core/report.ts'
import { Registry } from '../../src/monitor/registry.ts'
import { addTotals, type Known, readerStats, streamingStats } from '../../src/monitor/statistics.ts'
import { connectionOf, endedOf, memoryRows, registryWith, reportOf, totalsArb, totalsOf } from '../support/reports.ts'

/** Reports of three hubs in the order of their sending, some of a hub's next life, some its last word. */
const historyArb: fc.Arbitrary<readonly Report[]> = fc
  .array(
    fc.record({
      hub: fc.constantFrom('ann', 'bob', 'cem'),
      wiped: fc.nat(9).map((n) => n === 0),
      retired: fc.nat(9).map((n) => n === 0),
      pause: fc.nat(3),
      totals: totalsArb,
      ended: fc.array(
        fc.nat(100).map((seconds) => ({ n: 0, seconds })),
        { maxLength: 3 },
      ),
      connections: fc.nat(2),
    }),
    { maxLength: 25 },
  )
  .map((steps) => {
    const lives = new Map<string, number>()
    let at = 1000
    return steps.map(({ hub, wiped, retired, pause, totals, ended, connections }) => {
      at += pause
      const life = (lives.get(hub) ?? 0) + (wiped ? 1 : 0)
      lives.set(hub, retired ? life + 1 : life)
      return reportOf(hub, {
        epoch: `n${hub}${life}`,
        at,
        retired,
        totals,
        ended,
        connections: Array.from({ length: retired ? 0 : connections }, (_, i) => connectionOf(`${hub}${i}`)),
      })
    })
  })

function byHub({ reports, ...rest }: Known) {
  return { ...rest, reports: Object.fromEntries(reports.map((report) => [report.hub, report])) }
}

function withoutMean(known: Known) {
  return byHub({ ...known, meanStreamSeconds: 0 })
}

describe('the registry', () => {
  it('[MO1] the last report of a life counts, and lives that are over are added up', () => {
    fc.assert(
      fc.property(historyArb, (history) => {
        const lives = new Map<string, Report>()
        for (const report of history) lives.set(report.epoch, report)
        const last = new Map<string, string>()
        for (const { hub, epoch, retired } of history) last.set(hub, retired ? '' : epoch)
        const over = [...lives.values()].filter(({ hub, epoch }) => last.get(hub) !== epoch)
        const { known } = registryWith(history).registry
        expect(known.retired).toEqual(over.reduce((sum, { totals }) => addTotals(sum, totals), totalsOf()))
        const live = [...lives.values()].filter(({ hub, epoch }) => last.get(hub) === epoch)
        expect(byHub(known).reports).toEqual(Object.fromEntries(live.map((report) => [report.hub, report])))
      }),
    )
  })

  it('[MO1] a report that comes twice changes nothing the second time', () => {
    fc.assert(
      fc.property(historyArb, (history) => {
        const once = registryWith(history).registry.known
        const last = history.at(-1)
        if (last === undefined || last.retired) return
        expect(withoutMean(registryWith([...history, last]).registry.known)).toEqual(withoutMean(once))
      }),
    )
  })

  it('[MO1] a doubled report does not move the moving average twice', () => {
    const report = reportOf('ann', { ended: endedOf([10, 20]) })
    const once = registryWith([report]).registry.known.meanStreamSeconds
    expect(once).toBe(11)
    expect(registryWith([report, report]).registry.known.meanStreamSeconds).toBe(once)
  })

  it('[MO1] a report whose receipt was lost is told again with what ended since: what ended before counts once', () => {
    const first = reportOf('ann', { at: 1000, ended: endedOf([10, 20]) })
    const again = reportOf('ann', { at: 2000, ended: endedOf([10, 20, 30]) })
    expect(registryWith([first, again]).registry.known.meanStreamSeconds).toBeCloseTo(12.9, 9)
  })

  it('[MO1] the last word of a hub that comes twice is counted once', () => {
    const last = reportOf('ann', { retired: true, totals: totalsOf({ requests: 5 }) })
    expect(registryWith([last, last]).registry.known.retired.requests).toBe(5)
  })

  it('[MO1] a report that was overtaken by a newer one of its life changes nothing', () => {
    const newer = reportOf('ann', { at: 2000, serial: 9, totals: totalsOf({ requests: 5 }), ended: endedOf([3]) })
    const older = reportOf('ann', {
      at: 1000,
      serial: 8,
      totals: totalsOf({ requests: 4 }),
      ended: endedOf([9]),
      running: 1,
    })
    const { registry } = registryWith([newer, older])
    expect(registry.known).toEqual({ reports: [newer], retired: totalsOf(), meanStreamSeconds: 3 })
  })

  it('[MO1] a report of a former life that comes late does not take the place of the present one', () => {
    const former = reportOf('ann', { epoch: 'n1', at: 1000, totals: totalsOf({ requests: 4 }) })
    const present = reportOf('ann', { epoch: 'n2', at: 2000, totals: totalsOf({ requests: 1 }) })
    const late = { ...former, at: 1500 }
    const { known } = registryWith([former, present, late]).registry
    expect(known.reports).toEqual([present])
    expect(known.retired.requests).toBe(4)
  })

  it('[MO1] a report that was overtaken by the last word of its hub does not bring it back', () => {
    const last = reportOf('ann', { at: 2000, retired: true, totals: totalsOf({ requests: 5 }) })
    const late = reportOf('ann', { at: 1000, totals: totalsOf({ requests: 5 }), connections: [connectionOf('s1')] })
    const { known } = registryWith([last, late]).registry
    expect(streamingStats(known, 3000)).toMatchObject({
      sessions: { active_sessions: 0 },
      streams: { total_streams: 5 },
    })
  })

  it('[MO1] what was lost is made good by the next report of its life', () => {
    fc.assert(
      fc.property(historyArb, fc.array(fc.nat(24), { maxLength: 5 }), (history, lost) => {
        const isLast = (report: Report, i: number) => !history.slice(i + 1).some(({ epoch }) => epoch === report.epoch)
        const arrived = history.filter((report, i) => isLast(report, i) || !lost.includes(i))
        expect(withoutMean(registryWith(arrived).registry.known)).toEqual(
          withoutMean(registryWith(history).registry.known),
        )
      }),
    )
  })

  it('[MO1] the moving average is 0.9 of the old and 0.1 of the new, from the first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 20 }), (durations) => {
        const ended = endedOf(durations)
        const mean = durations.slice(1).reduce((old, seconds) => 0.9 * old + 0.1 * seconds, durations[0] ?? 0)
        expect(registryWith([reportOf('ann', { ended })]).registry.known.meanStreamSeconds).toBeCloseTo(mean, 9)
        const apart = ended.map((one, i) => reportOf('ann', { at: 1000 + i, ended: [one] }))
        expect(registryWith(apart).registry.known.meanStreamSeconds).toBeCloseTo(mean, 9)
      }),
    )
    expect(registryWith([]).registry.known.meanStreamSeconds).toBe(0)
  })

  it('[MO3] after a restart at any time everything but the average is as it was', () => {
    fc.assert(
      fc.property(historyArb, fc.nat(25), (history, at) => {
        const { registry, storage } = registryWith(history.slice(0, at))
        const again = new Registry(memoryRows(storage.rows))
        expect(withoutMean(again.known)).toEqual(withoutMean(registry.known))
        for (const report of history.slice(at)) again.take(report)
        const whole = registryWith(history).registry
        expect(withoutMean(again.known)).toEqual(withoutMean(whole.known))
        expect(readerStats(again.known, 9000).connections).toEqual(readerStats(whole.known, 9000).connections)
      }),
    )
  })

  it('[MO3] after a restart the moving average is as it was, though hubs report in one millisecond', () => {
    const reports = [
      reportOf('ann', { ended: endedOf([10]) }),
      reportOf('bob', { ended: endedOf([30]) }),
      reportOf('ann', { ended: endedOf([60]) }),
    ]
    for (const count of [1, 2, 3]) {
      const { registry, storage } = registryWith(reports.slice(0, count))
      expect(new Registry(memoryRows(storage.rows)).known.meanStreamSeconds).toBe(registry.known.meanStreamSeconds)
    }
  })

  it('[MO3] after a restart the moving average is as it was, though the clock of one hub is behind', () => {
    const reports = [
      reportOf('ann', { at: 5000, ended: endedOf([10]) }),
      reportOf('bob', { at: 4000, ended: endedOf([30]) }),
    ]
    const { registry, storage } = registryWith(reports)
    expect(new Registry(memoryRows(storage.rows)).known.meanStreamSeconds).toBe(registry.known.meanStreamSeconds)
  })

  it('[MO3] there is one row for each hub, and one for those that are no more', () => {
    fc.assert(
      fc.property(historyArb, (history) => {
        const { registry, storage } = registryWith(history)
        const expected = registry.known.reports.map(({ hub }) => hub)
        expect([...storage.rows.keys()].filter((key) => key !== 'retired').toSorted()).toEqual(expected.toSorted())
      }),
    )
  })

  it('[MO3] a wiped hub begins anew, and its former totals stay counted', () => {
    const former = reportOf('ann', { epoch: 'n1', at: 1000, totals: totalsOf({ requests: 5, bytes_sent: 70 }) })
    const present = reportOf('ann', { epoch: 'n2', at: 2000, totals: totalsOf({ requests: 1 }) })
    const { known } = registryWith([former, present]).registry
    expect(known.reports).toEqual([present])
    expect(streamingStats(known, 3000).streams).toMatchObject({ total_streams: 6, bytes_streamed: 70 })
  })

  it('[MO3] busy hubs are those with connections or requests', () => {
    const { registry } = registryWith([
      reportOf('ann', { connections: [connectionOf('s1')] }),
      reportOf('bob', { running: 1 }),
      reportOf('cem', { totals: totalsOf({ requests: 1 }) }),
    ])
    expect(registry.busyHubs.toSorted()).toEqual(['user:ann', 'user:bob'])
  })

  it('[MO3] a hub that is forgotten leaves its totals, and nothing that lives', () => {
    const { registry, storage } = registryWith([
      reportOf('ann', { running: 2, connections: [connectionOf('s1')], totals: totalsOf({ requests: 3 }) }),
    ])
    registry.forget('user:nobody')
    registry.forget('user:ann')
    registry.forget('user:ann')
    expect(registry.known).toEqual({ reports: [], retired: totalsOf({ requests: 3 }), meanStreamSeconds: 0 })
    expect(new Registry(memoryRows(storage.rows)).known).toEqual(registry.known)
  })

  it('[LG6] a row that is not what was written is an error', () => {
    for (const value of ['', '{}', 'null', '{"report":{},"mean":0}']) {
      expect(() => new Registry(memoryRows(new Map([['user:ann', value]])))).toThrow()
    }
  })
})
