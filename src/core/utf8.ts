/** Bytes that a text takes as UTF-8; a lone surrogate counts as the replacement character it becomes. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (unit >= 0xd800 && unit <= 0xdbff && isLow(text.charCodeAt(i + 1))) {
      // A pair is four bytes for two units.
      bytes += 2
      i += 1
    } else bytes += 2
  }
  return bytes
}

/**
 * The beginning of a text that takes at most so many bytes as a string of JSON, quotes included: all of it where that fits.
 * No surrogate pair is halved.
 */
export function cutToJsonBytes(text: string, most: number): string {
  let bytes = 2
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i)
    const isPair = unit >= 0xd800 && unit <= 0xdbff && isLow(text.charCodeAt(i + 1))
    bytes += isPair ? 4 : jsonBytesOf(unit)
    if (bytes > most) return text.slice(0, i)
    i += isPair ? 2 : 1
  }
  return text
}

/** Bytes of one UTF-16 unit that is no half of a pair, as JSON writes it. */
function jsonBytesOf(unit: number): number {
  if (unit < 0x20) return SHORT_ESCAPES.has(unit) ? 2 : 6
  if (unit < 0x80) return unit === 0x22 || unit === 0x5c ? 2 : 1
  if (unit < 0x800) return 2
  // What is left of a pair is escaped.
  return unit >= 0xd800 && unit <= 0xdfff ? 6 : 3
}

/** Backspace, tab, line feed, form feed, carriage return. */
const SHORT_ESCAPES: ReadonlySet<number> = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d])

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
