/** A source of numbers in [0, 1). */
export type Random = () => number

/** A 32-bit hash of a text (FNV-1a over UTF-16 units). No secret hangs on it. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** A deterministic sequence from a seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** One of a list that has at least one entry. */
export function pick<T>(options: readonly [T, ...T[]], random: Random): T {
  return options[Math.floor(random() * options.length)] ?? options[0]
}
