import type { LogEvent, Numbered } from './events.ts'

interface Text {
  readonly pieces: string[]
  last: Extract<LogEvent, { type: 'chunk' | 'token' }>
}

interface Entry {
  seq: number
  readonly event: LogEvent
  readonly text: Text | null
}

/**
 * A request's log with neighbouring text made one: its start, a delta for each stretch of text, tool calls and their
 * results, its end. What it holds and what it costs to send grows with the parts of the answer, not with its tokens
 * (RS9). Each event has the number of the last one that it stands for, so a cut between two resumes exactly.
 */
export class CompactLog {
  readonly #entries: Entry[] = []

  /** Adds the request's next event. */
  add({ seq, event }: Numbered): void {
    const last = this.#entries.at(-1)
    switch (event.type) {
      case 'chunk':
      case 'token':
        if (last?.text) {
          last.text.pieces.push(event.data.chunk)
          last.text.last = event
          last.seq = seq
        } else this.#entries.push({ seq, event, text: { pieces: [event.data.chunk], last: event } })
        return
      case 'progress':
        // Nobody needs to be told again how far it was; the text around it stays one.
        if (last !== undefined) last.seq = seq
        return
      default:
        this.#entries.push({ seq, event, text: null })
    }
  }

  /** The events, oldest first. */
  events(): readonly Numbered[] {
    return this.#entries.map(({ seq, event, text }) => {
      if (text === null) return { seq, event }
      if (text.pieces.length > 1) text.pieces.splice(0, text.pieces.length, text.pieces.join(''))
      const { last } = text
      return { seq, event: { ...last, data: { ...last.data, chunk: text.pieces[0] ?? '' } } }
    })
  }
}

/** The compacted form of a request's events. */
export function compactOf(events: Iterable<Numbered>): CompactLog {
  const compact = new CompactLog()
  for (const numbered of events) compact.add(numbered)
  return compact
}
