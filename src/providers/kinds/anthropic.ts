import { guardSse } from '../guard-fetch.ts'
import { anthropicMessages } from '../sdk/anthropic-messages.ts'
import type { Kind } from './kind.ts'

const API = 'https://api.anthropic.com/v1'
const VERSION = '2023-06-01'

/** Anthropic's messages. */
export const anthropic: Kind = ({ model, baseUrl, settings, fetch }) => {
  const credentials = settings.credentials(baseUrl, (key) => ({ 'x-api-key': key }))
  const headers = { 'anthropic-version': VERSION, ...credentials }
  return {
    model: anthropicMessages({ model, baseUrl: baseUrl ?? API, headers, fetch: guardSse(fetch) }),
    // While the model thinks, pings are all that comes.
    providerOptions: { anthropic: { includePings: true } },
    quirks: { strictToolTalk: true, jsonInWords: true },
  }
}
