import type { Reader } from './reader.ts'

/** A running service. Nothing else is known of it: all goes over its public HTTP and WebSocket. */
export interface Service {
  /** Without a slash at its end. In open mode. */
  readonly url: string
}

/** One event as a dialect's wire has it. */
export interface WireEvent {
  readonly id: string | null
  /** The event's name; `message` where the wire gives none. */
  readonly name: string
  /** Parsed JSON; what is none stays text (`[DONE]`). */
  readonly data: unknown
}

/** What a client asks. */
export interface Ask {
  readonly user: string
  readonly prompt: string
  /** The caller's own id of the request, and where it is put; null: the service makes one. */
  readonly key: { readonly value: string; readonly as: 'field' | 'header' } | null
  /** An event for each token; D1 and D2 alone can ask for it. */
  readonly byToken?: boolean
}

/** A request as somebody knows it who did not begin it. */
export interface Known {
  readonly user: string
  readonly requestId: string
  /** Of the user's log: the first part of each event's id. */
  readonly epoch: string
}

/** What a reader can say of the answer that it was reading. */
export interface Place {
  /** The id of the last event that had one, or null. */
  readonly cursor: string | null
  /** Null when nothing of it came. */
  readonly requestId: string | null
}

/** What a client makes of a request's events. */
export interface Message {
  readonly text: string
  /** What is in it beside text, in order, and where text stands between. */
  readonly parts: readonly unknown[]
  /** How it ended, or null. */
  readonly end: End | null
  /** How many ends were told; one, or something is wrong. */
  readonly ends: number
}
export type End = 'complete' | 'cancelled' | 'error'

/** A way to speak with the service: what a plain client of one contract does, and no more. */
export interface Dialect {
  readonly name: string
  /** What this dialect's agent has something to say to. */
  readonly prompt: string
  /** What a resumed reader gets: what is after its cursor, or all of it anew. */
  readonly resumes: 'after' | 'anew'
  /** True where a stream is for one request and ends with it; then a reader that has its end gets 204 (DI2). */
  readonly isOfOne: boolean
  /** True where 204 is what a reader gets that comes back with the id of the end (contract: D3, D4, D5, D7). */
  readonly tells204: boolean
  /** True where whoever asks with the id of a request that has ended is told it once more. */
  readonly showsEnded: boolean
  /** Where a caller's own id can be put. */
  readonly keys: readonly ('field' | 'header')[]
  /** Its word for a request that somebody cancelled. */
  readonly cancelled: End
  /** Begins a request and reads it. @param cutAfter so many events come, then the connection is torn */
  start(service: Service, ask: Ask, cutAfter?: number): Promise<Reader>
  /** Goes on after a cut as this dialect's clients do. @returns null: there is nothing to tell (204) */
  resume(service: Service, ask: Ask, place: Place, cutAfter?: number): Promise<Reader | null>
  /** Reads a request from its start that another began. @returns null: 204 */
  watch(service: Service, known: Known, cutAfter?: number): Promise<Reader | null>
  /** Ends a request by this dialect's way. */
  cancel(service: Service, known: Known): Promise<void>
  /** Where a wire gathers events: those that are in one. Which are gathered is chance, so cuts leave other ones together. */
  readonly apart?: (event: WireEvent) => readonly WireEvent[]
  /** What an answer does beside its words, as it is found later; absent: nothing. */
  readonly leaves?: (service: Service, user: string) => Promise<readonly string[]>
  /** The request that an event names, or null. */
  requestIdIn(event: WireEvent): string | null
  /** What a client makes of these events, of this request. */
  messageOf(events: readonly WireEvent[], requestId: string): Message
}

/** A message while it is put together. */
export class Draft {
  readonly #texts: string[] = []
  readonly #parts: unknown[] = []
  #last: { text: string } | null = null
  #end: End | null = null
  #ends = 0

  /** Text; what stands next to each other is one part. */
  say(text: string): void {
    if (text === '') return
    this.#texts.push(text)
    if (this.#last === null) {
      this.#last = { text: '' }
      this.#parts.push(this.#last)
    }
    this.#last.text += text
  }

  add(part: unknown): void {
    this.#last = null
    this.#parts.push(part)
  }

  end(end: End): void {
    this.#end = end
    this.#ends += 1
  }

  /** A state came: what was gathered is in it. */
  clear(): void {
    this.#texts.length = 0
    this.#parts.length = 0
    this.#last = null
  }

  message(): Message {
    return { text: this.#texts.join(''), parts: this.#parts, end: this.#end, ends: this.#ends }
  }
}
