import * as z from 'zod'
import { type Begun, replacedSince } from '../core/came-again.ts'
import type { Conversation, ConversationInfo, ConversationMessage, ConversationPage } from '../core/conversation.ts'
import { FreshetError } from '../core/errors.ts'
import { cutText } from '../core/gather.ts'
import { type History, historyOf, type PastExchange } from '../core/history.ts'
import { LIMITS } from '../core/limits.ts'
import { titleOf } from '../core/title.ts'
import { utf8Length } from '../core/utf8.ts'
import type { Sql } from './sql.ts'

/** A message and its answer, as they are kept: one row (CV2). */
const exchangeSchema = z.object({
  prompt: z.string(),
  text: z.string(),
  status: z.enum(['complete', 'cancelled', 'error']),
  /** ms since 1970; the answer's is the row's own time. */
  started_at: z.number(),
  answer_id: z.string().nullable(),
  /** Requests of earlier rounds of the same answer, between which the caller ran tools. */
  rounds: z.array(z.string()).default([]),
  /** Where what it replaced began, or null: what began from then on and before it has no place any more (CV10). */
  since: z.number().nullable().default(null),
})
export type Exchange = z.input<typeof exchangeSchema>

const rowSchema = z.object({
  n: z.number(),
  request_id: z.string(),
  message_id: z.string().nullable(),
  at: z.number(),
  body: z.string(),
  bytes: z.number(),
})
type Row = Omit<z.infer<typeof rowSchema>, 'body'> & { readonly exchange: Exchange }

const sizeSchema = rowSchema.pick({ n: true, bytes: true })
const placeSchema = z.object({ n: z.number(), since: z.number().nullable() })

const infoSchema = z.object({
  conversation_id: z.string(),
  title: z.string().nullable(),
  created_at: z.number(),
  updated_at: z.number(),
  messages: z.number(),
  first: z.string().nullable(),
})

const unusedSchema = infoSchema.pick({ conversation_id: true, updated_at: true })

/** A conversation, and when it was last used, ms. */
interface Unused {
  readonly conversationId: string
  readonly usedAt: number
}

/** Of the first exchange's prompt only what a title needs is read. */
const INFO = `SELECT c.conversation_id, c.title, c.created_at,
  max(c.created_at, c.cleared_at, coalesce((SELECT at FROM exchanges e WHERE e.conversation_id = c.conversation_id ORDER BY n DESC LIMIT 1), 0)) updated_at,
  coalesce((SELECT sum(messages) FROM exchanges e WHERE e.conversation_id = c.conversation_id), 0) messages,
  (SELECT substr(ltrim(json_extract(body, '$.prompt'), char(9, 10, 11, 12, 13, 32)), 1, 400) FROM exchanges e WHERE e.conversation_id = c.conversation_id ORDER BY n LIMIT 1) first
  FROM conversations c`

/** Exchanges read at a time: a cursor that is left open locks its table; and their text all together, one at least. */
const PORTION = 50
const PORTION_BYTES = 2_000_000
/** An exchange's text at most, bytes of UTF-8: a row ends at 2 MB, and an answer's characters are up to six bytes as JSON. */
const ROW_BYTES = 1_900_000

/** What is saved with the end of a request. */
export interface NewExchange {
  readonly requestId: string
  /** The number of its request's start: exchanges stand in that order (CV10). */
  readonly startSeq: number
  /** The user's message by the caller's own id, or null. */
  readonly messageId: string | null
  /** What runs in the conversation still and began before it; without rounds that go on. */
  readonly older: readonly Omit<Begun, 'since'>[]
  /** When it ended, ms. */
  readonly at: number
  readonly exchange: Exchange
  /** True when the caller ran tools and asked to go on: the text follows on what the message was answered before (CV7). */
  readonly goesOn: boolean
}

