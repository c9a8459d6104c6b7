import { createHash } from 'node:crypto'
import * as z from 'zod'
import { usageSchema } from '../core/events.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelMessage } from '../core/model.ts'
import type { Sql } from './sql.ts'

/** A whole answer that a provider gave. */
const answerSchema = z.object({
  text: z.string(),
  provider: z.string(),
  model: z.string(),
  finish_reason: z.string(),
  usage: usageSchema,
  /** Dollars that it cost, and so saves when it is given again. */
  cost: z.number(),
})
export type CachedAnswer = z.infer<typeof answerSchema>

const rowSchema = z.object({ body: z.string(), created_at: z.number() })
const sizeSchema = z.object({ entries: z.number(), chars: z.number().nullable() })

/** What must be the same for an answer to be given again (CA1). */
export interface CacheKeyParts {
  readonly provider: string
  readonly model: string
  readonly language: string | null
  readonly messages: readonly ModelMessage[]
}

/** The key of an answer: a hash, since what it is made of may be long. */
export function cacheKey(parts: CacheKeyParts): string {
  const text = JSON.stringify([
    parts.provider,
    parts.model,
    parts.language,
    parts.messages.map((m) => [m.role, m.content]),
  ])
  return createHash('sha256').update(text).digest('base64')
}

/** A user's answers, for repeated prompts: bounded, least recently used out first (SPEC CA). It is in the user's own hub. */
export class AnswerCache {
  readonly #sql: Sql
  #entries: number
  #chars: number

  constructor(sql: Sql) {
    this.#sql = sql
    const size = sizeSchema.parse(sql.run('SELECT count(*) entries, sum(chars) chars FROM cache')[0])
    this.#entries = size.entries
    this.#chars = size.chars ?? 0
  }

  get entries(): number {
    return this.#entries
  }

  /**
   * The answer under a key, if it is not too old; it then counts as just used. One row. One that cannot be read is let go:
   * a provider can be asked, and nobody's prompt is to fail until it has aged.
   */
  get(key: string, now: number): CachedAnswer | null {
    const found = this.#sql.run('SELECT body, created_at FROM cache WHERE key = ?', key)[0]
    if (found === undefined) return null
    const row = rowSchema.parse(found)
    const answer = now - row.created_at > LIMITS.cacheMaxAgeMs ? null : answerOf(row.body)
    if (answer === null) this.#drop(key)
    else this.#sql.run('UPDATE cache SET used_at = ? WHERE key = ?', now, key)
    return answer
  }

  /** Keeps an answer in place of the one that is there. One row, and one for each that has to go. */
  put(key: string, answer: CachedAnswer, now: number, conversationId: string | null = null): void {
    const body = JSON.stringify(answer)
    if (body.length > LIMITS.cacheEntryChars) return
    const before = this.#sql.run('SELECT chars FROM cache WHERE key = ?', key)[0]
    this.#sql.run(
      'INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?, ?)',
      key,
      body,
      body.length,
      now,
      now,
      conversationId,
    )
    if (before === undefined) this.#entries += 1
    else this.#chars -= Number(before['chars'])
    this.#chars += body.length
    while (this.#entries > LIMITS.cacheEntries || this.#chars > LIMITS.cacheChars) {
      const oldest = this.#sql.run('SELECT key FROM cache ORDER BY used_at LIMIT 1')[0]?.['key']
      if (typeof oldest !== 'string') return
      this.#drop(oldest)
    }
  }

  /** Lets go what is too old. */
  expire(now: number): void {
    const old = this.#sql.run('SELECT key FROM cache WHERE created_at < ?', now - LIMITS.cacheMaxAgeMs)
    for (const { key } of old) if (typeof key === 'string') this.#drop(key)
  }

  /** Lets go the answers of a conversation (CV6). */
  forget(conversationId: string): void {
    const found = this.#sql.run('SELECT key FROM cache WHERE conversation_id = ?', conversationId)
    for (const { key } of found) if (typeof key === 'string') this.#drop(key)
  }

  #drop(key: string): void {
    const row = this.#sql.run('DELETE FROM cache WHERE key = ? RETURNING chars', key)[0]
    if (row === undefined) return
    this.#entries -= 1
    this.#chars -= Number(row['chars'])
  }
}

/** A stored answer, parsed anew (LG6); null when it is not what was written. */
function answerOf(body: string): CachedAnswer | null {
  try {
    return answerSchema.safeParse(JSON.parse(body)).data ?? null
  } catch {
    return null
  }
}
