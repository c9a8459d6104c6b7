import { type Cursor, parseCursor } from './ids.ts'
import type { LogBounds } from './log.ts'
import type { ResyncReason } from './state.ts'

/** Where a new reader begins (SPEC RS). */
export type ResumePlan =
  /** No cursor: live from the end of the log. */
  | { readonly kind: 'live' }
  /** Everything after `after`, then live. */
  | { readonly kind: 'replay'; readonly after: number }
  /** The present state first, then live. */
  | { readonly kind: 'resync'; readonly reason: ResyncReason }

/**
 * Decides where a reader begins.
 * @param cursor what the client sent, as text; null or empty when it sent none (CU2)
 */
export function planResume(cursor: string | null, bounds: LogBounds): ResumePlan {
  if (cursor === null || cursor === '') return { kind: 'live' }
  const parsed: Cursor | null = parseCursor(cursor)
  if (parsed === null) return { kind: 'resync', reason: 'not_a_cursor' }
  if (parsed.epoch !== bounds.epoch) return { kind: 'resync', reason: 'other_epoch' }
  if (parsed.seq > bounds.lastSeq) return { kind: 'resync', reason: 'ahead' }
  if (parsed.seq < bounds.firstSeq - 1) return { kind: 'resync', reason: 'expired' }
  return { kind: 'replay', after: parsed.seq }
}
