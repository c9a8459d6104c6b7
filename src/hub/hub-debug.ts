import type { EventLog } from '../core/log.ts'
import type { Hub } from './hub.ts'
import type { HubStore } from './store.ts'

/** What `/debug/hub` shows. */
export interface HubDebug {
  readonly instance_id: string
  readonly connections: number
  /** Empty while the hub holds nothing. */
  readonly epoch: string
  readonly first_seq: number
  readonly last_seq: number
  readonly rows_written: number
  readonly storage_bytes: number
  readonly active_requests: number
}

/**
 * What a hub is and holds, for the operator.
 * @param alive null for one that holds nothing: it is asked after, and does not begin to be one
 * @param bytes of its storage
 */
export function debugOf(
  alive: { readonly hub: Hub; readonly log: EventLog; readonly store: HubStore } | null,
  instanceId: string,
  bytes: number,
): HubDebug {
  const { epoch, firstSeq, lastSeq } = alive?.log.bounds() ?? { epoch: '', firstSeq: 1, lastSeq: 0 }
  return {
    instance_id: instanceId,
    connections: [...(alive?.hub.fanOut.peers ?? [])].filter((peer) => !peer.closed).length,
    epoch,
    first_seq: firstSeq,
    last_seq: lastSeq,
    rows_written: alive?.store.rowsWritten ?? 0,
    storage_bytes: bytes,
    active_requests: alive?.hub.requests.runner.size ?? 0,
  }
}
