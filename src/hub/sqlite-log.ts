import * as z from 'zod'
import { type LogEvent, logEventSchema, type Numbered } from '../core/events.ts'
import { type EventLog, erased, type LogBounds, LogCorrupt, type PageSize, RowTooLarge } from '../core/log.ts'
import { utf8Length } from '../core/utf8.ts'
import { segmentTable } from './schema.ts'
import type { Sql } from './sql.ts'

const rowSchema = z.object({ last_seq: z.number(), first_seq: z.number(), at: z.number(), body: z.string() })
const bodySchema = z.array(logEventSchema)
/** Rows read at a time; a page is seldom more. */
const PORTION_ROWS = 32
/** A row's text at most where it can be divided, characters: SQLite's rows end at 2 MB, and a character is up to three bytes. */
const ROW_CHARS = 600_000
/** A row's text at most, bytes, with room for its numbers. workerd alone takes 5 MB, so here is who notices. */
const ROW_BYTES = 1_999_900
const headSchema = z.object({ epoch: z.string(), young: z.union([z.literal(0), z.literal(1)]), base_seq: z.number() })

/** The log in the object's SQLite: two segment tables that take turns (SPEC LG). */
export class SqliteLog implements EventLog {
  readonly #sql: Sql
  readonly #epoch: string
  #young: 0 | 1
  #firstSeq: number
  #lastSeq: number

  /** @throws LogCorrupt when the hub's own row is not there or not whole. */
  constructor(sql: Sql) {
    this.#sql = sql
    const head = headSchema.safeParse(sql.run('SELECT epoch, young, base_seq FROM hub WHERE id = 1')[0])
    if (!head.success) throw new LogCorrupt('the hub row cannot be read')
    this.#epoch = head.data.epoch
    this.#young = head.data.young
    this.#lastSeq = Math.max(head.data.base_seq, this.#edge(0, 'last_seq') ?? 0, this.#edge(1, 'last_seq') ?? 0)
    this.#firstSeq = this.#oldest() ?? this.#lastSeq + 1
  }

  bounds(): LogBounds {
    return { epoch: this.#epoch, firstSeq: this.#firstSeq, lastSeq: this.#lastSeq }
  }

  append(events: readonly LogEvent[]): readonly Numbered[] {
    const rows = rowsOf(events)
    const first = this.#lastSeq + 1
    if (rows.length > 1) this.#sql.transaction(() => this.#insert(rows))
    else this.#insert(rows)
    this.#lastSeq += events.length
    return events.map((event, i) => ({ seq: first + i, event }))
  }

  #insert(rows: readonly NewRow[]): void {
    let lastSeq = this.#lastSeq
    for (const { count, at, body } of rows) {
      const first = lastSeq + 1
      lastSeq += count
      this.#sql.run(`INSERT INTO log_${this.#young} VALUES (?, ?, ?, ?)`, lastSeq, first, at, body)
    }
  }

  after(seq: number, page: PageSize): readonly Numbered[] {
    const out: Numbered[] = []
    let bytes = 0
    for (const segment of [this.#old, this.#young] as const) {
      for (const row of this.#rowsAfter(segment, seq)) {
        if (out.length > 0 && (out.length >= page.events || bytes >= page.bytes)) return out
        for (const [i, event] of parseBody(row.body, row.last_seq).entries()) {
          if (row.first_seq + i > seq) out.push({ seq: row.first_seq + i, event })
        }
        bytes += row.body.length
      }
    }
    return out
  }

  /** Rows in portions, each read to its end: a cursor that is left open locks its table against being dropped. */
  *#rowsAfter(segment: 0 | 1, seq: number): Generator<z.infer<typeof rowSchema>> {
    const statement = `SELECT * FROM log_${segment} WHERE last_seq > ? ORDER BY last_seq LIMIT ${PORTION_ROWS}`
    for (let at = seq; ; ) {
      const rows = this.#sql.run(statement, at).map((row) => rowSchema.parse(row))
      yield* rows
      const last = rows.at(-1)
      if (last === undefined || rows.length < PORTION_ROWS) return
      at = last.last_seq
    }
  }

