import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { type Retriable, Retries } from '../../src/hub/retries.ts'

/** As OpenAI's clients wait at the least. */
const BACKOFF_MS = 375
const KEY = 'd6:words'
const FIRST = { retryKey: KEY, isRetry: false }
const RETRY = { retryKey: KEY, isRetry: true }
/** Of a caller who cannot say what it is. */
const MAYBE = { retryKey: KEY }

/** A hub's requests as far as retries are concerned. */
class Requests {
  now = 1_000_000
  readonly rows: (Retriable & { readonly retry_key: string | null })[] = []
  readonly read = new Set<string>()
  readonly retries = new Retries({
    now: () => this.now,
    withKey: (key, since) =>
      this.rows
        .filter(({ retry_key, ended_at }) => retry_key === key && (ended_at === null || ended_at >= since))
        .toReversed(),
    isRead: (id) => this.read.has(id),
  })

  /** What a call gets: the request that it joins, or a new one; its caller is there from then on. */
  call(call: Parameters<Retries['find']>[0]): string {
    const id = this.retries.find(call)?.request_id ?? this.#begin(call.retryKey)
    this.read.add(id)
    return id
  }

  /** @param noticed false: its caller has gone, and still seems to be there */
  leave(id: string, noticed = true): void {
    if (noticed) this.read.delete(id)
  }

  end(id: string): void {
    const i = this.rows.findIndex(({ request_id }) => request_id === id)
    const row = this.rows[i]
    if (row === undefined) throw new Error(id)
    const unseen = this.read.has(id) ? 0 : 1
    this.rows[i] = { ...row, ended_at: this.now, unseen }
    this.read.delete(id)
  }

  #begin(retry_key: string | null): string {
    const request_id = `r${this.rows.length}`
    const start_seq = this.rows.length
    this.rows.push({ request_id, start_seq, started_at: this.now, ended_at: null, retry_key, unseen: 0 })
    return request_id
  }
}

describe('a retry that cannot name its request', () => {
  it('[OA15] joins what was left, running or ended within a minute, and nothing else', () => {
    const hub = new Requests()
    const id = hub.call(FIRST)
    hub.leave(id)
    hub.now += BACKOFF_MS
    expect(hub.retries.find({ retryKey: 'd6:others', isRetry: true })).toBeNull()
    expect(hub.retries.find({ retryKey: null, isRetry: true })).toBeNull()
    expect(hub.call(RETRY)).toBe(id)
    hub.leave(id)
    hub.end(id)
    hub.now += LIMITS.retryJoinMs
    expect(hub.retries.find(RETRY)?.request_id).toBe(id)
    hub.now += 1
    expect(hub.retries.find(RETRY)).toBeNull()
  })

  it('[OA15] joins what seems to be read, since its first try may have gone unnoticed, if nothing was left', () => {
    const hub = new Requests()
    const [unnoticed, other] = [hub.call(FIRST), hub.call(FIRST)]
    hub.now += BACKOFF_MS
    hub.leave(unnoticed)
    expect(hub.call(RETRY)).toBe(unnoticed)
    hub.now += BACKOFF_MS
    expect([unnoticed, other]).toContain(hub.call(RETRY))
    expect(hub.rows).toHaveLength(2)
  })

  it('[OA15] joins what was told a moment ago: the answer may have been lost on its way', () => {
    const hub = new Requests()
    const id = hub.call(FIRST)
    hub.now += BACKOFF_MS
    hub.end(id)
    hub.now += LIMITS.retryToldMs - 1
    expect(hub.retries.find(RETRY)?.request_id).toBe(id)
    hub.now += 1
    expect(hub.retries.find(RETRY)).toBeNull()
  })

  it('[OA15] a first try never joins; one who cannot say what it is joins only what nobody reads or saw', () => {
    const hub = new Requests()
    const id = hub.call(FIRST)
    hub.now += BACKOFF_MS
    expect(hub.retries.find(MAYBE)).toBeNull()
    hub.leave(id)
    expect(hub.retries.find(FIRST)).toBeNull()
    expect(hub.retries.find(MAYBE)?.request_id).toBe(id)
    // Also at once: an EventSource that is made anew does not wait.
    const next = hub.call({ retryKey: 'd3:words' })
    hub.leave(next)
    expect(hub.retries.find({ retryKey: 'd3:words' })?.request_id).toBe(next)
    hub.call(MAYBE)
    hub.end(id)
    hub.now += 1
    expect(hub.retries.find(MAYBE)).toBeNull()
  })

  it('[OA15] one that was refused was never begun: it is, then, and each refusal counts once, for a minute', () => {
    const hub = new Requests()
    hub.call(FIRST)
    hub.retries.refused(FIRST)
    hub.now += BACKOFF_MS
    hub.retries.refused(FIRST)
    hub.retries.refused({ retryKey: null })
    hub.now += BACKOFF_MS
    expect([hub.retries.find(RETRY), hub.retries.find(RETRY)]).toEqual([null, null])
    expect(hub.retries.find(RETRY)).not.toBeNull()
    hub.now += BACKOFF_MS
    hub.retries.refused(FIRST)
    hub.now += LIMITS.retryJoinMs
    expect(hub.retries.find(RETRY)).not.toBeNull()
  })

  it('[GE11][OA15] however many with the same words are torn or refused, each gets one generation of its own', () => {
    const callArb = fc.record({
      fate: fc.constantFrom('answered', 'torn', 'unnoticed', 'refused'),
      /** ms after the tear, within what separates the retries of one client. */
      late: fc.integer({ min: 0, max: LIMITS.retryClaimMs - 1 }),
    })
    fc.assert(
      fc.property(fc.array(callArb, { minLength: 1, maxLength: 8 }), (calls) => {
        const hub = new Requests()
        const kept = new Set<string>()
        for (const { fate } of calls) {
          if (fate === 'refused') hub.retries.refused(FIRST)
          else {
            const id = hub.call(FIRST)
            hub.leave(id, fate === 'torn')
            if (fate === 'answered') kept.add(id)
          }
        }
        expect(hub.rows).toHaveLength(calls.filter(({ fate }) => fate !== 'refused').length)
        const torn = hub.now + BACKOFF_MS
        const again = calls.filter(({ fate }) => fate !== 'answered').toSorted((a, b) => a.late - b.late)
        const got = again.map(({ late }) => {
          hub.now = torn + late
          return hub.call(RETRY)
        })
        // Nothing ran twice, and nobody who tried again has another's answer.
        expect(hub.rows).toHaveLength(calls.length)
        expect(new Set(got).size).toBe(got.length)
        // As long as every tear is noticed, nor has anybody who did not.
        if (!calls.some(({ fate }) => fate === 'unnoticed')) expect(got.filter((id) => kept.has(id))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
