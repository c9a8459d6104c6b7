/** The connection as a value. `attempt` counts the failures in a row; it falls to 0 when a connection has proved stable. */
export type ConnectionState =
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'open'; readonly attempt: number; readonly since: number }
  | {
      readonly status: 'waiting'
      readonly attempt: number
      readonly since: number
      readonly delayMs: number
      readonly reason: string
    }
  | { readonly status: 'closed'; readonly reason: ClosedReason; readonly detail: string | null }

/** `refused`: the service said that trying again will not help. */
export type ClosedReason = 'not_started' | 'stopped' | 'refused'

export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'opened'; readonly at: number }
  /** An event that moved the cursor came in. */
  | { readonly type: 'proved' }
  /** `random` from 0 to 1 spreads the clients of a service that restarts. */
  | { readonly type: 'dropped'; readonly at: number; readonly random: number; readonly reason: string }
  | { readonly type: 'retry' }
  | { readonly type: 'refused'; readonly detail: string }
  | { readonly type: 'stop' }

/** Open this long without a fall is stable (CL3). */
export const STABLE_MS = 5000
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 20_000

export const NOT_STARTED: ConnectionState = { status: 'closed', reason: 'not_started', detail: null }

/** How long to wait after `attempt` failures in a row, the first being 1: doubling, with up to a half taken off. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 16))
  return Math.round(whole * (1 - random / 2))
}

/** The next state. An event that has no place in a state (a late one of an old socket) leaves it as it is. */
export function nextConnection(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  switch (event.type) {
    case 'start':
      return state.status === 'closed' ? { status: 'connecting', attempt: 0 } : state
    case 'retry':
      return state.status === 'waiting' ? { status: 'connecting', attempt: state.attempt } : state
    case 'opened':
      return state.status === 'connecting' ? { status: 'open', attempt: state.attempt, since: event.at } : state
    case 'proved':
      return state.status === 'open' && state.attempt > 0 ? { ...state, attempt: 0 } : state
    case 'dropped':
      return dropped(state, event)
    case 'refused':
      return state.status === 'closed' ? state : { status: 'closed', reason: 'refused', detail: event.detail }
    case 'stop':
      break
  }
  const isStopped = state.status === 'closed' && state.reason === 'stopped'
  return isStopped ? state : { status: 'closed', reason: 'stopped', detail: null }
}

function dropped(state: ConnectionState, event: Extract<ConnectionEvent, { type: 'dropped' }>): ConnectionState {
  if (state.status !== 'connecting' && state.status !== 'open') return state
  const stable = state.status === 'open' && event.at - state.since >= STABLE_MS
  const attempt = (stable ? 0 : state.attempt) + 1
  return {
    status: 'waiting',
    attempt,
    since: event.at,
    delayMs: backoffMs(attempt, event.random),
    reason: event.reason,
  }
}
