import { FreshetError } from '../core/errors.ts'

/** What the query of an embedded provider's `base_url` sets. */
export interface EmbeddedSettings {
  /** Mean rate after the first token; 0: without pauses. */
  readonly tokensPerSecond: number
  /** ms until the first token. */
  readonly firstTokenMs: number
  /** Length of the answer in tokens; 0: as long as the answer is. */
  readonly tokens: number
  /** What goes wrong, after how many tokens; an answer that is shorter than that goes well. */
  readonly fault: { readonly kind: 'fail' | 'stall' | 'cut'; readonly after: number } | null
}

/** From here on a pause would be shorter than any timer. */
const UNPACED_FROM = 100_000
const DEFAULT_TOKENS_PER_SECOND = 40
const DEFAULT_FIRST_TOKEN_MS = 250

interface Range {
  readonly max: number
  readonly whole: boolean
}

const COUNT: Range = { max: 10_000_000, whole: true }
const RANGES = {
  tokens_per_second: { max: 1_000_000_000, whole: false },
  first_token_ms: { max: 600_000, whole: true },
  tokens: COUNT,
  fail_after: COUNT,
  stall_after: COUNT,
  cut_after: COUNT,
} as const satisfies Record<string, Range>
type Key = keyof typeof RANGES

/**
 * Reads `embedded:?tokens_per_second=40&first_token_ms=250&tokens=0&fail_after=&stall_after=&cut_after=`.
 * An empty value is as good as none. Without pauses the first token comes at once too, unless the URL says otherwise.
 * @param provider the entry's name, for the sentence.
 * @param baseUrl absent: all defaults.
 * @throws FreshetError `config_invalid` that names the provider and what is wrong.
 */
export function parseEmbeddedUrl(provider: string, baseUrl: string | undefined): EmbeddedSettings {
  const given = parseQuery(provider, baseUrl ?? 'embedded:')
  const rate = given.get('tokens_per_second') ?? DEFAULT_TOKENS_PER_SECOND
  const tokensPerSecond = rate >= UNPACED_FROM ? 0 : rate
  const faults = (['fail', 'stall', 'cut'] as const).flatMap((kind) => {
    const after = given.get(`${kind}_after`)
    return after === undefined ? [] : [{ kind, after }]
  })
  if (faults.length > 1) throw senseless(provider, 'only one of fail_after, stall_after and cut_after can be set')
  return {
    tokensPerSecond,
    firstTokenMs: given.get('first_token_ms') ?? (tokensPerSecond === 0 ? 0 : DEFAULT_FIRST_TOKEN_MS),
    tokens: given.get('tokens') ?? 0,
    fault: faults[0] ?? null,
  }
}

function parseQuery(provider: string, baseUrl: string): ReadonlyMap<Key, number> {
  const match = /^embedded:(?:\?([^#]*))?$/.exec(baseUrl)
  if (match === null) throw senseless(provider, 'it must be "embedded:", with its settings after a "?"')
  const given = new Map<Key, number>()
  const seen = new Set<string>()
  for (const [key, text] of new URLSearchParams(match[1] ?? '')) {
    if (!isKey(key)) throw senseless(provider, `"${key}" is no setting; there are ${Object.keys(RANGES).join(', ')}`)
    if (seen.has(key)) throw senseless(provider, `${key} is there twice`)
    seen.add(key)
    if (text !== '') given.set(key, parseNumber(provider, key, text))
  }
  return given
}

function parseNumber(provider: string, key: Key, text: string): number {
  const { max, whole } = RANGES[key]
  const value = (whole ? /^\d{1,12}$/ : /^\d{1,12}(\.\d{1,12})?$/).test(text) ? Number(text) : Number.NaN
  if (value <= max) return value
  throw senseless(provider, `${key} must be a ${whole ? 'whole ' : ''}number from 0 to ${max}, not "${text}"`)
}

function isKey(key: string): key is Key {
  return Object.hasOwn(RANGES, key)
}

function senseless(provider: string, what: string): FreshetError {
  return new FreshetError('config_invalid', `PROVIDERS: base_url of the embedded provider "${provider}": ${what}.`)
}
