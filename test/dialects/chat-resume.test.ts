import type { EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compactOf } from '../../src/core/compact.ts'
import { chatEvents } from '../../src/dialects/chat-events.ts'
import { chatTurns } from '../../src/dialects/chat-turns.ts'
import { cutBytes, eventsOf, parseStream } from '../support/event-stream.ts'
import { generatedLogArb } from '../support/generated-log.ts'
import { hostileLines } from './golden/hostile-events.ts'
import { type Line, logs, OPTIONS, piecesOf } from './golden/transcripts.ts'

const DIALECTS = [chatEvents, chatTurns]
const linesArb = fc.oneof(hostileLines, fc.constantFrom(...logs().values()))

/** The events up to the last one with an id: a client that is cut goes on after them. */
function settled(events: readonly EventSourceMessage[]): readonly EventSourceMessage[] {
  return events.slice(0, events.findLastIndex(({ id }) => id !== undefined) + 1)
}

/** The answer's text as a client of either dialect puts it together. */
function textOf(events: readonly EventSourceMessage[]): string {
  return events
    .map(({ data }): { content?: string; text?: string } => JSON.parse(data))
    .map(({ content, text }) => content ?? text ?? '')
    .join('')
}

describe.each(DIALECTS)('a stream of $name', (dialect) => {
  /** @param before what the reader has already: a writer that needs it is reminded of it (DI11) */
  const eventsOfLines = (lines: readonly Line[], before: readonly Line[] = []) =>
    eventsOf(piecesOf(dialect, lines, OPTIONS.model, before).join(''))

  it('[DI7] cut at any byte and resumed after the last id that was seen, it is the whole stream', () => {
    fc.assert(
      fc.property(linesArb, fc.nat(20_000), (lines, place) => {
        const [before = new Uint8Array()] = cutBytes(piecesOf(dialect, lines).join(''), [place])
        const seen = settled(parseStream([before]).events)
        const cursor = lines.findIndex(({ id }) => id === seen.at(-1)?.id)
        expect([...seen, ...eventsOfLines(lines.slice(cursor + 1), lines.slice(0, cursor + 1))]).toEqual(
          eventsOfLines(lines),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('[DI7][DI11] an encoder writes of an event the same, whether it wrote what was before or was reminded of it', () => {
    fc.assert(
      fc.property(linesArb, fc.nat(10), (lines, cut) => {
        const rest = piecesOf(dialect, lines.slice(cut), OPTIONS.model, lines.slice(0, cut))
        expect(rest).toEqual(piecesOf(dialect, lines).slice(cut))
      }),
    )
  })

  it.each([...logs()])('[DI2] the last id is that of the end, which is answered with 204: %s', (_, lines) => {
    expect(eventsOfLines(lines).at(-1)?.id).toBe(lines.at(-1)?.id)
  })

  it('[DI3] the compacted log tells the same text', () => {
    fc.assert(
      fc.property(generatedLogArb, (log) => {
        const one = log.filter(({ event }) => event.request_id === 'r0')
        const lines = (events: typeof one) => events.map(({ seq, event }) => ({ id: `n0-${seq}`, event }))
        const whole = eventsOfLines(lines(one))
        const compact = eventsOfLines(lines([...compactOf(one).events()]))
        expect(textOf(compact)).toBe(textOf(whole))
        expect(compact.length).toBeLessThanOrEqual(whole.length)
      }),
    )
  })
})
