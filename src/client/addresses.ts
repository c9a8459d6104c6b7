import type { Target } from './transport.ts'

function address(target: Target, path: string, query: Readonly<Record<string, string | null>>): URL {
  const base = target.baseUrl.endsWith('/') ? target.baseUrl : `${target.baseUrl}/`
  const url = new URL(path, base)
  for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, value)
  return url
}

/** `GET /ws/ai-stream`. A WebSocket cannot set headers, so the cursor is in the query. */
export function webSocketUrl(target: Target, cursor: string): string {
  const url = address(target, 'ws/ai-stream', {
    user_id: target.userId,
    conversation_id: target.conversationId,
    last_event_id: cursor,
  })
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  return url.href
}

/** `GET /sse/ai-stream`; the cursor goes in the header. */
export function eventStreamUrl(target: Target): string {
  return address(target, 'sse/ai-stream', {
    user_id: target.userId,
    conversation_id: target.conversationId,
    subscriptions: 'ai_response,progress_update',
  }).href
}

/** `GET /health` */
export function healthUrl(target: Target): string {
  return address(target, 'health', {}).href
}

/** `POST /api/sse/trigger-stream` */
export function triggerUrl(target: Target): string {
  return address(target, 'api/sse/trigger-stream', {}).href
}

/** `POST /api/requests/{request_id}/cancel` */
export function cancelUrl(target: Target, requestId: string): string {
  return address(target, `api/requests/${encodeURIComponent(requestId)}/cancel`, { user_id: target.userId }).href
}
