import { guardSse } from '../guard-fetch.ts'
import { openAiChat } from '../sdk/openai-chat.ts'
import type { Kind } from './kind.ts'

/** A resource's name becomes part of a host. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const API_VERSION = /^[a-z0-9-]{1,40}$/

/**
 * Azure OpenAI; the model is the deployment's name. By `<NAME>_RESOURCE`: the v1 API or, with `<NAME>_API_VERSION`,
 * the older one, whose address holds the deployment. By `base_url`: whatever `/chat/completions` is put behind.
 */
export const azure: Kind = ({ model, baseUrl, settings, fetch }) => {
  const headers = settings.credentials(baseUrl, (key) => ({ 'api-key': key }))
  const version = settings.optional('API_VERSION', API_VERSION, 'a version such as 2024-10-21')
  const base = baseUrl ?? resourceUrl(settings.required('RESOURCE', "the resource's name", LABEL, 'one DNS label'))
  const query = version === null ? '' : `?api-version=${version}`
  const url = `${base}/chat/completions${query}`
  return { model: openAiChat({ provider: 'azure.chat', model, url, headers, fetch: guardSse(fetch) }) }

  function resourceUrl(resource: string): string {
    const root = `https://${resource}.openai.azure.com/openai`
    return version === null ? `${root}/v1` : `${root}/deployments/${encodeURIComponent(model)}`
  }
}
