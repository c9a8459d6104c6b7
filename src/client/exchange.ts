/** Why a request ended badly. `message` is a sentence to show; null when only the code is known (after a resync). */
export interface Failure {
  readonly type: string
  readonly message: string | null
}

/** A prompt with its answer, as far as it has come. */
export interface Exchange {
  readonly request_id: string
  readonly prompt: string
  readonly text: string
  /** Number of the last chunk that is in `text`. */
  readonly chunks: number
  readonly status: 'running' | 'complete' | 'cancelled' | 'error'
  readonly error: Failure | null
  /** 0 to 100, or null before the first `progress`. */
  readonly progress: number | null
  readonly typing: boolean
  /** Seconds since 1970. */
  readonly started_at: number
}

/** What a window shows: a pure fold of the events that it got. */
export interface Transcript {
  /** In the order in which they were asked. */
  readonly exchanges: readonly Exchange[]
  /** Id of the last event that is in here, to resume from; null before the first. */
  readonly cursor: string | null
  /** Older exchanges that the service keeps but left out. */
  readonly omitted: number
}

export const EMPTY_TRANSCRIPT: Transcript = { exchanges: [], cursor: null, omitted: 0 }

/** An exchange of which nothing is known yet but that it runs. */
export function newExchange(requestId: string, startedAt: number): Exchange {
  return {
    request_id: requestId,
    prompt: '',
    text: '',
    chunks: 0,
    status: 'running',
    error: null,
    progress: null,
    typing: true,
    started_at: startedAt,
  }
}
