import type { ModelProvider } from '../core/model.ts'
import { GENAI_MODEL, type ProviderEntry, type ProviderKind } from './config.ts'
import { EmbeddedProvider } from './embedded.ts'
import type { Fetch } from './guard-fetch.ts'
import { amazonBedrock } from './kinds/amazon-bedrock.ts'
import { anthropic } from './kinds/anthropic.ts'
import { azure } from './kinds/azure.ts'
import { google } from './kinds/google.ts'
import { googleVertex } from './kinds/google-vertex.ts'
import type { Kind } from './kinds/kind.ts'
import { openAi } from './kinds/openai.ts'
import { openAiCompatible } from './kinds/openai-compatible.ts'
import { workersAi } from './kinds/workers-ai.ts'
import { SdkProvider } from './sdk-provider.ts'
import { ProviderSettings, type SecretOf } from './settings.ts'

const KINDS: Readonly<Record<Exclude<ProviderKind, 'embedded'>, Kind>> = {
  openai: openAi,
  'openai-compatible': openAiCompatible,
  anthropic,
  'amazon-bedrock': amazonBedrock,
  azure,
  google,
  'google-vertex': googleVertex,
  'workers-ai': workersAi,
}

export interface ProviderOptions {
  /** Instead of the platform's fetch. */
  readonly fetch?: Fetch
  /** The binding `AI`, for `workers-ai`. */
  readonly ai?: unknown
  /** `GENAI_MODEL_ID`: the model of a `google` entry that names none. */
  readonly genaiModelId?: string
}

/**
 * Makes the providers of a parsed `PROVIDERS` list, in its order. Nothing is called yet.
 * @param secretOf looks up a secret or variable by its name (`<NAME>_API_KEY` …).
 * @throws FreshetError `config_invalid`: a sentence that names the entry or the setting and never holds a secret.
 */
export function createProviders(
  entries: readonly ProviderEntry[],
  secretOf: SecretOf,
  { fetch = platformFetch, ai, genaiModelId = GENAI_MODEL }: ProviderOptions = {},
): readonly ModelProvider[] {
  return entries.map((entry) => {
    if (entry.kind === 'embedded') return new EmbeddedProvider(entry)
    const { name, kind, model = genaiModelId } = entry
    const baseUrl = entry.base_url?.replace(/\/+$/, '') ?? null
    const settings = new ProviderSettings(name, secretOf)
    return new SdkProvider({ name, kind, model }, KINDS[kind]({ name, model, baseUrl, settings, ai, fetch }))
  })
}

/** Called anew each time: the platform's fetch wants no `this`, and tests replace it. */
const platformFetch: Fetch = (input, init) => globalThis.fetch(input, init)