/** A user's conversations: two tables, a row each for a conversation and for an exchange (SPEC CV). */
export class Conversations {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Whether a conversation is to be made, since there is none of this id. @throws FreshetError `too_many_conversations` */
  isNew(id: string): boolean {
    if (this.has(id)) return false
    if (this.#count() < LIMITS.conversations) return true
    const words = `A user may keep ${LIMITS.conversations} conversations. Delete one, then begin a new one.`
    throw new FreshetError('too_many_conversations', words)
  }

  /** Makes a conversation if there is none of this id. @returns true when it was made: one row @throws as isNew */
  ensure(id: string, now: number, title: string | null = null): boolean {
    if (!this.isNew(id)) return false
    this.#sql.run('INSERT INTO conversations (conversation_id, title, created_at) VALUES (?, ?, ?)', id, title, now)
    return true
  }

  has(id: string): boolean {
    return this.#sql.run('SELECT 1 FROM conversations WHERE conversation_id = ?', id).length > 0
  }

  /** @throws FreshetError `conversation_not_found` */
  info(id: string): ConversationInfo {
    const row = this.#sql.run(`${INFO} WHERE c.conversation_id = ?`, id)[0]
    if (row === undefined) throw notFound()
    return infoOf(row)
  }

  /**
   * A conversation with its newest messages, as many as one answer holds (CV11).
   * @param before `next` of the answer before, for older ones, or null
   * @throws FreshetError `conversation_not_found`
   */
  read(id: string, before: number | null = null): Conversation {
    const info = this.info(id)
    const rows: Row[] = []
    let bytes = 0
    for (const row of this.#rows(id, before ?? Number.MAX_SAFE_INTEGER)) {
      bytes += row.bytes
      if (rows.length > 0 && bytes > LIMITS.conversationBytes) break
      rows.push(row)
    }
    const messages = rows.toReversed().flatMap((row) => messagesOf(row))
    const first = rows.at(-1)
    const omitted = first === undefined ? 0 : this.#countUntil(id, first.n)
    return { ...info, messages, omitted, next: first !== undefined && omitted > 0 ? first.n : null }
  }

  /**
   * A page, the conversation that was used last first (CV1).
   * @param before `next` of the page before, or null; anything else is as good as none
   */
  list(before: string | null, limit: number): ConversationPage {
    const [, at, id] = /^([0-9]{1,16})_(.{1,200})$/.exec(before ?? '') ?? []
    // To count a conversation's messages is to read its exchanges: only for those that are shown.
    const rows = this.#sql.run(
      `${INFO} WHERE c.conversation_id IN (
         SELECT conversation_id FROM (${INFO}) WHERE ? IS NULL OR updated_at < ? OR (updated_at = ? AND conversation_id < ?)
         ORDER BY updated_at DESC, conversation_id DESC LIMIT ?)
       ORDER BY updated_at DESC, c.conversation_id DESC`,
      at ?? null,
      Number(at ?? 0),
      Number(at ?? 0),
      id ?? '',
      limit + 1,
    )
    const conversations = rows.slice(0, limit).map((row) => infoOf(row))
    const last = conversations.at(-1)
    const more = rows.length > limit && last !== undefined
    return { conversations, next: more ? `${last.updatedAt}_${last.conversationId}` : null }
  }

  /** Gives a title. @throws FreshetError `conversation_not_found` */
  rename(id: string, title: string): void {
    this.info(id)
    this.#sql.run('UPDATE conversations SET title = ? WHERE conversation_id = ?', title, id)
  }

  /** Forgets its exchanges; the conversation stays, and was used now. */
  clear(id: string, now: number): void {
    this.#sql.run('DELETE FROM exchanges WHERE conversation_id = ?', id)
    this.#sql.run('UPDATE conversations SET cleared_at = ? WHERE conversation_id = ?', now, id)
  }

  delete(id: string): void {
    this.#sql.run('DELETE FROM exchanges WHERE conversation_id = ?', id)
    this.#sql.run('DELETE FROM conversations WHERE conversation_id = ?', id)
  }

