import type { LogEvent, Numbered } from './events.ts'
import { type EventLog, erased, type LogBounds, type PageSize } from './log.ts'

interface Row {
  readonly lastSeq: number
  readonly events: readonly LogEvent[]
  readonly at: number
}

/** The log in memory: the reference for the suite, and for tests that need no storage. */
export class MemoryLog implements EventLog {
  readonly #epoch: string
  #old: Row[] = []
  #young: Row[] = []
  #lastSeq = 0

  constructor(epoch: string) {
    this.#epoch = epoch
  }

  bounds(): LogBounds {
    const first = this.#rows()[0]
    return {
      epoch: this.#epoch,
      firstSeq: first === undefined ? this.#lastSeq + 1 : first.lastSeq - first.events.length + 1,
      lastSeq: this.#lastSeq,
    }
  }

  append(events: readonly LogEvent[]): readonly Numbered[] {
    const last = events.at(-1)
    if (last === undefined) return []
    const from = this.#lastSeq + 1
    this.#lastSeq += events.length
    this.#young.push({ lastSeq: this.#lastSeq, events: [...events], at: last.at })
    return events.map((event, i) => ({ seq: from + i, event }))
  }

  after(seq: number, page: PageSize): readonly Numbered[] {
    const out: Numbered[] = []
    let bytes = 0
    for (const row of this.#rows()) {
      if (row.lastSeq <= seq) continue
      if (out.length > 0 && (out.length >= page.events || bytes >= page.bytes)) break
      const from = row.lastSeq - row.events.length + 1
      for (const [i, event] of row.events.entries()) if (from + i > seq) out.push({ seq: from + i, event })
      bytes += JSON.stringify(row.events).length
    }
    return out
  }

  erase(conversationId: string): number {
    let count = 0
    const clean = (row: Row): Row => ({
      ...row,
      events: row.events.map((event) => {
        if (event.conversation_id !== conversationId) return event
        count += 1
        return erased(event)
      }),
    })
    this.#old = this.#old.map(clean)
    this.#young = this.#young.map(clean)
    return count
  }

  rotate(before: number): boolean {
    const oldEnd = this.#old.at(-1)
    if (oldEnd !== undefined && oldEnd.at > before) return false
    const first = this.#young[0]
    if (oldEnd === undefined && (first === undefined || first.at > before)) return false
    this.#old = this.#young
    this.#young = []
    return true
  }

  nextRotation(retentionMs: number): number | null {
    const at = this.#old.at(-1)?.at ?? this.#young[0]?.at
    return at === undefined ? null : at + retentionMs
  }

  #rows(): readonly Row[] {
    return [...this.#old, ...this.#young]
  }
}
