import { FreshetError } from '../core/errors.ts'

/** What the query of an embedded provider's `base_url` sets. */
export interface EmbeddedSettings {
  /** Mean rate after the first token; 0: without pauses. */
  readonly tokensPerSecond: number
  /** ms until the first token. */
  readonly firstTokenMs: number
  /** Length of the answer in tokens; 0: as long as the answer is. */
  readonly tokens: number
  /** What goes wrong, always; an answer that is over before that goes well. */
  readonly fault: EmbeddedFault | null
  /** The share of prompts, 0 to 1, at which it fails before the first token; which ones, `seed` decides. */
  readonly failRate: number
  readonly seed: number
}

export type EmbeddedFault =
  /** After how many tokens of this call. */
  | { readonly kind: 'fail' | 'stall' | 'cut'; readonly after: number }
  /** Before the first token. */
  | { readonly kind: 'rate_limit'; readonly retryAfterS: number }

/** From here on a pause would be shorter than any timer. */
const UNPACED_FROM = 100_000
const DEFAULT_TOKENS_PER_SECOND = 40
const DEFAULT_FIRST_TOKEN_MS = 250

interface Range {
  readonly max: number
  readonly whole: boolean
}

const COUNT: Range = { max: 10_000_000, whole: true }
/** What goes wrong; one at most. */
const FAULTS = ['fail_after', 'stall_after', 'cut_after', 'fail_before', 'rate_limited'] as const
const RANGES = {
  tokens_per_second: { max: 1_000_000_000, whole: false },
  first_token_ms: { max: 600_000, whole: true },
  tokens: COUNT,
  fail_after: COUNT,
  stall_after: COUNT,
  cut_after: COUNT,
  fail_before: { max: 1, whole: true },
  rate_limited: { max: 86_400, whole: false },
  fail_rate: { max: 1, whole: false },
  seed: COUNT,
} as const satisfies Record<string, Range>
type Key = keyof typeof RANGES

/**
 * Reads `embedded:?tokens_per_second=40&first_token_ms=250&tokens=0`, and what goes wrong: `fail_after`, `stall_after`
 * or `cut_after` so many tokens, `fail_before=1` or `rate_limited=<seconds to wait>` before the first, and
 * `fail_rate=0.1&seed=7` before the first of one prompt in ten.
 * An empty value is as good as none. Without pauses the first token comes at once too, unless the URL says otherwise.
 * @param provider the entry's name, for the sentence.
 * @param baseUrl absent: all defaults.
 * @throws FreshetError `config_invalid` that names the provider and what is wrong.
 */
export function parseEmbeddedUrl(provider: string, baseUrl: string | undefined): EmbeddedSettings {
  const given = parseQuery(provider, baseUrl ?? 'embedded:')
  const rate = given.get('tokens_per_second') ?? DEFAULT_TOKENS_PER_SECOND
  const tokensPerSecond = rate >= UNPACED_FROM ? 0 : rate
  const faults = FAULTS.flatMap((key) => {
    const value = given.get(key)
    const fault = value === undefined ? null : faultOf(key, value)
    return fault === null ? [] : [fault]
  })
  if (faults.length > 1) throw senseless(provider, `only one of ${FAULTS.join(', ')} can be set`)
  return {
    tokensPerSecond,
    firstTokenMs: given.get('first_token_ms') ?? (tokensPerSecond === 0 ? 0 : DEFAULT_FIRST_TOKEN_MS),
    tokens: given.get('tokens') ?? 0,
    fault: faults[0] ?? null,
    failRate: given.get('fail_rate') ?? 0,
    seed: given.get('seed') ?? 0,
  }
}

function faultOf(key: (typeof FAULTS)[number], value: number): EmbeddedFault | null {
  switch (key) {
    case 'fail_after':
      return { kind: 'fail', after: value }
    case 'stall_after':
      return { kind: 'stall', after: value }
    case 'cut_after':
      return { kind: 'cut', after: value }
    case 'fail_before':
      return value === 1 ? { kind: 'fail', after: 0 } : null
    case 'rate_limited':
      return { kind: 'rate_limit', retryAfterS: value }
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
