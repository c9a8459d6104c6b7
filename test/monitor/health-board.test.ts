import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { healthSnapshotSchema } from '../../src/core/health.ts'
import { HealthBoard } from '../../src/monitor/health-board.ts'
import { attemptArb, attemptOf } from '../support/attempts.ts'
import { Boards } from '../support/boards.ts'
import { memoryRows } from '../support/reports.ts'

const NOW = 1_000_000

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
})

afterEach(() => {
  vi.useRealTimers()
})

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

/** The breaker as the rule says it, without the library. */
class Model {
  failures = 0
  /** How often it has opened in a row; 0: closed. */
  opened = 0
  openedAt = 0
  probeUntil = 0

  state(): 'closed' | 'open' | 'half_open' {
    if (this.opened === 0) return 'closed'
    const openFor = Math.min(60_000, 5000 * 2 ** (this.opened - 1))
    return Date.now() - this.openedAt >= openFor ? 'half_open' : 'open'
  }

  take(failed: boolean): void {
    this.probeUntil = 0
    const state = this.state()
    if (state === 'open') return
    this.failures = failed ? this.failures + 1 : 0
    if (!failed) this.opened = 0
    else if (state === 'half_open' || this.failures >= 3) {
      this.opened += 1
      this.openedAt = Date.now()
    }
  }

  ask(): boolean {
    if (this.state() !== 'half_open' || this.probeUntil > Date.now()) return false
    this.probeUntil = Date.now() + 60_000
    return true
  }
}

