import type { ErrorCode } from '../core/errors.ts'
import { openAiError } from '../dialects/openai-error.ts'
import { problem } from './problem.ts'

/** True of an address of contract D6, and of one beside it that is not there: its clients read OpenAI's errors only. */
export function isOpenAi(path: string): boolean {
  return path === '/v1' || path.startsWith('/v1/')
}

/** An error in OpenAI's shape, with the status and the headers that its problem has elsewhere (ER1). */
export function openAiRefusal(code: ErrorCode, message: string): Response {
  const { status, headers } = problem(code, message)
  headers.set('content-type', 'application/json; charset=utf-8')
  return new Response(JSON.stringify(openAiError(code, message)), {
    // An agent is a model here, and one that is not there is not found.
    status: code === 'unknown_agent' ? 404 : status,
    headers,
  })
}

/**
 * The same for a generation that ended in an error: it has run, and its end stays what it is, so a client need not try
 * again by itself (header `x-should-retry` of OpenAI's clients).
 */
export function openAiFailure(code: ErrorCode, message: string): Response {
  const response = openAiRefusal(code, message)
  response.headers.set('x-should-retry', 'false')
  return response
}
