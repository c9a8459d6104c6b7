import { describe, expect, it } from 'vitest'
import { eventsAfter } from '../../src/core/log.ts'
import { MemoryLog } from '../../src/core/memory-log.ts'
import { type Arrival, playArrivals } from '../support/flush-clock.ts'
import { FINISH, generationOf } from '../support/generated-log.ts'

const ANSWER: readonly Arrival[] = Array.from({ length: 400 }, (_, i) => ({ at: 50_000 + i * 10, delta: `w${i} ` }))
const TEXT = ANSWER.map(({ delta }) => delta).join('')

/** Plays an answer into a log. @returns how often it was appended to while the answer came, and the log's texts */
function write(arrivals: readonly Arrival[], watched: boolean, granularity: 'chunk' | 'token' = 'chunk') {
  const log = new MemoryLog('n0')
  const generation = generationOf({ granularity })
  log.append(generation.begin(arrivals[0]?.at ?? 0, 'embedded'))
  let appends = 0
  playArrivals(arrivals, watched, {
    add: (delta) => generation.add(delta),
    dueAt: (is) => generation.flushDueAt(is),
    flush: (now) => {
      if (log.append(generation.flush(now)).length > 0) appends += 1
    },
  })
  log.append(generation.complete(arrivals.at(-1)?.at ?? 0, FINISH))
  const texts = [...eventsAfter(log, 0, { events: 10, bytes: 1000 })].flatMap(({ event }) =>
    event.type === 'chunk' || event.type === 'token' ? [event.data.chunk] : [],
  )
  return { appends, texts }
}

describe('rows of an answer of 400 tokens over 4 s', () => {
  it('[GA7] watched, it is appended at most 50 times', () => {
    const { appends, texts } = write(ANSWER, true)
    expect(appends).toBeLessThanOrEqual(50)
    expect(appends).toBeGreaterThanOrEqual(40)
    expect(texts.join('')).toBe(TEXT)
  })

  it('[GA7] unwatched, at most 6 times', () => {
    const { appends, texts } = write(ANSWER, false)
    expect(appends).toBeLessThanOrEqual(6)
    expect(texts.join('')).toBe(TEXT)
  })

  it('[GA7] token by token it takes no more rows, though an event for each', () => {
    const { appends, texts } = write(ANSWER, true, 'token')
    expect(appends).toBeLessThanOrEqual(50)
    expect(texts).toHaveLength(400)
  })

  it('[GA7] all of it at one time takes a row for each bound that is reached', () => {
    const { appends, texts } = write(
      ANSWER.map(({ delta }) => ({ at: 50_000, delta })),
      false,
    )
    expect(appends).toBeLessThanOrEqual(3)
    expect(texts.join('')).toBe(TEXT)
  })
})