describe('the breaker of a provider', () => {
  it('[HE3] opens after three failures in a row', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'ok', 'failed', 'failed')
    expect(boards.look()).toMatchObject({ state: 'closed', probe: false })
    await boards.record('failed')
    expect(boards.look()).toMatchObject({ state: 'open', grade: 'F' })
    expect(boards.ask()).toMatchObject({ state: 'open', probe: false })
  })

  it('[HE3] after 5 s gives one probe among all who ask, and none to those who only look', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'failed')
    later(4999)
    expect(boards.ask()).toMatchObject({ state: 'open', probe: false })
    later(1)
    expect(boards.look()).toMatchObject({ state: 'half_open', probe: false })
    const given = Array.from({ length: 50 }, () => boards.ask())
    expect(given.map(({ probe }) => probe)).toEqual([true, ...Array(49).fill(false)])
    for (const { state } of given) expect(state).toBe('half_open')
  })

  it('[HE3] a probe that never comes back is given anew after 60 s', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'failed')
    later(5000)
    expect(boards.ask().probe).toBe(true)
    later(59_999)
    expect(boards.ask().probe).toBe(false)
    later(1)
    expect(boards.ask().probe).toBe(true)
    expect(boards.ask().probe).toBe(false)
  })

  it('[HE3] closes when the probe succeeds, and then needs three failures again', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'failed')
    later(5000)
    boards.ask()
    await boards.record('ok')
    expect(boards.ask()).toMatchObject({ state: 'closed', probe: false })
    await boards.record('failed', 'failed')
    expect(boards.look().state).toBe('closed')
    await boards.record('failed')
    later(4999)
    expect(boards.look().state).toBe('open')
    later(1)
    expect(boards.ask()).toMatchObject({ state: 'half_open', probe: true })
  })

  it('[HE3] opens again for twice as long with each probe that fails, up to 60 s', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'failed')
    for (const openFor of [5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]) {
      later(openFor - 1)
      expect(boards.look().state).toBe('open')
      later(1)
      expect(boards.ask()).toMatchObject({ state: 'half_open', probe: true })
      await boards.record('failed')
      expect(boards.look().state).toBe('open')
    }
  })

  it('[HE3] what was asked before it opened, and answers while it is open, does not close it', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'failed', 'ok', 'ok')
    expect(boards.look().state).toBe('open')
    later(5000)
    expect(boards.ask().probe).toBe(true)
  })

  it('[HE1] a rate limit moves it in no state, and is told until its time', async () => {
    const busy = () =>
      boards.board.record([
        attemptOf('ann', { outcome: 'rate_limited', at: Date.now(), busy_until: Date.now() + 7000 }),
      ])
    const boards = new Boards()
    await boards.record('failed', 'failed')
    await busy()
    await busy()
    expect(boards.look()).toMatchObject({ state: 'closed', samples: 2, busy_until: NOW + 7000 })
    await boards.record('failed')
    await busy()
    expect(boards.look().state).toBe('open')
    later(5000)
    expect(boards.ask().probe).toBe(true)
    await boards.record('rate_limited')
    expect(boards.ask()).toMatchObject({ state: 'half_open', probe: false })
    later(1999)
    expect(boards.look().busy_until).toBe(NOW + 7000)
    later(1)
    expect(boards.look().busy_until).toBeNull()
  })

  it('[HE3] however outcomes, questions, pauses and restarts fall, it is as the rule says', async () => {
    const actArb = fc.oneof(
      { arbitrary: fc.constantFrom('failed', 'failed', 'ok', 'rate_limited', 'ask', 'ask', 'restart'), weight: 5 },
      { arbitrary: fc.oneof(fc.constantFrom(1, 5000, 10_000, 60_000), fc.nat(70_000)), weight: 2 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(actArb, { maxLength: 50 }), async (acts) => {
        const boards = new Boards()
        const model = new Model()
        await boards.record('ok')
        for (const act of acts) {
          if (typeof act === 'number') later(act)
          else if (act === 'ask') expect(boards.ask().probe).toBe(model.ask())
          else if (act === 'restart') {
            boards.restart()
            // To whom the probe was given is not stored: it is given anew.
            model.probeUntil = 0
          } else {
            await boards.record(act === 'failed' || act === 'ok' ? act : 'rate_limited')
            if (act !== 'rate_limited') model.take(act === 'failed')
          }
          expect(boards.look()).toMatchObject({ state: model.state(), probe: false })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('[HE3] outcomes that are told at the same time count like those told one after the other', async () => {
    const boards = new Boards()
    await Promise.all([boards.record('failed'), boards.record('failed'), boards.record('failed')])
    expect(boards.look().state).toBe('open')
    boards.restart()
    expect(boards.look().state).toBe('open')
    later(5000)
    boards.ask()
    await Promise.all([boards.record('ok'), boards.record('ok'), boards.record('failed')])
    expect(boards.look().state).toBe('closed')
  })

  it('[HE3] providers do not touch each other', async () => {
    const boards = new Boards()
    await boards.record('failed', 'failed', 'failed')
    await boards.board.record([attemptOf('bob', { at: NOW }), attemptOf('cem', { at: NOW, outcome: 'failed' })])
    later(5000)
    const { providers } = boards.board.snapshot(Date.now(), true)
    expect(providers).toMatchObject({
      ann: { state: 'half_open', probe: true, success_rate: 0 },
      bob: { state: 'closed', probe: false, success_rate: 1 },
      cem: { state: 'closed', probe: false, success_rate: 0 },
    })
  })
})

describe('what the board knows', () => {
  it('[HE1] is nothing of nobody, and of each provider what its window says', async () => {
    const boards = new Boards()
    expect(boards.board.snapshot(NOW, true)).toEqual({ at: NOW, providers: {} })
    await boards.board.record([
      attemptOf('ann', { at: NOW, first_token_ms: 100, total_ms: 900 }),
      attemptOf('ann', { at: NOW, outcome: 'failed', first_token_ms: null, total_ms: 9000 }),
    ])
    expect(boards.look()).toEqual({
      state: 'closed',
      probe: false,
      busy_until: null,
      samples: 2,
      success_rate: 0.5,
      first_token_ms: 100,
      total_ms: 900,
      grade: 'F',
    })
    expect(healthSnapshotSchema.safeParse(boards.board.snapshot(NOW, true)).success).toBe(true)
  })

  it('[HE1] forgets attempts after five minutes, and more than 200 of them, but not that a provider is down', async () => {
    const boards = new Boards()
    await boards.record(...Array.from({ length: 100 }, () => 'failed' as const))
    await boards.board.record(Array.from({ length: 150 }, () => attemptOf('ann', { at: NOW })))
    expect(boards.look()).toMatchObject({ samples: 200, success_rate: 0.75, state: 'open' })
    later(300_000)
    expect(boards.look().samples).toBe(200)
    later(1)
    expect(boards.look()).toMatchObject({ samples: 0, success_rate: 1, first_token_ms: null, state: 'half_open' })
  })

  it('[MO3] survives a restart, time that passes meanwhile included', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ attempt: attemptArb, after: fc.nat(20_000) }), { minLength: 1, maxLength: 40 }),
        fc.nat(400_000),
        async (steps, pause) => {
          const boards = new Boards()
          for (const { attempt, after } of steps) {
            later(after)
            const busy_until = attempt.outcome === 'rate_limited' ? Date.now() + 30_000 : null
            await boards.board.record([{ ...attempt, at: Date.now(), busy_until }])
          }
          const before = boards.board
          boards.restart()
          later(pause)
          expect(boards.board).not.toBe(before)
          expect(boards.board.snapshot(Date.now(), false)).toEqual(before.snapshot(Date.now(), false))
        },
      ),
    )
  })

  it('[MO3] costs a row for each provider among the attempts of a report, and none for nothing', async () => {
    let puts = 0
    const storage = memoryRows()
    const board = new HealthBoard({
      all: () => storage.all(),
      put: (key, value) => {
        puts += 1
        storage.put(key, value)
      },
    })
    await board.record([])
    expect(puts).toBe(0)
    await board.record([attemptOf('ann'), attemptOf('bob'), attemptOf('ann'), attemptOf('ann', { outcome: 'failed' })])
    expect(puts).toBe(2)
    expect([...storage.rows.keys()]).toEqual(['provider:ann', 'provider:bob'])
    await board.record(Array.from({ length: 500 }, () => attemptOf('ann')))
    expect((storage.rows.get('provider:ann') ?? '').length).toBeLessThan(10_000)
  })

  it('[LG6] rows of others are left alone, and one that is not what was written is an error', () => {
    const rows = new Map([['user:ann', 'whatever']])
    expect(new HealthBoard(memoryRows(rows)).snapshot(NOW, true).providers).toEqual({})
    for (const value of ['', '{}', '{"attempts":[{}],"breaker":{}}']) {
      expect(() => new HealthBoard(memoryRows(new Map([['provider:ann', value]])))).toThrow()
    }
  })

  it.each<[string, (boards: Boards) => Promise<void>]>([
    [
      'something else was tried after more than five minutes',
      async (boards) => {
        later(310_000)
        await boards.record('failed')
      },
    ],
    [
      '200 other attempts came to their end',
      (boards) => boards.record(...Array.from({ length: 200 }, () => 'ok' as const)),
    ],
    [
      '40 other attempts came to their end, and the monitor was restarted',
      async (boards) => {
        await boards.record(...Array.from({ length: 40 }, () => 'ok' as const))
        boards.restart()
      },
    ],
  ])('[HE1] a rate limit has its own time, of an hour too, though %s', async (_, then) => {
    const boards = new Boards()
    await boards.board.record([attemptOf('ann', { at: NOW, outcome: 'rate_limited', busy_until: NOW + 3_600_000 })])
    expect(boards.look().busy_until).toBe(NOW + 3_600_000)
    await then(boards)
    expect(boards.look().busy_until).toBe(NOW + 3_600_000)
  })

  it('[HE1] the longest rate limit counts, whichever was told last', async () => {
    const boards = new Boards()
    const limited = (ms: number | null) =>
      attemptOf('ann', { at: NOW, outcome: 'rate_limited', busy_until: ms === null ? null : NOW + ms })
    await boards.board.record([limited(9000), limited(2000), limited(null)])
    expect(boards.look().busy_until).toBe(NOW + 9000)
  })
})
