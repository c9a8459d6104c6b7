import type { Fetch } from '../guard-fetch.ts'
import type { SdkModel } from '../sdk-provider.ts'
import type { ProviderSettings } from '../settings.ts'

/** What a kind makes its model of. */
export interface KindInput {
  readonly name: string
  readonly model: string
  /** Without a slash at its end. */
  readonly baseUrl: string | null
  readonly settings: ProviderSettings
  /** The binding of Workers AI, whatever it is. */
  readonly ai: unknown
  /** Not guarded yet: which guard it needs, the kind knows. */
  readonly fetch: Fetch
}

/**
 * A kind of provider: reads its settings and makes its model; nothing is called yet. The SDKs are imported statically:
 * behind `import()` the Worker would start some 20 ms sooner, but in the one file that wrangler makes of it zod, which
 * they share with the rest, is then not ready when it is first used.
 * @throws FreshetError `config_invalid` for a setting that is missing or makes no sense.
 */
export type Kind = (input: KindInput) => SdkModel
