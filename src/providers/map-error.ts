import { APICallError, InvalidResponseDataError } from '@ai-sdk/provider'
import { ProviderFailure } from '../core/model.ts'
import { EventTooLarge, MalformedEvent } from './bad-event.ts'
import { retryAfterSeconds } from './retry-after.ts'

/** Where it was thrown: before there was a stream, or while it was read. */
export type Phase = 'call' | 'stream'

/** The request itself is at fault, so it would fail elsewhere too. All else (a key, a bad day) is the provider's. */
const REQUEST_AT_FAULT: ReadonlySet<number> = new Set([400, 413, 422])

/** The failure of a stream that stopped without a finish (GE10). */
export function cutFailure(): ProviderFailure {
  return new ProviderFailure('provider_cut', 'The model provider ended its answer without finishing it.')
}

/** The failure of a stream that says so itself, or that is not what it should be. */
export function streamFailure(status: number | null = null): ProviderFailure {
  return new ProviderFailure('provider_error', 'The model provider failed while it answered.', {
    status,
    retryable: status === null || !REQUEST_AT_FAULT.has(status),
  })
}

/** The failure of a call that came to nothing. */
export function unreachable(): ProviderFailure {
  return new ProviderFailure('provider_error', 'The model provider could not be reached.')
}

/** The failure of a call that was answered with a status that says no. */
export function statusFailure(status: number, retryAfterS: number | null): ProviderFailure {
  const more = { status, retryAfterS }
  if (status === 429) {
    return new ProviderFailure('provider_rate_limited', 'The model provider has too many requests now.', more)
  }
  return new ProviderFailure('provider_error', `The model provider answered with status ${status}.`, {
    ...more,
    retryable: !REQUEST_AT_FAULT.has(status),
  })
}

/**
 * What the SDK throws as one of our failures.
 * Such an error carries prompt, answer and headers: only its kind, its status and `retry-after` are read (PR3).
 * @param now ms since 1970, for a `retry-after` that is a date.
 */
export function mapError(error: unknown, phase: Phase, now: number): ProviderFailure {
  if (error instanceof ProviderFailure) return error
  if (APICallError.isInstance(error)) return mapCallError(error, phase, now)
  // A tool call that makes no sense.
  if (InvalidResponseDataError.isInstance(error) || isBadEvent(error)) return streamFailure()
  // Some SDKs read the first event within the call: `guardFetch` has made a failure of all that is wrong before it.
  return phase === 'call' ? streamFailure() : cutFailure()
}

/**
 * An error part of an SDK stream as one of our failures. There are three kinds: the provider's own word, a chunk that
 * does not parse, and what the SDK says itself, as the only one without data, when there was no finish.
 */
export function mapErrorPart(error: unknown): ProviderFailure {
  if (InvalidResponseDataError.isInstance(error)) return error.data === undefined ? cutFailure() : streamFailure()
  const status = statusWithin(error)
  return status === 429 ? statusFailure(status, null) : streamFailure(status)
}

function mapCallError(error: APICallError, phase: Phase, now: number): ProviderFailure {
  const status = error.statusCode ?? null
  if (isBadEvent(error.cause)) return streamFailure()
  if (status === null) return phase === 'call' ? unreachable() : cutFailure()
  // The answer had begun, and reading it failed.
  if (status >= 200 && status < 300) return cutFailure()
  return statusFailure(status, retryAfterSeconds(error.responseHeaders?.['retry-after'], now))
}

function isBadEvent(error: unknown): boolean {
  return error instanceof EventTooLarge || error instanceof MalformedEvent
}

/** The status that an error inside a stream stands for: SDKs put it in `statusCode`, some providers in `code`. */
function statusWithin(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null
  for (const field of ['statusCode', 'code']) {
    const status: unknown = Reflect.get(error, field)
    if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600) return status
  }
  return null
}
