import type { ErrorCode } from '../core/errors.ts'

interface Kind {
  readonly status: number
  readonly title: string
}

/** The HTTP face of every code (ER1, ER2). */
const KINDS: Record<ErrorCode, Kind> = {
  bad_json: { status: 400, title: 'Not JSON' },
  bad_request: { status: 400, title: 'Bad request' },
  unknown_type: { status: 400, title: 'Unknown type' },
  unknown_channel: { status: 400, title: 'Unknown channel' },
  empty_prompt: { status: 400, title: 'Empty prompt' },
  prompt_too_long: { status: 413, title: 'Prompt too long' },
  frame_too_large: { status: 413, title: 'Message too large' },
  body_too_large: { status: 413, title: 'Body too large' },
  invalid_user_id: { status: 400, title: 'Invalid user id' },
  request_id_reused: { status: 422, title: 'Request id reused' },
  request_not_found: { status: 404, title: 'Request not found' },
  conversation_not_found: { status: 404, title: 'Conversation not found' },
  todo_not_found: { status: 404, title: 'Todo not found' },
  too_many_conversations: { status: 429, title: 'Too many conversations' },
  too_many_todos: { status: 409, title: 'Too many todos' },
  unknown_agent: { status: 400, title: 'Unknown agent' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  upgrade_required: { status: 426, title: 'Upgrade required' },
  origin_not_allowed: { status: 403, title: 'Origin not allowed' },
  too_many_connections: { status: 429, title: 'Too many connections' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  rate_limited: { status: 429, title: 'Rate limit reached' },
  quota_exceeded: { status: 429, title: 'Quota used up' },
  unauthorized: { status: 401, title: 'Unauthorized' },
  forbidden: { status: 403, title: 'Forbidden' },
  token_expired: { status: 401, title: 'Token expired' },
  url_too_long: { status: 414, title: 'URL too long' },
  headers_too_large: { status: 431, title: 'Headers too large' },
  config_invalid: { status: 500, title: 'Configuration invalid' },
  unavailable: { status: 503, title: 'Unavailable' },
  cost_limit_exceeded: { status: 402, title: 'Cost limit exceeded' },
  timeout: { status: 504, title: 'Timeout' },
  provider_error: { status: 502, title: 'Provider error' },
  provider_rate_limited: { status: 503, title: 'Provider busy' },
  provider_stalled: { status: 504, title: 'Provider stalled' },
  provider_cut: { status: 502, title: 'Provider stream cut' },
  answer_too_long: { status: 502, title: 'Answer too long' },
  interrupted: { status: 503, title: 'Interrupted' },
  internal: { status: 500, title: 'Internal error' },
}

/** A problem's members (RFC 9457). */
export function problemOf(code: ErrorCode, detail: string) {
  const { status, title } = KINDS[code]
  return { type: 'about:blank', title, status, detail, code } as const
}

/**
 * An error as `application/problem+json` (RFC 9457, contract "Rules for every dialect").
 * @param more further members, e.g. `request_id`
 */
export function problem(code: ErrorCode, detail: string, more: Record<string, unknown> = {}): Response {
  const body = problemOf(code, detail)
  const { status } = body
  const headers = new Headers({
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
  })
  if (status === 429) headers.set('retry-after', '1')
  if (status === 426) headers.set('upgrade', 'websocket')
  return new Response(JSON.stringify({ ...body, ...more }), {
    status,
    headers,
  })
}
