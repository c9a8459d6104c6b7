import { guardSse } from '../guard-fetch.ts'
import { compatibleChat } from '../sdk/compatible-chat.ts'
import type { Kind } from './kind.ts'

/** Any server that speaks OpenAI's chat completions. A key is optional: servers on one's own machine want none. */
export const openAiCompatible: Kind = ({ name, model, baseUrl, settings, fetch }) => {
  const key = settings.optional('API_KEY')
  const gateway = settings.gatewayHeaders(baseUrl)
  const headers = key === null ? gateway : { ...gateway, authorization: `Bearer ${key}` }
  return { model: compatibleChat({ name, model, baseUrl: baseUrl ?? '', headers, fetch: guardSse(fetch) }) }
}
