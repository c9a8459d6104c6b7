import { guardSse } from '../guard-fetch.ts'
import { openAiChat } from '../sdk/openai-chat.ts'
import type { Kind } from './kind.ts'

const API = 'https://api.openai.com/v1'

/**
 * OpenAI, by chat completions and not by responses: OpenAI keeps nothing of it, an answer so far can be given back,
 * and every proxy, gateway and mock speaks it.
 */
export const openAi: Kind = ({ model, baseUrl, settings, fetch }) => {
  const headers = settings.credentials(baseUrl, (key) => ({ authorization: `Bearer ${key}` }))
  const url = `${baseUrl ?? API}/chat/completions`
  return { model: openAiChat({ provider: 'openai.chat', model, url, headers, fetch: guardSse(fetch) }) }
}
