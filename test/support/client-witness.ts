import { isEnd, LogReader, type Seen, seqOf, type Transport } from './client-reader.ts'

/** A client that comes back after every crash, on the other transport, and remembers all that it ever saw. */
export class Witness {
  readonly user: string
  readonly seen: Seen[] = []
  #reader: LogReader
  #kept = 0

  private constructor(user: string, reader: LogReader) {
    this.user = user
    this.#reader = reader
  }

  static async begin(transport: Transport, url: string, user: string): Promise<Witness> {
    return new Witness(user, await LogReader.open(transport, url, user, null))
  }

  /** Events seen in all its lives, this one's included. */
  get count(): number {
    return this.seen.length + this.#reader.seen.length - this.#kept
  }

  /** The connection has been lost: resumes where it was. */
  async resume(url: string): Promise<void> {
    await this.#reader.end
    this.keep()
    const { transport, cursor } = this.#reader
    this.#reader = await LogReader.open(transport === 'sse' ? 'ws' : 'sse', url, this.user, cursor)
    this.#kept = 0
  }

  /** Notes what its present connection has shown. */
  keep(): void {
    this.seen.push(...this.#reader.seen.slice(this.#kept))
    this.#kept = this.#reader.seen.length
  }

  async untilEnded(requests: Iterable<string>): Promise<void> {
    this.keep()
    const ended = new Set(this.seen.filter(isEnd).map(({ requestId }) => requestId))
    await this.#reader.untilEnded([...requests].filter((request) => !ended.has(request)))
  }

  /** Resolves when a total that this witness is a part of has come to a number, as far as it can see. */
  async untilTotal(total: () => number, least: number): Promise<void> {
    if (total() < least) await this.#reader.until(() => total() >= least)
  }

  leave(): void {
    this.#reader.cut()
    this.keep()
  }
}

/**
 * What is wrong with what a witness saw, held against the log as it is now: an empty list when nothing is.
 * @param log all of the user's log, as one transport shows it
 * @param acknowledged requests whose start was answered
 */
export function faultsOf(witness: Witness, log: readonly Seen[], acknowledged: readonly string[]): readonly string[] {
  const faults: string[] = []
  const stored = new Map(log.map((event) => [event.id, event]))
  let last = 0
  for (const { id, type, body } of witness.seen) {
    if (seqOf(id) <= last) faults.push(`${id} came after ${last}`)
    last = seqOf(id)
    if (type === 'resync') faults.push(`${id} is a resync`)
    // The two transports show `progress` at different steps, so the log as one of them shows it may lack some.
    else if (type !== 'progress' && stored.get(id)?.body !== body) faults.push(`${id} was seen and is gone or changed`)
  }
  for (const request of acknowledged) {
    for (const [where, events] of [
      ['log', log],
      ['witness', witness.seen],
    ] as const) {
      const own = events.filter(({ requestId }) => requestId === request)
      const ends = own.filter(isEnd).length
      if (own[0]?.type !== 'stream_start') faults.push(`${request}: the ${where} does not begin with its start`)
      if (ends !== 1) faults.push(`${request}: ${ends} ends in the ${where}`)
      const after = own.at(-1)
      if (after !== undefined && !isEnd(after)) faults.push(`${request}: ${after.type} follows the end in the ${where}`)
      faults.push(...gapsIn(request, own).map((gap) => `${gap} in the ${where}`))
    }
  }
  return faults
}

/** Chunks must count from 1, and their lengths must add up. */
function gapsIn(request: string, own: readonly Seen[]): readonly string[] {
  let length = 0
  let number = 0
  for (const { type, body } of own) {
    if (type !== 'chunk' && type !== 'token') continue
    const data = JSON.parse(body)
    number += 1
    length += data.chunk.length
    if (data.chunk_number !== number || data.accumulated_length !== length)
      return [`${request}: a gap at chunk ${number}`]
  }
  return []
}
