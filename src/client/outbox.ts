import type { AskCommand, Command } from './command.ts'
import type { Failure, Transcript } from './exchange.ts'

/** A prompt whose request has not been seen in the log yet. */
export interface PendingAsk {
  readonly ask: AskCommand
  /** `refused` ones stay, so that they can be shown; they are not sent again. */
  readonly status: 'waiting' | 'sent' | 'refused'
  /** True once it may have reached the service. */
  readonly tried: boolean
  readonly error: Failure | null
}

interface PendingCancel {
  readonly requestId: string
  readonly sent: boolean
}

/** Commands that are not known to have taken effect, as a value (CL8). */
export interface Outbox {
  readonly asks: readonly PendingAsk[]
  readonly cancels: readonly PendingCancel[]
}

export const EMPTY_OUTBOX: Outbox = { asks: [], cancels: [] }

/** Adds a prompt; one with a known request id changes nothing. A refused one with the same words makes room for it. */
export function withAsk(outbox: Outbox, ask: AskCommand): Outbox {
  if (outbox.asks.some((x) => x.ask.requestId === ask.requestId)) return outbox
  const others = outbox.asks.filter((x) => x.status !== 'refused' || x.ask.prompt !== ask.prompt)
  return { ...outbox, asks: [...others, { ask, status: 'waiting', tried: false, error: null }] }
}

/** Adds a cancel. A prompt that never left, or was refused, is taken back instead. */
export function withCancel(outbox: Outbox, requestId: string): Outbox {
  const ask = outbox.asks.find((x) => x.ask.requestId === requestId)
  if (ask !== undefined && (!ask.tried || ask.status === 'refused')) return without(outbox, requestId)
  if (outbox.cancels.some((x) => x.requestId === requestId)) return outbox
  return { ...outbox, cancels: [...outbox.cancels, { requestId, sent: false }] }
}

/** What to send on an open connection, in order: prompts first, so that a cancel finds its request. */
export function unsent(outbox: Outbox): readonly Command[] {
  const asks = outbox.asks.filter((x) => x.status === 'waiting').map((x) => x.ask)
  const cancels = outbox.cancels.filter((x) => !x.sent)
  return [...asks, ...cancels.map(({ requestId }) => ({ type: 'cancel', requestId }) as const)]
}

/** Marks all that `unsent` gave as sent. */
export function allSent(outbox: Outbox): Outbox {
  if (unsent(outbox).length === 0) return outbox
  return {
    asks: outbox.asks.map((x) => (x.status === 'waiting' ? { ...x, status: 'sent', tried: true } : x)),
    cancels: outbox.cancels.map((x) => ({ ...x, sent: true })),
  }
}

/** After a cut nobody knows what arrived: all of it is to be sent again, which is harmless (GE3, GE5). */
export function allUnsent(outbox: Outbox): Outbox {
  if (outbox.asks.length === 0 && outbox.cancels.length === 0) return outbox
  return {
    asks: outbox.asks.map((x) => (x.status === 'sent' ? { ...x, status: 'waiting' } : x)),
    cancels: outbox.cancels.map((x) => ({ ...x, sent: false })),
  }
}

/** The service refused a command about this request. A prompt is kept with its error, a cancel is done with. */
export function withRefusal(outbox: Outbox, requestId: string, error: Failure): Outbox {
  return {
    asks: outbox.asks.map((x) => (x.ask.requestId === requestId ? { ...x, status: 'refused', error } : x)),
    cancels: outbox.cancels.filter((x) => x.requestId !== requestId),
  }
}

/** Lets go what the transcript shows to have taken effect: a prompt that began, a cancel whose request has ended. */
export function settled(outbox: Outbox, transcript: Transcript): Outbox {
  if (outbox.asks.length === 0 && outbox.cancels.length === 0) return outbox
  const statusOf = new Map(transcript.exchanges.map((x) => [x.request_id, x.status]))
  const asks = outbox.asks.filter((x) => !statusOf.has(x.ask.requestId))
  const open = new Set(asks.filter((x) => x.status !== 'refused').map((x) => x.ask.requestId))
  const cancels = outbox.cancels.filter((x) => statusOf.get(x.requestId) === 'running' || open.has(x.requestId))
  const same = asks.length === outbox.asks.length && cancels.length === outbox.cancels.length
  return same ? outbox : { asks, cancels }
}

function without(outbox: Outbox, requestId: string): Outbox {
  return {
    asks: outbox.asks.filter((x) => x.ask.requestId !== requestId),
    cancels: outbox.cancels.filter((x) => x.requestId !== requestId),
  }
}
