import { FreshetError } from '../core/errors.ts'
import type { ModelProvider } from '../core/model.ts'
import { type ProviderEntry, secretNameOf } from './config.ts'
import { EmbeddedProvider } from './embedded.ts'
import type { Fetch } from './guard-fetch.ts'
import { OpenAiCompatibleProvider } from './openai-compatible.ts'

export interface ProviderOptions {
  /** Instead of the platform's fetch. */
  readonly fetch?: Fetch
}

/**
 * Makes the providers of a parsed `PROVIDERS` list, in its order.
 * @param secretOf looks up a secret by its name (`<NAME>_API_KEY`).
 * @throws FreshetError `config_invalid`: a sentence that names the entry and never holds a secret.
 */
export function createProviders(
  entries: readonly ProviderEntry[],
  secretOf: (secretName: string) => string | undefined,
  options: ProviderOptions = {},
): readonly ModelProvider[] {
  return entries.map((entry) => {
    if (entry.kind === 'embedded') return new EmbeddedProvider(entry)
    if (entry.kind === 'openai-compatible') {
      const apiKey = keyOf(entry.name, secretOf)
      return new OpenAiCompatibleProvider({
        name: entry.name,
        model: entry.model,
        baseUrl: entry.base_url,
        apiKey,
        ...options,
      })
    }
    throw new FreshetError(
      'config_invalid',
      `PROVIDERS: the provider "${entry.name}" is of kind "${entry.kind}", which this version cannot serve yet; ` +
        'use "embedded" or "openai-compatible".',
    )
  })
}

/** A key is optional, since servers on one's own machine want none; one that no header can carry is a mistake. */
function keyOf(provider: string, secretOf: (secretName: string) => string | undefined): string | null {
  const secretName = secretNameOf(provider)
  const key = secretOf(secretName)?.trim() ?? ''
  if (key === '') return null
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new FreshetError('config_invalid', `The secret ${secretName} must be visible ASCII characters without spaces.`)
}
