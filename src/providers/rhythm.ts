import type { Random } from './random.ts'

/** How fast tokens come. */
export interface Pace {
  /** The mean rate after the first token; 0: no pauses. */
  readonly tokensPerSecond: number
  /** ms until the first token. */
  readonly firstTokenMs: number
}

/** A token and when it is due, in ms after the call began. Due times never fall. */
export interface TimedToken {
  readonly text: string
  readonly dueMs: number
}

/**
 * Pauses are scaled block by block so that each block takes exactly its share of the mean rate: jitter cannot add up,
 * and only this many tokens are looked at ahead, however long the answer is.
 */
const BLOCK = 32

/** How long the pause after a token is, against others. With jitter of 0.5 to 1.5 a sentence end still beats all. */
const SENTENCE_END = 4
const PHRASE_END = 1.6

function weightAfter(token: string): number {
  if (/[.!?…]["”)]?$/u.test(token)) return SENTENCE_END
  return /[,;:\n]$/u.test(token) ? PHRASE_END : 1
}

/**
 * Gives each token its time: short pauses inside a sentence, longer ones where a sentence ends.
 * @param random decides the jitter; the same sequence gives the same times.
 */
export function* timed(tokens: Iterable<string>, pace: Pace, random: Random): Generator<TimedToken> {
  const meanMs = pace.tokensPerSecond === 0 ? 0 : 1000 / pace.tokensPerSecond
  let previous: string | null = null
  let blockStart = pace.firstTokenMs
  let block: { text: string; weight: number }[] = []
  for (const text of tokens) {
    if (previous === null) yield { text, dueMs: pace.firstTokenMs }
    else block.push({ text, weight: weightAfter(previous) * (0.5 + random()) })
    previous = text
    if (block.length === BLOCK) {
      yield* spread(block, blockStart, meanMs)
      blockStart += BLOCK * meanMs
      block = []
    }
  }
  yield* spread(block, blockStart, meanMs)
}

function* spread(
  block: readonly { text: string; weight: number }[],
  start: number,
  meanMs: number,
): Generator<TimedToken> {
  const total = block.reduce((sum, { weight }) => sum + weight, 0)
  const wholeMs = block.length * meanMs
  let done = 0
  for (const { text, weight } of block) {
    done += weight
    yield { text, dueMs: start + (wholeMs * done) / total }
  }
}
