import { FreshetError } from '../core/errors.ts'
import { settingNameOf } from './config.ts'

/** Looks up a secret or variable by its name. */
export type SecretOf = (name: string) => string | undefined

/** What a header can carry. */
const VISIBLE = /^[\x21-\x7e]+$/

/** What a provider is set by beside its entry in `PROVIDERS`: secrets and variables called `<NAME>_<WORD>`. */
export class ProviderSettings {
  readonly #provider: string
  readonly #secretOf: SecretOf

  constructor(provider: string, secretOf: SecretOf) {
    this.#provider = provider
    this.#secretOf = secretOf
  }

  /**
   * A setting, trimmed, or null when it is not set or empty.
   * @param pattern what it must look like, told in `be`.
   * @throws FreshetError `config_invalid` that names it and never holds it.
   */
  optional(word: string, pattern = VISIBLE, be = 'visible ASCII characters without spaces'): string | null {
    const value = this.#secretOf(settingNameOf(this.#provider, word))?.trim() ?? ''
    if (value === '') return null
    return pattern.test(value) ? value : this.refuse(word, be)
  }

  /** Says of a setting what it must be. */
  refuse(word: string, be: string): never {
    const name = settingNameOf(this.#provider, word)
    throw new FreshetError('config_invalid', `The setting ${name} of the provider "${this.#provider}" must be ${be}.`)
  }

  /**
   * A setting that the provider cannot do without.
   * @param what what it is, for the sentence.
   * @throws FreshetError `config_invalid` that names it.
   */
  required(word: string, what: string, pattern = VISIBLE, be?: string): string {
    return this.optional(word, pattern, be) ?? this.#missing(word, what)
  }

  /**
   * The headers that say who calls. Behind an AI Gateway they may be the gateway's own (`<NAME>_GATEWAY_TOKEN`), with
   * the provider's key or, when the gateway holds that, without.
   * @param headersOf the provider's headers with its key.
   * @throws FreshetError `config_invalid` when there is neither key nor token.
   */
  credentials(baseUrl: string | null, headersOf: (key: string) => Record<string, string>): Record<string, string> {
    const gateway = this.gatewayHeaders(baseUrl)
    const key = this.optional('API_KEY')
    if (key === null && Object.keys(gateway).length === 0) return this.#missing('API_KEY', 'the key')
    return { ...gateway, ...(key === null ? {} : headersOf(key)) }
  }

  /** The header of an AI Gateway that wants one. The token goes nowhere but to a `base_url` that someone wrote down. */
  gatewayHeaders(baseUrl: string | null): Record<string, string> {
    const token = this.optional('GATEWAY_TOKEN')
    if (token === null) return {}
    if (baseUrl !== null) return { 'cf-aig-authorization': `Bearer ${token}` }
    const name = settingNameOf(this.#provider, 'GATEWAY_TOKEN')
    throw new FreshetError(
      'config_invalid',
      `The setting ${name} is there, but the provider "${this.#provider}" has no base_url that leads to a gateway.`,
    )
  }

  #missing(word: string, what: string): never {
    throw new FreshetError(
      'config_invalid',
      `The provider "${this.#provider}" needs ${settingNameOf(this.#provider, word)}, ${what}, and it is not set.`,
    )
  }
}
