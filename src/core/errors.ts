import type { LimitDetails } from './limit-details.ts'

/** Every way in which Freshet says no. Closed: each boundary has a table that does not compile without all of them (ER1). */
export const ERROR_CODES = [
  'bad_json',
  'bad_request',
  'unknown_type',
  'unknown_channel',
  'empty_prompt',
  'prompt_too_long',
  'frame_too_large',
  'body_too_large',
  'invalid_user_id',
  'request_id_reused',
  'request_not_found',
  'conversation_not_found',
  'todo_not_found',
  'too_many_conversations',
  'too_many_todos',
  'unknown_agent',
  'not_found',
  'method_not_allowed',
  'upgrade_required',
  'origin_not_allowed',
  'too_many_connections',
  'too_many_requests',
  'rate_limited',
  'quota_exceeded',
  'unauthorized',
  'forbidden',
  'token_expired',
  'url_too_long',
  'headers_too_large',
  'config_invalid',
  'unavailable',
  'cost_limit_exceeded',
  'timeout',
  'provider_error',
  'provider_rate_limited',
  'provider_stalled',
  'provider_cut',
  'answer_too_long',
  'interrupted',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** An error that may be shown: `message` is a sentence that says what to do and holds nothing internal. */
export class FreshetError extends Error {
  override readonly name = 'FreshetError'
  readonly code: ErrorCode
  /** For a refusal by a limit: how the caller stands. */
  readonly limit: LimitDetails | null

  constructor(code: ErrorCode, message: string, limit: LimitDetails | null = null) {
    super(message)
    this.code = code
    this.limit = limit
  }
}

/** What of any thrown thing may be shown: a FreshetError as it is, all else as `internal` (ER3). */
export function shown(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error
  return new FreshetError(
    'internal',
    'Something failed on our side. Try again; with a `request_id` of your own it cannot run twice.',
  )
}
