/**
 * Reads a `Retry-After` header: seconds, or an HTTP date.
 * @param now ms since 1970.
 * @returns seconds to wait, at least 0; null when the header is missing or is neither.
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text)
  // Date.parse alone would take "-5" for a day in May.
  const at = /^[A-Z][a-z]{2,8}, /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000))
}
