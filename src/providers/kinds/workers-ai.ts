import { FreshetError } from '../../core/errors.ts'
import { guardFetch, MAX_EVENT } from '../guard-fetch.ts'
import { compatibleChat } from '../sdk/compatible-chat.ts'
import { tidySse } from '../tidy-sse.ts'
import { bindingFetch, isWorkersAi, type WorkersAi } from '../workers-ai-binding.ts'
import { workersAiEvents } from '../workers-ai-events.ts'
import type { Kind } from './kind.ts'

/** Nothing is ever sent there: the SDK wants an address, the binding needs none. */
const NOWHERE = 'https://workers-ai.invalid'
const GATEWAY = /^https:\/\/gateway\.ai\.cloudflare\.com\/v1\/[^/]+\/([^/]+)(?:\/workers-ai)?$/

/** Cloudflare's own models, by the binding `AI`; a `base_url` is that of an AI Gateway of the same account. */
export const workersAi: Kind = ({ name, model, baseUrl, ai }) => {
  const binding = bindingOf(name, ai)
  const fetch = bindingFetch(binding, model, baseUrl === null ? null : gatewayOf(name, baseUrl))
  const guarded = guardFetch(fetch, () => tidySse(MAX_EVENT, workersAiEvents()))
  return { model: compatibleChat({ name, model, baseUrl: NOWHERE, headers: {}, fetch: guarded }) }
}

function bindingOf(name: string, ai: unknown): WorkersAi {
  if (isWorkersAi(ai)) return ai
  throw new FreshetError(
    'config_invalid',
    `The provider "${name}" is of kind "workers-ai" and needs the binding AI, which is missing: ` +
      'put [ai] with binding = "AI" into wrangler.toml.',
  )
}

function gatewayOf(name: string, baseUrl: string): string {
  const id = GATEWAY.exec(baseUrl)?.[1]
  if (id !== undefined) return id
  throw new FreshetError(
    'config_invalid',
    `PROVIDERS: the base_url of "${name}", of kind "workers-ai", must be that of an AI Gateway: ` +
      'https://gateway.ai.cloudflare.com/v1/<account>/<gateway>/workers-ai.',
  )
}
