import * as z from 'zod'
import { CHANNELS } from '../core/channels.ts'
import { ERROR_CODES, type ErrorCode, FreshetError, shown } from '../core/errors.ts'
import { type LimitDetails, limitDetailsSchema } from '../core/limit-details.ts'

/** Whose hub it is; the edge knows, and tells it with every call, since a new hub has no storage yet. */
export const hubIdentitySchema = z.object({ userId: z.string(), privateKey: z.string().nullable() })
export type HubCaller = z.infer<typeof hubIdentitySchema>

/** The header that carries a connection's options from the edge to its hub. No client can set it: the edge overwrites it. */
export const CONNECT_HEADER = 'x-freshet-connect'

export const connectSchema = hubIdentitySchema.extend({
  kind: z.enum(['socket', 'bridge']),
  channels: z.array(z.enum(CHANNELS)),
  progressEvery: z.number().int().positive(),
  conversationId: z.string().nullable(),
  clientId: z.string().nullable(),
  cursor: z.string().nullable(),
  preferences: z.record(z.string(), z.json()),
  /** When the caller's token ends, ms: a client's socket is closed then; null without one. */
  expiresAt: z.number().nullable().default(null),
  /** Set for a stream of one request; see `Follow`. */
  follow: z
    .object({
      requestId: z.string().nullable(),
      conversationId: z.string().nullable(),
      fromStart: z.boolean(),
      recall: z.enum(['nothing', 'start', 'all']).default('nothing'),
    })
    .nullable()
    .default(null),
})
export type Connect = z.input<typeof connectSchema>

/** An error that crosses from hub to edge: calls between them lose an error's class, so it goes as a value. */
export const refusalSchema = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  limit: limitDetailsSchema.nullable().default(null),
})
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
  readonly limit: LimitDetails | null
}

export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

/**
 * Runs what may refuse, and makes a value of either way out.
 * @param unforeseen is told of what is no refusal: then nothing in memory can be trusted any more
 */
export function reply<T>(work: () => T, unforeseen: (error: unknown) => void): Reply<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    const { code, message, limit } = shown(error)
    if (!(error instanceof FreshetError)) unforeseen(error)
    return { ok: false, refusal: { code, message, limit } }
  }
}
