import { LIMITS } from '../core/limits.ts'

/** Bytes that may wait before the reader counts as not keeping up. */
const HIGH_WATER = 64 * 1024
/** Bytes that are taken at a time: a reader of 1 KiB a second is seen to take something at each look. */
const PIECE = 16 * 1024

interface ReaderEvents {
  /** There is room again after there was none. */
  drained(): void
  /** The client has gone, or the stream was cut off. Called once. */
  gone(): void
}

/**
 * An HTTP response body for one reader, with a bound on what waits for it (SB4).
 * The stream's queue is the buffer; its desired size tells how much the reader has yet to take.
 */
export class Reader {
  readonly body: ReadableStream<Uint8Array>
  readonly #events: ReaderEvents
  readonly #encoder = new TextEncoder()
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #full = false
  /** Since when it has taken nothing though more waits than it keeps up with, ms, or null. */
  #stuckSince: number | null = null
  #written = 0
  /** Bytes that it had taken when that was last looked at. */
  #taken = 0
  #over = false

  constructor(events: ReaderEvents) {
    this.#events = events
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pulled(),
        cancel: () => this.#finish(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }),
    )
  }

  get isOver(): boolean {
    return this.#over
  }

  /** True while more waits than the reader keeps up with. */
  get isFull(): boolean {
    return this.#full
  }

  /** Hands text to the reader. @param now ms */
  write(text: string, now: number): void {
    const controller = this.#controller
    if (this.#over || controller === null || text === '') return
    // What waited before counts, so that one large event (a state, a snapshot) is no reason to cut a healthy reader off.
    if (this.#waiting > LIMITS.readerBufferBytes) {
      this.cut()
      return
    }
    const bytes = this.#encoder.encode(text)
    for (let at = 0; at < bytes.length; at += PIECE) controller.enqueue(bytes.subarray(at, at + PIECE))
    this.#written += bytes.length
    if (this.#waiting < HIGH_WATER) return
    this.#full = true
    if (this.#stuckSince === null) this.#progressed(now)
  }

  /** Cuts off a reader that has taken nothing for too long; one that takes little is only slow. @param now ms */
  check(now: number): void {
    if (this.#stuckSince === null) return
    if (this.#written - this.#waiting > this.#taken) this.#progressed(now)
    else if (now - this.#stuckSince > LIMITS.slowReaderMs) this.cut()
  }

  /** Ends the stream after what waits. */
  end(): void {
    if (this.#over) return
    this.#controller?.close()
    this.#finish()
  }

  /** Ends the stream at once, dropping what waits: the client resumes from its last id. */
  cut(): void {
    if (this.#over) return
    this.#controller?.error(new Error('the reader took nothing'))
    this.#finish()
  }

  /** Bytes that it has yet to take. */
  get #waiting(): number {
    return HIGH_WATER - (this.#controller?.desiredSize ?? 0)
  }

  #progressed(now: number): void {
    this.#stuckSince = now
    this.#taken = this.#written - this.#waiting
  }

  #pulled(): void {
    this.#stuckSince = null
    if (!this.#full) return
    this.#full = false
    this.#events.drained()
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#events.gone()
  }
}
