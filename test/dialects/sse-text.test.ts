import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SseFields, sseComment, sseEvent, sseRetry } from '../../src/dialects/sse-text.ts'
import { anyText } from '../support/any-text.ts'
import { cutBytes, eventsOf, parseStream } from '../support/event-stream.ts'

/** Text that tries to break out: line breaks of all kinds, colons, field names, spaces, what UTF-8 makes long. */
const textArb = fc
  .array(
    fc.oneof(
      anyText({ maxLength: 5 }),
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        ' ',
        ':',
        'data: x',
        'id: 7',
        'event: y',
        'retry: 1',
        '\ufeff',
        '\0',
        '🌊',
        '\u2028',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

const fieldsArb: fc.Arbitrary<SseFields> = fc.record({
  id: fc.option(textArb, { nil: undefined }),
  event: fc.option(textArb, { nil: undefined }),
  data: textArb,
})

/** Line ends of Unicode go as JSON's escapes. */
function escapedLines(text: string): string {
  return text.replaceAll('\u0085', '\\u0085').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/** What a reader sees of a value that stands on one line. */
function line(text: string): string {
  return text.replaceAll(/[\r\n\0]/g, '')
}

describe('event stream text', () => {
  it('[SB1] any events, cut into any pieces of bytes, come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(fieldsArb, { maxLength: 6 }), fc.array(fc.nat(2000), { maxLength: 30 }), (all, places) => {
        const text = all.map((fields) => sseEvent(fields)).join('')
        const { events, comments, retries } = parseStream(cutBytes(text, places))
        expect(events).toHaveLength(all.length)
        for (const [i, { id, event, data }] of all.entries()) {
          expect(events[i]?.data).toBe(escapedLines(data).replaceAll(/\r\n|\r/g, '\n'))
          expect(events[i]?.event ?? '').toBe(line(event ?? ''))
          expect(events[i]?.id).toBe(id === undefined ? undefined : line(id))
        }
        expect({ comments, retries }).toEqual({ comments: [], retries: [] })
      }),
      { numRuns: 300 },
    )
  })

  it('[SB1] a reader that breaks lines where Python does gets whole lines too', () => {
    fc.assert(
      fc.property(textArb, (text) => {
        const wire = sseEvent({ data: JSON.stringify({ text: `${text}\u0085\u2028\u2029` }) })
        const lines = wire.split(/\r\n|[\n\r\u0085\u2028\u2029]/)
        expect(lines).toHaveLength(3)
        expect(JSON.parse(lines[0]?.slice('data: '.length) ?? '')).toEqual({ text: `${text}\u0085\u2028\u2029` })
      }),
    )
  })

  it('[SB1] cut at every byte, an event comes out whole', () => {
    const text = sseEvent({ id: 'n0-1', event: 'chunk', data: '{"chunk":"é🌊€"}\nand more' })
    const { length } = new TextEncoder().encode(text)
    const pieces = cutBytes(
      text,
      Array.from({ length }, (_, i) => i),
    )
    expect(pieces.length).toBeGreaterThanOrEqual(length)
    expect(parseStream(pieces).events).toEqual([{ id: 'n0-1', event: 'chunk', data: '{"chunk":"é🌊€"}\nand more' }])
  })

  it('[SB1] every line but the blank one at the end is one of the fields that were given', () => {
    fc.assert(
      fc.property(fieldsArb, (fields) => {
        const text = sseEvent(fields)
        expect(text.endsWith('\n\n')).toBe(true)
        const names = text
          .slice(0, -2)
          .split(/\r\n|\r|\n/)
          .map((one) => one.slice(0, one.indexOf(': ')))
        const data = fields.data.split(/\r\n|\r|\n/).map(() => 'data')
        const expected = [
          fields.id === undefined ? [] : ['id'],
          fields.event === undefined ? [] : ['event'],
          data,
        ].flat()
        expect(names).toEqual(expected)
      }),
    )
  })

  it('[SB1] the text is as the standard writes it', () => {
    expect(sseEvent({ data: 'x' })).toBe('data: x\n\n')
    expect(sseEvent({ id: 'n0-7', event: 'chunk', data: 'a\nb' })).toBe('id: n0-7\nevent: chunk\ndata: a\ndata: b\n\n')
    expect(sseEvent({ data: '' })).toBe('data: \n\n')
    expect(eventsOf(sseEvent({ data: '' }))).toEqual([{ data: '' }])
  })

  it('[SB2] a comment is seen by nobody, whatever is in it, and leaves the events around it alone', () => {
    fc.assert(
      fc.property(textArb, fieldsArb, (words, fields) => {
        const around = sseEvent(fields)
        const { events, comments } = parseStream(cutBytes(around + sseComment(words) + around, []))
        expect(events).toHaveLength(2)
        expect(events[1]).toEqual(events[0])
        expect(comments).toHaveLength(1)
      }),
    )
    expect(sseComment('open')).toBe(': open\n\n')
  })

  it('[SB5] the time to wait before a reconnect is told', () => {
    expect(parseStream(cutBytes(sseRetry(2000), []))).toEqual({ events: [], comments: [], retries: [2000] })
  })
})