  /**
   * What a model is to be reminded of (CV3).
   * @param messageId a message that came again: it and what came after it do not count (CV7)
   */
  history(id: string, messageId: string | null): History {
    const until = this.#placeOf(id, messageId)
    const sql = 'SELECT count(*) n FROM exchanges WHERE conversation_id = ? AND n < ? AND messages = 2'
    const answered = Number(this.#sql.run(sql, id, until)[0]?.['n'] ?? 0)
    return historyOf(this.#past(id, until), answered, LIMITS.historyTokens)
  }

  /** Messages that there are before one: all of them, unless it came again (CV7). */
  countBefore(id: string, messageId: string | null): number {
    return this.#countUntil(id, this.#placeOf(id, messageId))
  }

  /** The requests that a message is answered by now, all rounds; none when it has no exchange (CV7). */
  requestsOf(id: string, messageId: string): readonly string[] {
    const row = this.#at(id, this.#placeOf(id, messageId))
    return row === null ? [] : [...(row.exchange.rounds ?? []), row.request_id]
  }

  /**
   * Saves an exchange: one row, and it replaces what came again (CV7). Answers end in any order; the conversation is what it
   * would be if each had ended before the next one began. To be called in the end's transaction.
   */
  save(id: string, given: NewExchange): void {
    const { startSeq, messageId } = given
    // Deleted while it ran: then it stays so. Replaced by what began later: it has no place any more.
    if (!this.has(id) || this.#isReplaced(id, startSeq)) return
    const there = given.goesOn ? this.#at(id, this.#placeOf(id, messageId)) : null
    if (there !== null) {
      this.#goOn(id, there, given)
      return
    }
    const since = this.#since(id, given)
    if (since !== null) {
      this.#sql.run('DELETE FROM exchanges WHERE conversation_id = ? AND n >= ? AND n < ?', id, since, startSeq)
    }
    const body = bodyOf({ ...given.exchange, since })
    this.#sql.run(
      'INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      startSeq,
      given.requestId,
      messageId,
      given.at,
      given.exchange.text === '' ? 1 : 2,
      body,
    )
    this.#trim(id)
  }

  /** Adds a round to an answer where it stands: what was said since came after it all the same. */
  #goOn(id: string, { n, request_id, exchange }: Row, given: NewExchange): void {
    const text = [exchange.text, given.exchange.text].filter((part) => part !== '').join('\n\n')
    const { started_at, since } = exchange
    const body = { ...given.exchange, text, started_at, since, rounds: [...(exchange.rounds ?? []), request_id] }
    this.#sql.run(
      'UPDATE exchanges SET request_id = ?, at = ?, messages = ?, body = ? WHERE conversation_id = ? AND n = ?',
      given.requestId,
      given.at,
      text === '' ? 1 : 2,
      bodyOf(body),
      id,
      n,
    )
  }

  /** True when a request that began then gave way to one that began later. */
  #isReplaced(id: string, startSeq: number): boolean {
    const sql =
      "SELECT 1 FROM exchanges WHERE conversation_id = ? AND n > ? AND json_extract(body, '$.since') <= ? LIMIT 1"
    return this.#sql.run(sql, id, startSeq, startSeq).length > 0
  }

  /** Where what an exchange replaces began, or null: its message is new. */
  #since(id: string, { startSeq, messageId, older }: NewExchange): number | null {
    if (messageId === null) return null
    const running = older.filter((one) => !this.#isReplaced(id, one.startSeq))
    const messages = new Set([messageId, ...running.flatMap((one) => one.messageId ?? [])])
    const kept = [...messages].flatMap((message) => this.#begun(id, message))
    const begun = [...kept, ...running.map((one) => ({ ...one, since: null }))]
    return replacedSince(
      { startSeq, messageId, since: null },
      begun.filter((one) => one.startSeq < startSeq),
    )
  }

  /** Lets the oldest exchanges go of which there are too many. */
  #trim(id: string): void {
    const sql = `SELECT n FROM exchanges WHERE conversation_id = ? ORDER BY n DESC LIMIT 1 OFFSET ${LIMITS.conversationExchanges}`
    const oldest = this.#sql.run(sql, id)[0]?.['n']
    if (typeof oldest !== 'number') return
    // The prompt that it is called by goes: its name stays.
    const { title } = this.info(id)
    this.#sql.run('UPDATE conversations SET title = ? WHERE conversation_id = ? AND title IS NULL', title, id)
    this.#sql.run('DELETE FROM exchanges WHERE conversation_id = ? AND n <= ?', id, oldest)
  }

  /** Conversations that nobody used since, ms, those that were unused longest first (CV5). */
  unusedSince(at: number, limit: number): readonly Unused[] {
    const sql = `SELECT conversation_id, updated_at FROM (${INFO}) WHERE updated_at < ? ORDER BY updated_at LIMIT ?`
    return this.#sql.run(sql, at, limit).map((row) => {
      const { conversation_id: conversationId, updated_at: usedAt } = unusedSchema.parse(row)
      return { conversationId, usedAt }
    })
  }

  /** The newest of those that were used since, ms. */
  usedSince(at: number, limit: number): readonly ConversationInfo[] {
    const sql = `SELECT * FROM (${INFO}) WHERE updated_at >= ? ORDER BY updated_at DESC LIMIT ?`
    return this.#sql.run(sql, at, limit).map((row) => infoOf(row))
  }

  /** When the conversation that was unused longest was last used, ms, or null without any. */
  oldestUse(): number | null {
    const at = this.#sql.run(`SELECT min(updated_at) v FROM (${INFO})`)[0]?.['v']
    return typeof at === 'number' ? at : null
  }

  /** The number of a message's exchange, or beyond all of them when it is new. */
  #placeOf(id: string, messageId: string | null): number {
    if (messageId === null) return Number.MAX_SAFE_INTEGER
    const sql = 'SELECT n FROM exchanges WHERE conversation_id = ? AND message_id = ? ORDER BY n DESC LIMIT 1'
    const n = this.#sql.run(sql, id, messageId)[0]?.['n']
    return typeof n === 'number' ? n : Number.MAX_SAFE_INTEGER
  }

  /** A message's exchanges: one, or while what replaces it runs one more. */
  #begun(id: string, messageId: string): readonly Begun[] {
    const sql = `SELECT n, json_extract(body, '$.since') since FROM exchanges WHERE conversation_id = ? AND message_id = ?`
    return this.#sql.run(sql, id, messageId).map((row) => {
      const { n, since } = placeSchema.parse(row)
      return { startSeq: n, messageId, since }
    })
  }

  #at(id: string, n: number): Row | null {
    const row = this.#sql.run(`${ROW} AND n = ?`, id, n)[0]
    return row === undefined ? null : rowOf(row)
  }

  #countUntil(id: string, n: number): number {
    const sum = this.#sql.run('SELECT sum(messages) n FROM exchanges WHERE conversation_id = ? AND n < ?', id, n)
    return Number(sum[0]?.['n'] ?? 0)
  }

  /** Exchanges before a number, newest first, in portions. */
  *#rows(id: string, before: number): Generator<Row> {
    for (let until = before; ; ) {
      const from = this.#portion(id, until)
      if (from === null) return
      const rows = this.#sql.run(`${ROW} AND n >= ? AND n < ? ORDER BY n DESC`, id, from, until)
      for (const row of rows) yield rowOf(row)
      until = from
    }
  }

  /** Where a portion begins that ends before a number, or null when nothing is there. */
  #portion(id: string, until: number): number | null {
    const sizes = `SELECT n, ${BYTES} FROM exchanges WHERE conversation_id = ? AND n < ? ORDER BY n DESC LIMIT ${PORTION}`
    let [from, sum]: [number | null, number] = [null, 0]
    for (const row of this.#sql.run(sizes, id, until)) {
      const { n, bytes } = sizeSchema.parse(row)
      sum += bytes
      if (from !== null && sum > PORTION_BYTES) break
      from = n
    }
    return from
  }

  *#past(id: string, before: number): Generator<PastExchange> {
    for (const { exchange } of this.#rows(id, before)) yield exchange
  }

  #count(): number {
    return Number(this.#sql.run('SELECT count(*) n FROM conversations')[0]?.['n'] ?? 0)
  }
}

