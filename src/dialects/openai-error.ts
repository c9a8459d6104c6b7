import type { ErrorCode } from '../core/errors.ts'

/** Words of OpenAI's API for what kind of failure it was; its clients show them, and choose by the HTTP status. */
export const OPENAI_ERROR_TYPES = [
  'invalid_request_error',
  'authentication_error',
  'permission_error',
  'not_found_error',
  'rate_limit_error',
  'server_error',
] as const
type ErrorType = (typeof OPENAI_ERROR_TYPES)[number]

/** The face of every code in D6 (ER1); the HTTP status stands with those of the other routes. */
const TYPES: Record<ErrorCode, ErrorType> = {
  bad_json: 'invalid_request_error',
  bad_request: 'invalid_request_error',
  unknown_type: 'invalid_request_error',
  unknown_channel: 'invalid_request_error',
  empty_prompt: 'invalid_request_error',
  prompt_too_long: 'invalid_request_error',
  frame_too_large: 'invalid_request_error',
  body_too_large: 'invalid_request_error',
  invalid_user_id: 'invalid_request_error',
  request_id_reused: 'invalid_request_error',
  request_not_found: 'not_found_error',
  conversation_not_found: 'not_found_error',
  todo_not_found: 'not_found_error',
  too_many_conversations: 'rate_limit_error',
  too_many_todos: 'invalid_request_error',
  unknown_agent: 'invalid_request_error',
  not_found: 'not_found_error',
  method_not_allowed: 'invalid_request_error',
  upgrade_required: 'invalid_request_error',
  origin_not_allowed: 'permission_error',
  too_many_connections: 'rate_limit_error',
  too_many_requests: 'rate_limit_error',
  rate_limited: 'rate_limit_error',
  quota_exceeded: 'rate_limit_error',
  unauthorized: 'authentication_error',
  forbidden: 'permission_error',
  token_expired: 'authentication_error',
  url_too_long: 'invalid_request_error',
  headers_too_large: 'invalid_request_error',
  config_invalid: 'server_error',
  unavailable: 'server_error',
  cost_limit_exceeded: 'invalid_request_error',
  timeout: 'server_error',
  provider_error: 'server_error',
  provider_rate_limited: 'server_error',
  provider_stalled: 'server_error',
  provider_cut: 'server_error',
  answer_too_long: 'server_error',
  interrupted: 'server_error',
  internal: 'server_error',
}

export type OpenAiErrorCode = Exclude<ErrorCode, 'unknown_agent'> | typeof NO_SUCH_MODEL
export const NO_SUCH_MODEL = 'model_not_found'

/** An error as OpenAI's clients read it: the body of a failed answer, and the last block of a failed stream. */
export interface OpenAiError {
  readonly error: {
    readonly message: string
    readonly type: ErrorType
    readonly param: null
    /** Freshet's own code: stable, and finer than the type. Clients look for OpenAI's own word where there is no such model. */
    readonly code: OpenAiErrorCode
  }
}

/** @param message a sentence that may be shown */
export function openAiError(code: ErrorCode, message: string): OpenAiError {
  return { error: { message, type: TYPES[code], param: null, code: code === 'unknown_agent' ? NO_SUCH_MODEL : code } }
}