  erase(conversationId: string): number {
    let count = 0
    for (const segment of [0, 1] as const) {
      // The row's text is looked through by SQLite: only rows that have to be written anew are parsed.
      const named = JSON.stringify({ conversation_id: conversationId }).slice(1, -1)
      const keys = this.#sql.run(`SELECT last_seq FROM log_${segment} WHERE instr(body, ?) > 0`, named)
      for (const key of keys) {
        const raw = this.#sql.run(`SELECT * FROM log_${segment} WHERE last_seq = ?`, Number(key['last_seq']))[0]
        const row = rowSchema.parse(raw)
        const events = parseBody(row.body, row.last_seq).map((event) => {
          if (event.conversation_id !== conversationId) return event
          count += 1
          return erased(event)
        })
        const body = JSON.stringify(events)
        this.#sql.run(`UPDATE log_${segment} SET body = ? WHERE last_seq = ?`, body, row.last_seq)
      }
    }
    return count
  }

  rotate(before: number): boolean {
    const oldest = this.#edge(this.#old, 'at')
    if (oldest !== null) {
      if (oldest > before) return false
    } else {
      const first = this.#firstAt(this.#young)
      if (first === null || first > before) return false
    }
    const dropped = this.#old
    this.#sql.transaction(() => {
      this.#sql.run(`DROP TABLE log_${dropped}`)
      this.#sql.run(segmentTable(dropped))
      this.#sql.run('UPDATE hub SET young = ?, base_seq = ? WHERE id = 1', dropped, this.#lastSeq)
    })
    this.#young = dropped
    this.#firstSeq = this.#oldest() ?? this.#lastSeq + 1
    return true
  }

  nextRotation(retentionMs: number): number | null {
    const at = this.#edge(this.#old, 'at') ?? this.#firstAt(this.#young)
    return at === null ? null : at + retentionMs
  }

  get #old(): 0 | 1 {
    return this.#young === 0 ? 1 : 0
  }

  /** A column of a segment's newest row. */
  #edge(segment: 0 | 1, column: 'last_seq' | 'at'): number | null {
    return numberIn(this.#sql.run(`SELECT ${column} v FROM log_${segment} ORDER BY last_seq DESC LIMIT 1`)[0])
  }

  #firstAt(segment: 0 | 1): number | null {
    return numberIn(this.#sql.run(`SELECT at v FROM log_${segment} ORDER BY last_seq LIMIT 1`)[0])
  }

  /** The number of the oldest event kept. */
  #oldest(): number | null {
    for (const segment of [this.#old, this.#young]) {
      const first = numberIn(this.#sql.run(`SELECT first_seq v FROM log_${segment} ORDER BY last_seq LIMIT 1`)[0])
      if (first !== null) return first
    }
    return null
  }
}

interface NewRow {
  readonly count: number
  readonly at: number
  readonly body: string
}

/** Events as the rows that they fit: one, or halves of halves. @throws RowTooLarge for an event that fits none (LG7) */
function rowsOf(events: readonly LogEvent[]): readonly NewRow[] {
  const last = events.at(-1)
  if (last === undefined) return []
  const body = JSON.stringify(events)
  if (body.length > ROW_CHARS && events.length > 1) {
    const half = Math.ceil(events.length / 2)
    return [...rowsOf(events.slice(0, half)), ...rowsOf(events.slice(half))]
  }
  if (body.length > ROW_CHARS && utf8Length(body) > ROW_BYTES) {
    throw new RowTooLarge(`an event of the type ${last.type} is larger than a row`)
  }
  return [{ count: events.length, at: last.at, body }]
}

function numberIn(row: Record<string, unknown> | undefined): number | null {
  return typeof row?.['v'] === 'number' ? row['v'] : null
}

function parseBody(body: string, lastSeq: number): readonly LogEvent[] {
  let raw: unknown
  try {
    raw = JSON.parse(body)
  } catch {
    throw new LogCorrupt(`row ${lastSeq} is not JSON`)
  }
  const parsed = bodySchema.safeParse(raw)
  if (!parsed.success) throw new LogCorrupt(`row ${lastSeq} holds something else than events`)
  return parsed.data
}
