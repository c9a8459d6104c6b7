import type { Known, Service } from './dialect.ts'
import { send } from './reader.ts'

/** `POST /api/requests/{id}/cancel`: the way of dialects that have no word for it (GE4). */
export async function cancelByHttp(service: Service, { user, requestId }: Known): Promise<void> {
  const answer = await send(service, { path: `/api/requests/${requestId}/cancel`, user, body: {} })
  if (!answer.ok) throw new Error(`cancel: ${answer.status} ${await answer.text()}`)
}
