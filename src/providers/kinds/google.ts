import { guardSse } from '../guard-fetch.ts'
import { gemini } from '../sdk/gemini.ts'
import type { Kind } from './kind.ts'

const API = 'https://generativelanguage.googleapis.com/v1beta'

/** Google's Gemini API. */
export const google: Kind = ({ model, baseUrl, settings, fetch }) => {
  const headers = settings.credentials(baseUrl, (key) => ({ 'x-goog-api-key': key }))
  const base = baseUrl ?? API
  return { model: gemini({ provider: 'google.generative-ai', model, baseUrl: base, headers, fetch: guardSse(fetch) }) }
}
