/** A request in a conversation, as far as it matters what replaces what. */
export interface Begun {
  /** The number of its start. */
  readonly startSeq: number
  /** The user's message by the caller's own id, or null. */
  readonly messageId: string | null
  /** Where what it replaced began, when that is known; null: it replaced nothing, or that is to be found. */
  readonly since: number | null
}

/**
 * Where what a request replaces began: its message's place, from which on everything gives way (CV7, CV10).
 * @param earlier what began before it in its conversation: kept exchanges and what still runs, in any order
 * @returns null when its message did not stand there
 */
export function replacedSince(request: Begun, earlier: readonly Begun[]): number | null {
  let standing: readonly Begun[] = []
  const inOrder = earlier.toSorted((a, b) => a.startSeq - b.startSeq)
  for (const one of [...inOrder, request]) {
    const at = one.messageId === null ? -1 : standing.findIndex(({ messageId }) => messageId === one.messageId)
    const there = standing[at]
    const since = one.since ?? (there === undefined ? null : (there.since ?? there.startSeq))
    standing = [...(at === -1 ? standing : standing.slice(0, at)), { ...one, since }]
  }
  return standing.at(-1)?.since ?? null
}
