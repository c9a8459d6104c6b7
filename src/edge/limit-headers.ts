import type { FreshetError } from '../core/errors.ts'
import { rateLimitHeaders } from '../core/rate-window.ts'

/** Says in a refusal's headers how the caller stands, whatever shape its body has (RL1). Without a limit: as it is. */
export function withLimits(response: Response, { limit }: FreshetError): Response {
  const fields = limit === null ? {} : rateLimitHeaders(limit.policies, Date.now())
  for (const [name, value] of Object.entries(fields)) response.headers.set(name, value)
  return response
}