/** Told by a row's head: its text is not read for it. */
const BYTES = 'octet_length(body) bytes'
const ROW = `SELECT n, request_id, message_id, at, body, ${BYTES} FROM exchanges WHERE conversation_id = ?`

function rowOf(raw: unknown): Row {
  const { body, ...row } = rowSchema.parse(raw)
  return { ...row, exchange: exchangeSchema.parse(JSON.parse(body)) }
}

/** An exchange as text that fits a row: of an answer that is too long, what an answer went on with included, the beginning. */
function bodyOf(exchange: Exchange): string {
  for (let { text } = exchange; ; ) {
    const body = JSON.stringify({ ...exchange, text })
    const bytes = utf8Length(body)
    if (bytes <= ROW_BYTES || text === '') return body
    // A little less than its share, since the prompt cannot give way.
    const most = Math.floor((0.95 * text.length * ROW_BYTES) / bytes)
    text = most < 1 ? '' : (cutText(text, most)[0] ?? '')
  }
}

function infoOf(raw: unknown): ConversationInfo {
  const row = infoSchema.parse(raw)
  return {
    conversationId: row.conversation_id,
    title: row.title ?? titleOf(row.first ?? ''),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    messageCount: row.messages,
  }
}

function messagesOf({ request_id: requestId, message_id, at, exchange }: Row): readonly ConversationMessage[] {
  const { prompt, text, status, started_at, answer_id } = exchange
  const common = { requestId, status }
  const asked = {
    ...common,
    role: 'user',
    content: prompt,
    at: started_at,
    messageId: message_id ?? `${requestId}-user`,
  } as const
  if (text === '') return [asked]
  return [asked, { ...common, role: 'assistant', content: text, at, messageId: answer_id ?? requestId }]
}

function notFound(): FreshetError {
  return new FreshetError('conversation_not_found', 'There is no conversation with this id.')
}
