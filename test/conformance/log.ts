import { WsClient } from '../support/client-ws.ts'
import type { Service } from './dialect.ts'

/** How often each request of a user's log was begun and ended. */
export interface Counted {
  readonly begun: number
  readonly ended: number
}

const ENDS: ReadonlySet<string> = new Set(['stream_end', 'error'])

/**
 * Counts a user's requests in the whole of the log, as a WebSocket reader is shown it that has seen nothing of it.
 * @param epoch the first part of the ids in the log
 * @returns by request id
 */
export async function requestsIn(
  service: Service,
  user: string,
  epoch: string,
): Promise<Readonly<Record<string, Counted>>> {
  const client = await WsClient.open(`${service.url}/ws/ai-stream?user_id=${user}&last_event_id=${epoch}-0`)
  // The answer to a ping comes after what was there to be replayed.
  client.send({ type: 'ping' })
  await client.bare.until(() => true)
  client.cut()
  const counted: Record<string, Counted> = {}
  for (const { id, event_type: type, request_id } of client.events) {
    if (id === null || request_id === null) continue
    const { begun, ended } = counted[request_id] ?? { begun: 0, ended: 0 }
    counted[request_id] = { begun: begun + Number(type === 'stream_start'), ended: ended + Number(ENDS.has(type)) }
  }
  return counted
}

/** The first part of an id. @throws Error when there is none */
export function epochOf(id: string | null): string {
  const epoch = id?.slice(0, id.lastIndexOf('-'))
  if (epoch === undefined || epoch === '') throw new Error('there is no event with an id')
  return epoch
}

/** The number in an id. */
export function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}
